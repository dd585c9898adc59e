/**
 * `bound.durationSeconds` (design.md §7.6): a time that no orchestrator can beat which keeps the same surge, trial, bake
 * and in-motion limit and meets the same boots, starts, stops, ends of standalone tasks and protections.
 *
 * It is the greatest of several chains. Each one is a consequence of a limit alone, uses the smallest of the delays that
 * were drawn (or a sum of the smallest of them), and gives away whatever a cleverer order could save:
 *
 *     group g:   first boot ─ trial start ─ bake ─┬─ drains under surge (below)             ─ last stop
 *     service s:                                  └─ moves of its tasks, at most L at a time ─ last stop
 *     single:    a standalone task's own end; a protection's end, then that task's move and stop; or the time that
 *                settings give to either
 *
 * - Trial: nothing but the trial's hosts drains, and no host ends, before the first new host has booted, the tasks of
 *   one outdated host have started on it, and `bakeSeconds` have passed. The host with the quickest slowest task is taken.
 * - Moves: a task is in motion from its host's drain until its replacement is healthy, at least `m`. At most L of a
 *   service are in motion: the percentage, one, or what one host carried. Intervals of which at most L overlap can be put
 *   on L machines, so n of them of at least `m` need `ceil(n/L)·m`, and at least their sum over L. Of n, the tasks that
 *   the trial's hosts could have carried are taken off. Where the old task may stop first, its stop runs beside that.
 * - Surge s: the k-th new host can launch when the (k−s)-th old one has ended; the j-th old one can end when as many new
 *   hosts have booted as hold what the remaining old ones could not, and its own tasks have moved and stopped. Also:
 *   launches less ends never exceed s, so the boots and drains of all hosts, laid end to end, share s places.
 * - A move begins with its host's drain, so after the last one's beginning its host's whole drain still follows.
 * - Each chain ends with the end of a host, which EC2 takes its time to terminate.
 *
 * Not counted, so that it stays below: latency of AWS's APIs and of Auto Scaling, double reads, daemons, zones, images.
 * Ends, protections and faults are taken at the moment at which they came.
 */

import type { CheckContext } from '../checkers/checker.ts';
import { isBecauseOfUs } from '../checkers/chronicle.ts';
import type { TaskLine } from '../checkers/lines.ts';
import type { ServiceMotion } from '../checkers/service-motion.ts';
import { type GroupWork, lastEndOf, type SurgeLimits } from './bound-surge.ts';
import { type Delays, observedDelays, sumOfSmallest } from './delays.ts';
import type { PlannedHost } from './planned.ts';

/** Seconds from the start; 0 when nothing had to be replaced. */
export function lowerBoundSeconds(context: CheckContext, planned: readonly PlannedHost[]): number {
  const delays = observedDelays(context.chronicle);
  const opensAt = secondsUntilOpen(context);
  const works = groupWorks(context, planned, delays, opensAt);
  const ends = [
    ...works.map(({ work, limits }) => lastEndOf(work, limits)),
    ...serviceEnds(context, planned, delays, works),
    ...singleEnds(context, planned, delays),
  ];
  if (ends.length === 0) return 0;
  const last = Math.max(0, ...ends) + shortestShuttingDown(planned);
  // Rounded down, since a bound that is a millisecond too high is none.
  return Math.floor(last * 1000) / 1000;
}

interface PlannedGroup {
  readonly work: GroupWork;
  readonly limits: SurgeLimits;
  readonly hosts: readonly PlannedHost[];
}

function groupWorks(
  context: CheckContext,
  planned: readonly PlannedHost[],
  delays: Delays,
  opensAt: number,
): PlannedGroup[] {
  const byGroup = new Map<string, PlannedHost[]>();
  for (const entry of planned) {
    const { group, endedAtMs } = entry.host;
    if (group === null || endedAtMs === undefined) continue;
    byGroup.set(group, [...(byGroup.get(group) ?? []), entry]);
  }
  const { settings } = context;
  return [...byGroup].map(([group, hosts]) => {
    const boots = delays.boots.get(group) ?? [];
    const hasTrial = settings.canaryInstances > 0 && boots.length > 0;
    const trialHosts = hasTrial ? hostsOfTrial(hosts, settings.bakeSeconds) : 0;
    const trialStart = Math.min(...hosts.map((entry) => slowestStart(entry, context, delays)));
    // Where other hosts are on the target already, capacity may be there from the start.
    const needsNewHosts = byGroup.size === 1 && !hasOtherReadyHosts(context);
    // No more trial hosts than hosts to replace; one that is on the target already is as good as one that boots.
    const wanted = hasTrial ? Math.min(settings.canaryInstances, hosts.length) : 0;
    const canaries = Math.max(0, wanted - otherReadyHosts(context, group));
    const firstBoot = canaries > 0 || needsNewHosts ? (boots[0] ?? 0) : 0;
    // Where no task of the group moves there is nothing that a bake could watch.
    const isBaked = hosts.some(({ replicas }) => replicas.some(isBecauseOfUs));
    const bake = hasTrial && isBaked ? settings.bakeSeconds : 0;
    const drainsFrom = Math.max(firstBoot, opensAt) + (hasTrial ? trialStart + bake : 0);
    const drains = hosts.map((entry) => shortestDrain(entry, context, delays)).sort((a, b) => a - b);
    return {
      hosts,
      work: {
        boots,
        drains,
        loads: needsNewHosts ? hosts.map(loadOf) : [],
        hostSize: largestHost(context, group),
      },
      limits: {
        surge: settings.surgeInstances(group, hosts.length),
        canaries,
        trialHosts,
        drainsFrom,
      },
    };
  });
}

