/** Targets of load balancers: which answer, which still deregister, and how long that may take. */
import {
  DescribeTargetGroupAttributesCommand,
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
  type TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { inBatches } from './batches.ts';
import { perContainer } from './container-memory.ts';
import { isNotFound } from './error-codes.ts';

/** Elastic Load Balancing's default (User guide, "Deregistration delay"). */
const DEFAULT_DEREGISTRATION_DELAY_SECONDS = 300;

/** For so long the targets of services at rest are believed. */
const BELIEVED_MS = 120_000;
const remembered = perContainer(
  () => new Map<string, { readonly atMs: number; readonly targets: readonly TargetHealthDescription[] }>(),
);

/** What of earlier reads will do. */
export interface Believing {
  /** Groups whose targets need not be of this very moment. */
  readonly atRest?: ReadonlySet<string>;
  /** What was read since then is of this moment, epoch milliseconds. */
  readonly notBeforeMs?: number;
}

/** Health of every target by target group ARN; a group that was deleted is absent. */
export async function readTargetHealth(
  elb: ElasticLoadBalancingV2Client,
  targetGroupArns: readonly string[],
  { atRest = new Set(), notBeforeMs = Number.POSITIVE_INFINITY }: Believing = {},
): Promise<ReadonlyMap<string, readonly TargetHealthDescription[]>> {
  const byArn = new Map<string, readonly TargetHealthDescription[]>();
  const nowMs = Date.now();
  await Promise.all(
    targetGroupArns.map(async (TargetGroupArn) => {
      const last = remembered().get(TargetGroupArn);
      const isBelieved = last !== undefined && atRest.has(TargetGroupArn) && nowMs - last.atMs < BELIEVED_MS;
      if (last !== undefined && (isBelieved || last.atMs >= notBeforeMs)) {
        byArn.set(TargetGroupArn, last.targets);
        return;
      }
      try {
        const answer = await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
        const targets = answer.TargetHealthDescriptions ?? [];
        byArn.set(TargetGroupArn, targets);
        remembered().set(TargetGroupArn, { atMs: nowMs, targets });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }),
  );
  return byArn;
}

/** Deregistration delays change so rarely that a container reads each once. */
const delays = perContainer(() => new Map<string, number>());

/** Asked for together, before the clock is looked at. */
const AT_ONCE = 20;

/** Reads the delays of as many of these as it can until then; says whether the container knows all of them now. */
export async function learnDeregistrationDelays(
  elb: ElasticLoadBalancingV2Client,
  targetGroupArns: readonly string[],
  untilMs: number,
): Promise<boolean> {
  for (const batch of inBatches(
    targetGroupArns.filter((arn) => !delays().has(arn)),
    AT_ONCE,
  )) {
    if (Date.now() >= untilMs) return false;
    await Promise.all(batch.map((arn) => readDeregistrationDelay(elb, arn)));
  }
  return true;
}

/** `deregistration_delay.timeout_seconds` of a target group. */
export async function readDeregistrationDelay(
  elb: ElasticLoadBalancingV2Client,
  TargetGroupArn: string,
): Promise<number> {
  const known = delays().get(TargetGroupArn);
  if (known !== undefined) return known;
  try {
    const answer = await elb.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn }));
    const value = answer.Attributes?.find(({ Key }) => Key === 'deregistration_delay.timeout_seconds')?.Value;
    const seconds = value === undefined ? DEFAULT_DEREGISTRATION_DELAY_SECONDS : Number(value);
    delays().set(TargetGroupArn, seconds);
    return seconds;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return DEFAULT_DEREGISTRATION_DELAY_SECONDS;
  }
}
