/**
 * How long things take in the account: what the scenario says, else what the capture shows, else a default with its
 * source. Everything is a range in seconds, from which the services draw.
 */
import type { Capture } from './capture/capture.ts';
import type { Range, Timings } from './world.ts';

export type TimingName =
  | 'launchSeconds'
  | 'registerSeconds'
  | 'startSeconds'
  | 'stopSeconds'
  | 'eventDelaySeconds';

/** A scenario's `timings`: a number, or lowest and highest, seconds. */
export type TimingOverrides = Partial<Record<TimingName, number | readonly [number, number]>>;

/**
 * Where neither scenario nor capture says anything.
 *
 * - launch: EC2 pending → running takes 5 to 18 s in published measurements (daemonology ec2-boot-bench 2021, brevdev
 *   2025); the groups' activities (32 s) leave room for more.
 * - register: with the launch, 40 to 120 s from RunInstances to a registered agent. One case is on record, 41 s
 *   (amazon-ecs-agent issue 2309); AWS publishes no figure.
 * - start: createdAt → startedAt on EC2 is 21.1 s in AWS's own event sample (ECS developer guide, ecs_task_events).
 * - stop: a process that obeys its stop signal; the caller caps it by `stopTimeout`, 30 s by default.
 * - event: EventBridge states no figure; usually a second or two.
 */
const DEFAULTS: Readonly<Record<TimingName, Range>> = {
  launchSeconds: [8, 25],
  registerSeconds: [32, 95],
  startSeconds: [15, 28],
  stopSeconds: [2, 20],
  eventDelaySeconds: [0.5, 3],
};

/** Outside of this a captured duration tells something else than a boot: an agent that registered anew. */
const PLAUSIBLE_BOOT_SECONDS: Range = [5, 1800];

/** Likewise for a task's start: an unset clock, a task that waited for capacity. */
const PLAUSIBLE_START_SECONDS: Range = [0.5, 900];

/** @returns the account's timings; pure, so the same capture and overrides give the same ranges. */
export function timingsOf(capture: Capture, overrides: TimingOverrides = {}): Timings {
  const bootByGroup = rangesOf(bootSeconds(capture), PLAUSIBLE_BOOT_SECONDS);
  const startByService = rangesOf(startSeconds(capture), PLAUSIBLE_START_SECONDS);
  const said = (name: TimingName): Range | undefined => {
    const value = overrides[name];
    return typeof value === 'number' ? [value, value] : value;
  };

  const launch = (group: string | null): Range => {
    const boot = group === null ? undefined : bootByGroup.get(group);
    // A capture tells the whole boot only. A short one leaves EC2 no more than a third of it.
    return boot ? atMost(DEFAULTS.launchSeconds, boot[0] / 3) : DEFAULTS.launchSeconds;
  };
  const register = (group: string | null): Range => {
    const boot = group === null ? undefined : bootByGroup.get(group);
    if (!boot) return DEFAULTS.registerSeconds;
    const [low, high] = launch(group);
    const launchSeconds = (low + high) / 2;
    return [Math.max(1, boot[0] - launchSeconds), Math.max(1, boot[1] - launchSeconds)];
  };

  return {
    launchSeconds: (group) => said('launchSeconds') ?? launch(group),
    registerSeconds: (group) => said('registerSeconds') ?? register(group),
    startSeconds: (serviceName) =>
      said('startSeconds') ??
      (serviceName === null ? undefined : startByService.get(serviceName)) ??
      DEFAULTS.startSeconds,
    stopSeconds: () => said('stopSeconds') ?? DEFAULTS.stopSeconds,
    eventDelaySeconds: () => said('eventDelaySeconds') ?? DEFAULTS.eventDelaySeconds,
  };
}

/** EC2 LaunchTime → ECS registeredAt of the captured hosts, seconds, by group. */
function bootSeconds(capture: Capture): Map<string, number[]> {
  const groupOf = new Map(
    capture.autoScaling.autoScalingGroups.flatMap((group) =>
      (group.Instances ?? []).map(({ InstanceId }) => [InstanceId, group.AutoScalingGroupName]),
    ),
  );
  const launchTimeOf = new Map(
    capture.ec2.instances.map(({ InstanceId, LaunchTime }) => [InstanceId, LaunchTime]),
  );
  const found = new Map<string, number[]>();
  for (const { ec2InstanceId, registeredAt } of capture.ecs.containerInstances) {
    const group = groupOf.get(ec2InstanceId);
    const launchTime = launchTimeOf.get(ec2InstanceId);
    if (group && launchTime && registeredAt) add(found, group, secondsBetween(launchTime, registeredAt));
  }
  return found;
}

/** createdAt → startedAt of the captured tasks, seconds, by service. */
function startSeconds(capture: Capture): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const { group, createdAt, startedAt } of capture.ecs.tasks) {
    if (group?.startsWith('service:') && createdAt && startedAt)
      add(found, group.slice('service:'.length), secondsBetween(createdAt, startedAt));
  }
  return found;
}

function secondsBetween(from: Date, to: Date): number {
  return (to.getTime() - from.getTime()) / 1000;
}

function add(found: Map<string, number[]>, key: string, seconds: number): void {
  const list = found.get(key);
  if (list) list.push(seconds);
  else found.set(key, [seconds]);
}

/**
 * The middle of what was seen: first to ninth decile, but never further from the median than a factor of two, so that
 * one host that was debugged for an hour does not slow down the whole rehearsal.
 */
function rangesOf(seen: ReadonlyMap<string, readonly number[]>, plausible: Range): Map<string, Range> {
  const ranges = new Map<string, Range>();
  for (const [key, values] of seen) {
    const sorted = values
      .filter((seconds) => seconds >= plausible[0] && seconds <= plausible[1])
      .sort((a, b) => a - b);
    if (sorted.length === 0) continue;
    const median = quantile(sorted, 0.5);
    ranges.set(key, [
      Math.max(quantile(sorted, 0.1), median / 2),
      Math.min(quantile(sorted, 0.9), median * 2),
    ]);
  }
  return ranges;
}

/** Linear between neighbours; `sorted` has at least one item. */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] as number;
  const above = sorted[Math.ceil(at)] as number;
  return below + (above - below) * (at - Math.floor(at));
}

function atMost(range: Range, seconds: number): Range {
  return [Math.min(range[0], seconds), Math.min(range[1], seconds)];
}
