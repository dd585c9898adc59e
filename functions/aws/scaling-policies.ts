/** Scaling policies of Auto Scaling groups. */
import {
  type AutoScalingClient,
  paginateDescribePolicies,
  type ScalingPolicy,
} from '@aws-sdk/client-auto-scaling';

/** AWS's limit per page (Amazon EC2 Auto Scaling API reference, DescribePolicies). */
const POLICIES_PAGE = 100;

/** The policy that ECS makes for managed scaling. Source: Amazon ECS developer guide, cluster-auto-scaling. */
const OF_MANAGED_SCALING = 'ECSManagedAutoScalingPolicy-';

/** Those of the groups whose desired capacity follows CloudWatch alarms, ECS's managed scaling left out. */
export async function groupsScaledByAlarms(
  autoScaling: AutoScalingClient,
  names: readonly string[],
): Promise<ReadonlySet<string>> {
  const scaled = new Set<string>();
  for (const name of names)
    if ((await listScalingPolicies(autoScaling, name)).some(followsAlarms)) scaled.add(name);
  return scaled;
}

export async function listScalingPolicies(
  autoScaling: AutoScalingClient,
  AutoScalingGroupName: string,
): Promise<ScalingPolicy[]> {
  const found: ScalingPolicy[] = [];
  const pages = paginateDescribePolicies(
    { client: autoScaling, pageSize: POLICIES_PAGE },
    { AutoScalingGroupName },
  );
  for await (const { ScalingPolicies = [] } of pages) found.push(...ScalingPolicies);
  return found;
}

function followsAlarms({ PolicyName = '', PolicyType, Enabled }: ScalingPolicy): boolean {
  return (
    Enabled !== false && PolicyType !== 'PredictiveScaling' && !PolicyName.startsWith(OF_MANAGED_SCALING)
  );
}
