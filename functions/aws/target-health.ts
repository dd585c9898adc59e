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

/**
 * So many target groups fit a look, and as many looks a minute as there are, by our share of the rate (budget.ts). Of more
 * those of services at rest are read in turns.
 */
export const TARGET_GROUPS_A_LOOK = 30;

/** Of services that move no more than this in a look: half a minute of that share, where a function may take a whole one. */
const MOST_A_LOOK = 80;

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
  const known = remembered();
  const nowMs = Date.now();
  const atMsOf = (arn: string) => known.get(arn)?.atMs ?? Number.NEGATIVE_INFINITY;
  const due = targetGroupArns.filter(
    (arn) => atMsOf(arn) < notBeforeMs && !(atRest.has(arn) && nowMs - atMsOf(arn) < BELIEVED_MS),
  );
  const isOlder = (a: string, b: string) => atMsOf(a) - atMsOf(b);
  const before = targetGroupArns.filter((arn) => atMsOf(arn) >= notBeforeMs).length;
  const unknown = due.filter((arn) => !known.has(arn));
  // What waits for its turn is as old as it is: the oldest come next, and those of services that move before the others.
  const moving = due.filter((arn) => known.has(arn) && !atRest.has(arn)).sort(isOlder);
  const resting = due.filter((arn) => known.has(arn) && atRest.has(arn)).sort(isOlder);
  const now = [...unknown, ...moving.slice(0, Math.max(0, MOST_A_LOOK - before))];
  const turns = resting.slice(0, Math.max(1, TARGET_GROUPS_A_LOOK - before - now.length));
  await Promise.all([...now, ...turns].map((arn) => readTargets(elb, arn, nowMs)));
  return new Map(
    targetGroupArns.flatMap((arn) => {
      const last = known.get(arn);
      return last === undefined ? [] : [[arn, last.targets] as const];
    }),
  );
}

async function readTargets(
  elb: ElasticLoadBalancingV2Client,
  TargetGroupArn: string,
  atMs: number,
): Promise<void> {
  try {
    const answer = await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
    remembered().set(TargetGroupArn, { atMs, targets: answer.TargetHealthDescriptions ?? [] });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    remembered().delete(TargetGroupArn);
  }
}

/** What was read by an earlier invocation of the same reading. */
const LEARNT_MS = 600_000;

/** Reads the targets of as many of these as it can until then; says whether the container knows all of them now. */
export async function learnTargetHealth(
  elb: ElasticLoadBalancingV2Client,
  targetGroupArns: readonly string[],
  untilMs: number,
): Promise<boolean> {
  const sinceMs = Date.now() - LEARNT_MS;
  const unknown = targetGroupArns.filter((arn) => (remembered().get(arn)?.atMs ?? 0) < sinceMs);
  for (const batch of inBatches(unknown, AT_ONCE)) {
    if (Date.now() >= untilMs) return false;
    const nowMs = Date.now();
    await Promise.all(batch.map((arn) => readTargets(elb, arn, nowMs)));
  }
  return true;
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
