/**
 * Zones of a group kept even: new instances where there are fewest, then the end of as many where there are most.
 * Source: Amazon EC2 Auto Scaling user guide, auto-scaling-benefits "Rebalancing activities".
 */
import type { RandomStream } from '../kernel/random.ts';
import type { Range, World } from '../world.ts';
import { actualCapacity, type Group, isPending, isSuspended, zoneCounts } from './group.ts';
import { REBALANCE, type Surges } from './surges.ts';

/** How long zones are uneven before rebalancing begins on its own: UNCONFIRMED, minutes in practice. */
const UNBALANCED_SECONDS: Range = [60, 300];

export class ZoneBalance {
  readonly #world: World;
  readonly #surges: Surges;
  readonly #random: RandomStream;

  constructor(world: World, surges: Surges, random: RandomStream) {
    this.#world = world;
    this.#surges = surges;
    this.#random = random;
  }

  /** Uneven zones are evened out now, however long they have been so; even ones swap one host. */
  now(group: Group): void {
    if (isRebalancing(group) || isSuspended(group, 'AZRebalance', 'Launch')) return;
    const counts = zoneCounts(group);
    const [fewest] = [...counts].sort((a, b) => a[1] - b[1])[0] ?? [];
    if (fewest !== undefined) this.#begin(group, 1, [fewest], counts);
  }

  consider(group: Group): void {
    const counts = zoneCounts(group);
    const inZones = group.zones.map((zone) => counts.get(zone) ?? 0);
    const isUneven = group.zones.length > 1 && Math.max(...inZones) - Math.min(...inZones) > 1;
    const nowMs = this.#world.clock.nowMs;
    if (!isUneven) {
      group.unbalancedSinceMs = null;
      return;
    }
    if (group.unbalancedSinceMs === null) {
      group.unbalancedSinceMs = nowMs;
      group.rebalanceAfterMs = nowMs + this.#random.between(UNBALANCED_SECONDS) * 1000;
    }
    if (nowMs < group.rebalanceAfterMs || group.surges.length > 0 || !isQuiet(group)) return;
    if (isSuspended(group, 'AZRebalance', 'Launch')) return;
    const moves = movesToEven(new Map(group.zones.map((zone) => [zone, counts.get(zone) ?? 0])));
    this.#begin(group, moves.length, [...new Set(moves)], counts);
  }

  /** Launch before terminate; the group may exceed its maximum by a tenth, at least by one (auto-scaling-benefits). */
  #begin(group: Group, wanted: number, zones: readonly string[], counts: ReadonlyMap<string, number>): void {
    const margin = group.maxSize + Math.max(1, Math.floor(group.maxSize / 10)) - actualCapacity(group);
    const several = Math.min(wanted, margin);
    if (several < 1 || zones.length === 0) return;
    const names = [...counts.keys()].join(' ');
    const numbers = [...counts.values()].join(' ');
    const because = `availability zones ${names} had ${numbers} instances respectively.  An instance was launched to aid in balancing the group's zones.`;
    const why = "instances having been launched to balance the group's zones";
    this.#surges.begin(
      group,
      { reason: 'rebalance', victims: [], actor: REBALANCE, why, because },
      several,
      zones,
    );
    // Whether it worked or not, the zones are looked at anew only after a while.
    group.unbalancedSinceMs = null;
  }
}

function isRebalancing(group: Group): boolean {
  return group.surges.some((surge) => surge.reason === 'rebalance');
}

function isQuiet(group: Group): boolean {
  if (actualCapacity(group) !== group.desiredCapacity) return false;
  for (const member of group.members.values()) if (isPending(member)) return false;
  return true;
}

/** Where the next ones have to come, one by one from the fullest zone, until no two zones differ by more than one. */
function movesToEven(counts: Map<string, number>): string[] {
  const moves: string[] = [];
  for (;;) {
    const byCount = [...counts].sort((a, b) => a[1] - b[1]);
    const [fewest, most] = [byCount[0], byCount.at(-1)];
    if (!fewest || !most || most[1] - fewest[1] <= 1) return moves;
    counts.set(fewest[0], fewest[1] + 1);
    counts.set(most[0], most[1] - 1);
    moves.push(fewest[0]);
  }
}
