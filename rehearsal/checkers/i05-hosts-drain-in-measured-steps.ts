/**
 * I5: hosts drain only within rules 7 and 8 of `decisions.md`. Rule 8's room is I3's; here is rule 7: a host joins those
 * that drain when each of its services that is in motion already stays within `maxTasksInMotionPercent` (at least one
 * task), and within `d − ceil(d·min/100)` where it may stop first. Of a service that is not in motion a host may carry
 * more: hosts are the grain (design.md §7.2, "at least what one host carries"). A service that may stop first moves in
 * one zone at a time, whatever else.
 */

import { type CheckContext, type CheckerFactory, isOurs, Verdicts } from './checker.ts';
import type { Change } from './chronicle.ts';
import type { HostLine, TaskLine } from './lines.ts';
import type { ServiceMotion } from './service-motion.ts';

export const hostsDrainInMeasuredSteps: CheckerFactory = (context) => {
  const verdicts = new Verdicts('I5', context.startedAtMs);

  return {
    invariant: 'I5',
    violations: verdicts.violations,
    observe(_observation, atMs, change) {
      if (change?.kind !== 'drain' || !isOurs(change.by)) return;
      const { host } = change;
      const carried = carriedBy(host, context, atMs - context.graceMs);
      for (const problem of [
        ...sharesExceeded(change, carried, context),
        ...zonesMixed(change, carried, context),
      ]) {
        verdicts.add(
          atMs,
          `${host.instanceId} ${problem}`,
          `${host.instanceId} was drained by ${change.by?.name}: ${problem}`,
        );
      }
    },
  };
};

type Drain = Extract<Change, { kind: 'drain' }>;
type Carried = ReadonlyMap<ServiceMotion, readonly TaskLine[]>;

/** Tasks to move by service; those placed since `beforeMs` were not to be seen by whoever drained it. */
function carriedBy(host: HostLine, context: CheckContext, beforeMs: number): Carried {
  const carried = new Map<ServiceMotion, TaskLine[]>();
  for (const task of host.tasksToMove) {
    const motion = context.chronicle.motionOf(task);
    if (!motion || (task.placedAtMs ?? 0) > beforeMs) continue;
    carried.set(motion, [...(carried.get(motion) ?? []), task]);
  }
  return carried;
}

function sharesExceeded(change: Drain, carried: Carried, context: CheckContext): string[] {
  return [...carried].flatMap(([motion, tasks]) => {
    const before = change.inMotionBefore.get(motion) ?? 0;
    const limit = limitOf(motion, context.settings.maxTasksInMotionPercent);
    if (before === 0 || before + tasks.length <= limit) return [];
    return [
      `${motion.serviceName} has ${before} task(s) in motion and it carries ${tasks.length} more, at most ${limit} of ` +
        `${motion.desired} may move at a time (minimum ${motion.allowedMinimum})`,
    ];
  });
}

function zonesMixed(change: Drain, carried: Carried, context: CheckContext): string[] {
  return [...carried.keys()].flatMap((motion) => {
    if (!motion.mayStopFirst || (change.inMotionBefore.get(motion) ?? 0) === 0) return [];
    const others = [...zonesInMotion(motion, change.host, context)].filter(
      (zone) => zone !== change.host.zone,
    );
    if (others.length === 0) return [];
    return [
      `${motion.serviceName} may stop first (minimum ${motion.allowedMinimum} of ${motion.desired}) and is in motion in ` +
        `${others.join(', ')} when a host in ${change.host.zone} joins`,
    ];
  });
}

function zonesInMotion(motion: ServiceMotion, joining: HostLine, context: CheckContext): Set<string> {
  const zones = new Set(motion.vacancies.filter((vacancy) => vacancy.ours).map((vacancy) => vacancy.zone));
  for (const host of context.chronicle.hosts.values()) {
    if (host === joining || !host.drainedByUs || !host.isUp) continue;
    if (host.tasksToMove.some((task) => context.chronicle.motionOf(task) === motion)) zones.add(host.zone);
  }
  return zones;
}

function limitOf(motion: ServiceMotion, maxTasksInMotionPercent: number): number {
  const share = Math.max(1, Math.floor((motion.desired * maxTasksInMotionPercent) / 100));
  return motion.mayStopFirst ? Math.min(share, motion.desired - motion.allowedMinimum) : share;
}
