/** Targets of load balancers: which answer, which still deregister, and how long that may take. */
import {
  DescribeTargetGroupAttributesCommand,
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
  type TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { perContainer } from './container-memory.ts';
import { isNotFound } from './error-codes.ts';

/** Elastic Load Balancing's default (User guide, "Deregistration delay"). */
const DEFAULT_DEREGISTRATION_DELAY_SECONDS = 300;

/** Health of every target by target group ARN; a group that was deleted is absent. */
export async function readTargetHealth(
  elb: ElasticLoadBalancingV2Client,
  targetGroupArns: readonly string[],
): Promise<ReadonlyMap<string, readonly TargetHealthDescription[]>> {
  const byArn = new Map<string, readonly TargetHealthDescription[]>();
  await Promise.all(
    targetGroupArns.map(async (TargetGroupArn) => {
      try {
        const answer = await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
        byArn.set(TargetGroupArn, answer.TargetHealthDescriptions ?? []);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }),
  );
  return byArn;
}

/** Deregistration delays change so rarely that a container reads each once. */
const delays = perContainer(new Map<string, number>());

/** `deregistration_delay.timeout_seconds` of a target group. */
export async function readDeregistrationDelay(
  elb: ElasticLoadBalancingV2Client,
  TargetGroupArn: string,
): Promise<number> {
  const known = delays.get(TargetGroupArn);
  if (known !== undefined) return known;
  try {
    const answer = await elb.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn }));
    const value = answer.Attributes?.find(({ Key }) => Key === 'deregistration_delay.timeout_seconds')?.Value;
    const seconds = value === undefined ? DEFAULT_DEREGISTRATION_DELAY_SECONDS : Number(value);
    delays.set(TargetGroupArn, seconds);
    return seconds;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return DEFAULT_DEREGISTRATION_DELAY_SECONDS;
  }
}
