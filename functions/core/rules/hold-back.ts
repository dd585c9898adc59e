/**
 * Rule 19, beforehand. Auto Scaling launches in the zone that is the emptiest of old and new together, and picks at random
 * where several are. With as many hosts as the zones can share evenly nothing is left to chance; the few beyond that are
 * asked for once old hosts have gone and the emptiest zone is the one that lacks new hosts. Without this every other run
 * would end with a swap: one more launch, one more drain.
 * Source: Amazon EC2 Auto Scaling user guide, "Distribute instances across Availability Zones".
 */
import type { Host } from '../groups.ts';
import { type GroupLook, memoryOf } from '../look.ts';
import type { Tick } from '../tick.ts';

/** Held back is only what is not missed: this share of the new hosts at most. */
const SHARE = 0.1;
/** With so few old hosts left per zone there is nothing to wait for any more. */
const FEW_PER_ZONE = 2;

/** How many hosts of `wanted` to ask for later. */
export function heldBack(
  { look, draft }: Pick<Tick, 'look' | 'draft'>,
  group: GroupLook,
  wanted: number,
): number {
  const memory = memoryOf(draft, group);
  const zones = group.facts.zones;
  if (zones.length < 2) return 0;
  if (memory.heldBack === undefined) {
    const rest = wanted % zones.length;
    const coming = wanted - memory.goal;
    const isWhole = coming >= group.outdatedLeft.length && coming > 0;
    const old = countByZone(
      zones,
      group.alive.filter((host) => host.role !== 'new'),
    );
    return isWhole && rest <= coming * SHARE && spread(old) <= 1 ? rest : 0;
  }
  if (memory.heldBack === 0) return 0;
  if (group.outdatedLeft.length <= FEW_PER_ZONE * zones.length) return 0;
  // Whoever ends in the seconds before Auto Scaling launches may make another zone the emptiest.
  const isEnding = group.hosts.some(
    ({ kind, progress }) => kind === 'drained' || (kind === 'draining' && progress.state === 'empty'),
  );
  const isSettled =
    !isEnding &&
    group.alive.length >= group.facts.desiredCapacity &&
    look.nowMs > (memory.launchesAskedAtMs ?? 0);
  return isSettled && isCertain(group) ? memory.heldBack - 1 : memory.heldBack;
}

/** Whichever zone Auto Scaling takes next, it is one that has the fewest new hosts. */
function isCertain(group: GroupLook): boolean {
  const staying = group.alive.filter((host) => host.kind !== 'terminating');
  const all = countByZone(group.facts.zones, staying);
  const fresh = countByZone(
    group.facts.zones,
    staying.filter((host) => host.role === 'new'),
  );
  const emptiest = Math.min(...all.values());
  const fewest = Math.min(...fresh.values());
  return [...all].every(([zone, count]) => count > emptiest || fresh.get(zone) === fewest);
}

function countByZone(zones: readonly string[], hosts: readonly Host[]): Map<string, number> {
  const counts = new Map(zones.map((zone) => [zone, 0]));
  for (const { zone } of hosts) {
    const count = counts.get(zone);
    if (count !== undefined) counts.set(zone, count + 1);
  }
  return counts;
}

const spread = (counts: ReadonlyMap<string, number>) =>
  Math.max(...counts.values()) - Math.min(...counts.values());
