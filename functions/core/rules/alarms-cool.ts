/**
 * Groups that alarms scale follow metrics of the whole cluster, most often its reservation: beside a surge that is half of
 * what it was, and the alarm says for a while after the surge has gone that hosts are idle. Whoever gives a group its MinSize
 * back in that time hands its hosts, tasks and all, to its scale-in policy.
 */
import type { Tick } from '../tick.ts';

/**
 * EC2 ends the machine, ECS drops the host (a minute), publishes the metric each minute, and the alarm is evaluated each
 * minute. Source: Amazon ECS developer guide, available-metrics (one-minute intervals).
 */
const SEEN_AFTER_MS = 240_000;

/** Alarms that scale a group of the cluster have not seen it yet without the hosts that went last. */
export function alarmsStillSeeSurplus({ look, draft }: Tick): boolean {
  if (!look.groups.some((group) => draft.group(group.name)?.scaledByAlarms === true)) return false;
  const went = [...look.hosts.values()].map(({ memory }) => memory.goneSinceMs ?? Number.NEGATIVE_INFINITY);
  return look.nowMs - Math.max(...went) < SEEN_AFTER_MS;
}
