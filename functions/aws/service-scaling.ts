/** Application Auto Scaling of services: between which counts, by which policies. */
import {
  type ApplicationAutoScalingClient,
  paginateDescribeScalableTargets,
  paginateDescribeScalingPolicies,
  type ScalableTarget,
  type ScalingPolicy,
} from '@aws-sdk/client-application-auto-scaling';
import { perBatch } from './batches.ts';

const ServiceNamespace = 'ecs';
/** AWS's limit on ids per call (Application Auto Scaling API reference, DescribeScalableTargets.ResourceIds). */
const RESOURCES_MAX = 50;

/** `resourceIds`: `service/<cluster>/<service>`; one that nobody scales is absent. */
export function listScalableTargets(
  client: ApplicationAutoScalingClient,
  resourceIds: readonly string[],
): Promise<ScalableTarget[]> {
  return perBatch(resourceIds, RESOURCES_MAX, async (ResourceIds) => {
    const found: ScalableTarget[] = [];
    const pages = paginateDescribeScalableTargets({ client }, { ServiceNamespace, ResourceIds });
    for await (const page of pages) found.push(...(page.ScalableTargets ?? []));
    return found;
  });
}

/** The policies of one service. */
export async function listServiceScalingPolicies(
  client: ApplicationAutoScalingClient,
  ResourceId: string,
): Promise<ScalingPolicy[]> {
  const found: ScalingPolicy[] = [];
  const pages = paginateDescribeScalingPolicies({ client }, { ServiceNamespace, ResourceId });
  for await (const page of pages) found.push(...(page.ScalingPolicies ?? []));
  return found;
}
