/**
 * Capacity provider strategies: for which provider ECS starts the next tasks of a service. The base comes first, then each
 * provider gets its share by weight. Source: Amazon ECS API reference, CapacityProviderStrategyItem.
 *
 * AWS does not say whether tasks on DRAINING hosts still count for their provider, nor which of two equal ones is taken,
 * so every way of choosing is kept, and room is looked for in each provider as far as any of them asks.
 */
import type { ProviderShare } from './facts.ts';

/** Tasks by capacity provider. */
export type ProviderCounts = ReadonlyMap<string, number>;

/** One way in which ECS may choose, and the tasks that it counts so far. */
export interface Choosing {
  readonly countsLeaving: boolean;
  /** The provider that is taken where several are equal. */
  readonly favourite: string;
  readonly counts: ProviderCounts;
}

/** Providers that take tasks at all; one alone takes every task, and nothing is to be split. */
export function spans(strategy: readonly ProviderShare[]): boolean {
  return strategy.filter(({ base, weight }) => base > 0 || weight > 0).length > 1;
}

/** Every way of choosing, from what each provider has on hosts that stay and on hosts that are left. */
export function waysOfChoosing(
  strategy: readonly ProviderShare[],
  staying: ProviderCounts,
  leaving: ProviderCounts,
): Choosing[] {
  return strategy.flatMap(({ capacityProvider: favourite }) => [
    { countsLeaving: false, favourite, counts: staying },
    { countsLeaving: true, favourite, counts: added(staying, leaving) },
  ]);
}

/** Where the next `count` tasks go, and what is counted after them. */
export function choose(
  strategy: readonly ProviderShare[],
  way: Choosing,
  count: number,
): { readonly chosen: ProviderCounts; readonly after: Choosing } {
  const counts = new Map(way.counts);
  const chosen = new Map<string, number>();
  const order = [...strategy].sort(
    (a, b) => Number(b.capacityProvider === way.favourite) - Number(a.capacityProvider === way.favourite),
  );
  for (let done = 0; done < count; done += 1) {
    const provider = next(order, counts);
    if (provider === undefined) break;
    counts.set(provider, (counts.get(provider) ?? 0) + 1);
    chosen.set(provider, (chosen.get(provider) ?? 0) + 1);
  }
  return { chosen, after: { ...way, counts } };
}

function next(strategy: readonly ProviderShare[], counts: ProviderCounts): string | undefined {
  const of = ({ capacityProvider }: ProviderShare) => counts.get(capacityProvider) ?? 0;
  const based = strategy.find((share) => of(share) < share.base);
  if (based !== undefined) return based.capacityProvider;
  let best: ProviderShare | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const share of strategy) {
    if (share.weight <= 0) continue;
    const load = (of(share) - share.base + 1) / share.weight;
    if (load < least) [best, least] = [share, load];
  }
  return best?.capacityProvider;
}

/** Takes tasks from a provider: their host is left now. */
export function without(way: Choosing, provider: string | undefined, count: number): Choosing {
  if (way.countsLeaving || provider === undefined) return way;
  return { ...way, counts: added(way.counts, new Map([[provider, -count]])) };
}

/** Of several splits, the most that any asks of each provider. */
export function mostOf(splits: readonly ProviderCounts[]): ProviderCounts {
  const most = new Map<string, number>();
  for (const split of splits) {
    for (const [provider, count] of split) most.set(provider, Math.max(count, most.get(provider) ?? 0));
  }
  return most;
}

function added(a: ProviderCounts, b: ProviderCounts): ProviderCounts {
  const sum = new Map(a);
  for (const [provider, count] of b) sum.set(provider, Math.max(0, (sum.get(provider) ?? 0) + count));
  return sum;
}