function serviceEnds(
  context: CheckContext,
  planned: readonly PlannedHost[],
  delays: Delays,
  works: readonly PlannedGroup[],
): number[] {
  const trialHosts = works.reduce((sum, { limits }) => sum + limits.trialHosts, 0);
  const moved = new Map<ServiceMotion, TaskLine[]>();
  for (const { replicas } of planned) {
    for (const task of replicas.filter(isBecauseOfUs)) {
      const motion = context.chronicle.motionOf(task);
      if (motion) moved.set(motion, [...(moved.get(motion) ?? []), task]);
    }
  }
  return [...moved].flatMap(([motion, tasks]) => {
    const of = delays.services.get(motion);
    if (!of || of.moves.length === 0) return [];
    const carried = Math.max(motion.carriedMost, mostOnOneHost(tasks));
    const left = tasks.length - trialHosts * carried;
    if (left <= 0) return [];
    const share = Math.floor((motion.desiredMost * context.settings.maxTasksInMotionPercent) / 100);
    const atOnce = Math.max(1, share, carried);
    const from = Math.min(
      ...works
        .filter(({ hosts }) => hosts.some(({ replicas }) => replicas.some((task) => tasks.includes(task))))
        .map(({ limits }) => limits.drainsFrom),
    );
    if (!Number.isFinite(from)) return [];
    const carriers = planned.filter(({ replicas }) => replicas.some((task) => tasks.includes(task)));
    const drain = Math.min(...carriers.map((entry) => shortestDrain(entry, context, delays)));
    return [from + Math.max(movesOf(motion, of, left, atOnce), lastStartOf(of, left, atOnce) + drain)];
  });
}

/** Until the last of `count` moves can begin, of which at most `atOnce` last at a time. */
function lastStartOf(of: { readonly moves: readonly number[] }, count: number, atOnce: number): number {
  const turns = (Math.ceil(count / atOnce) - 1) * (of.moves[0] ?? 0);
  return Math.max(turns, sumOfSmallest(of.moves, count) / atOnce - (of.moves.at(-1) ?? 0));
}

/** From the first drain of the rest until the last of these tasks has STOPPED. */
function movesOf(
  motion: ServiceMotion,
  of: { readonly moves: readonly number[]; readonly stops: readonly number[] },
  count: number,
  atOnce: number,
): number {
  const stop = of.stops[0] ?? 0;
  const least = of.moves[0] ?? 0;
  if (motion.startsFirst) {
    const moves = Math.max(Math.ceil(count / atOnce) * least, sumOfSmallest(of.moves, count) / atOnce);
    // Where it may stop first, the old task may be gone before the new one is healthy.
    return moves + (motion.mayStopFirst ? 0 : stop);
  }
  // A replacement may start while the old task still stops; the last old task stops from its wave's beginning.
  const waves = (Math.ceil(count / atOnce) - 1) * least;
  const sum = sumOfSmallest(of.moves, count) / atOnce - (of.moves.at(-1) ?? 0);
  return Math.max(waves, sum) + stop;
}

