/** Target groups themselves: what they are and how they are set, as Elastic Load Balancing describes them. */
import {
  DescribeTargetGroupAttributesCommand,
  type ElasticLoadBalancingV2Client,
  paginateDescribeTargetGroups,
  type TargetGroup,
  type TargetGroupAttribute,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { perBatch, unique } from './batches.ts';
import { isNotFound } from './error-codes.ts';

/** The API reference names no limit of TargetGroupArns; other calls of the service take twenty. */
const BY_ARN_MAX = 20;

/** The target groups of these ARNs; one that was deleted is absent. A batch fails whole when one is unknown. */
export function describeTargetGroups(
  elb: ElasticLoadBalancingV2Client,
  arns: readonly string[],
): Promise<TargetGroup[]> {
  return perBatch(unique(arns), BY_ARN_MAX, async (TargetGroupArns) => {
    const found: TargetGroup[] = [];
    try {
      for await (const page of paginateDescribeTargetGroups({ client: elb }, { TargetGroupArns }))
        found.push(...(page.TargetGroups ?? []));
      return found;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      if (TargetGroupArns.length === 1) return [];
      return (await Promise.all(TargetGroupArns.map((arn) => describeTargetGroups(elb, [arn])))).flat();
    }
  });
}

/** Undefined when the group was deleted. */
export async function readTargetGroupAttributes(
  elb: ElasticLoadBalancingV2Client,
  TargetGroupArn: string,
): Promise<TargetGroupAttribute[] | undefined> {
  try {
    const answer = await elb.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn }));
    return answer.Attributes ?? [];
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return undefined;
  }
}