function singleEnds(context: CheckContext, planned: readonly PlannedHost[], delays: Delays): number[] {
  const since = (atMs: number) => (atMs - context.startedAtMs) / 1000;
  return planned
    .filter(({ host }) => host.endedAtMs !== undefined)
    .flatMap(({ host, standalone, protections }) => [
      ...standalone
        .filter((task) => task.stoppedAtMs !== undefined && !isBecauseOfUs(task))
        .map((task) => since(task.stoppedAtMs ?? 0)),
      // Stopped at the end of the time that the settings give them, which nobody may cut short.
      ...standalone
        .filter((task) => task.stoppedAtMs !== undefined && isBecauseOfUs(task))
        .map(() => context.settings.standaloneTimeoutSeconds ?? 0),
      ...protections
        .filter(({ task, untilMs }) => isBecauseOfUs(task) && (host.drainedByUsAtMs ?? 0) < untilMs)
        .map(() => context.settings.protectedTimeoutSeconds ?? 0),
      ...protections
        .filter(({ task, untilMs }) => isBecauseOfUs(task) && (host.drainedByUsAtMs ?? 0) >= untilMs)
        .map(({ task, untilMs }) => since(untilMs) + shortestLeave(task, context, delays)),
    ]);
}

/** EC2's own time from a host's end until it is terminated, which the last host takes too. */
function shortestShuttingDown(planned: readonly PlannedHost[]): number {
  const seconds = planned.flatMap(({ host: { endedAtMs, terminatedAtMs } }) =>
    endedAtMs === undefined || terminatedAtMs === undefined ? [] : [(terminatedAtMs - endedAtMs) / 1000],
  );
  return seconds.length === 0 ? 0 : Math.max(0, Math.min(...seconds));
}

/** Hosts that drained before the trial's bake could have been over. */
function hostsOfTrial(hosts: readonly PlannedHost[], bakeSeconds: number): number {
  const drains = hosts.flatMap(({ host }) => host.drainedByUsAtMs ?? []);
  const first = Math.min(...drains);
  return drains.filter((atMs) => atMs <= first + bakeSeconds * 1000).length;
}

/** Until the slowest of its tasks could have started elsewhere. */
function slowestStart({ replicas }: PlannedHost, context: CheckContext, delays: Delays): number {
  return Math.max(0, ...replicas.map((task) => delaysOf(task, context, delays)?.starts[0] ?? 0));
}

/** Until the slowest of its tasks could have left. */
function shortestDrain({ replicas }: PlannedHost, context: CheckContext, delays: Delays): number {
  const leaving = replicas.filter(isBecauseOfUs);
  return Math.max(0, ...leaving.map((task) => shortestLeave(task, context, delays)));
}

function shortestLeave(task: TaskLine, context: CheckContext, delays: Delays): number {
  const motion = context.chronicle.motionOf(task);
  const of = delaysOf(task, context, delays);
  const startsBefore = motion?.startsFirst && !motion.mayStopFirst;
  return (of?.stops[0] ?? 0) + (startsBefore ? (of?.moves[0] ?? 0) : 0);
}

function delaysOf(task: TaskLine, context: CheckContext, delays: Delays) {
  const motion = context.chronicle.motionOf(task);
  return motion && delays.services.get(motion);
}

function loadOf({ replicas }: PlannedHost): { readonly cpu: number; readonly memoryMiB: number } {
  const leaving = replicas.filter(isBecauseOfUs);
  return {
    cpu: leaving.reduce((sum, task) => sum + task.cpu, 0),
    memoryMiB: leaving.reduce((sum, task) => sum + task.memoryMiB, 0),
  };
}

function largestHost(
  context: CheckContext,
  group: string,
): { readonly cpu: number; readonly memoryMiB: number } {
  const sizes = [...context.chronicle.hosts.values()].flatMap((host) =>
    host.group === group ? (host.size ?? []) : [],
  );
  return {
    cpu: Math.max(0, ...sizes.map((size) => size.cpu)),
    memoryMiB: Math.max(0, ...sizes.map((size) => size.memoryMiB)),
  };
}

function hasOtherReadyHosts(context: CheckContext): boolean {
  return otherReadyHosts(context) > 0;
}

/** Hosts that stood there at the start and are none of those to replace: of one group, or of all. */
function otherReadyHosts(context: CheckContext, group?: string): number {
  return [...context.chronicle.hosts.values()].filter(
    (host) =>
      host.wasThereAtStart &&
      host.cluster !== undefined &&
      !context.outdated.has(host.instanceId) &&
      (group === undefined || host.group === group),
  ).length;
}

function mostOnOneHost(tasks: readonly TaskLine[]): number {
  const counts = new Map<string, number>();
  for (const { host } of tasks) {
    const id = host?.instanceId ?? '';
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return Math.max(0, ...counts.values());
}

function secondsUntilOpen(context: CheckContext): number {
  const { startedAtMs, truth } = context;
  for (let atMs = startedAtMs; atMs <= truth.nowMs; atMs += 60_000) {
    // The minute before may have opened at any second of it.
    if (context.isOpen(atMs)) return Math.max(0, (atMs - startedAtMs) / 1000 - 60);
  }
  return 0;
}
