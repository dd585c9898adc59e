/**
 * Capacity provider strategies: which ones ECS accepts, and for which provider it starts the next task.
 * Source: Amazon ECS API reference, CapacityProviderStrategyItem; developer guide, cluster-capacity-providers.
 */
import type { CapacityProviderStrategyItem } from '@aws-sdk/client-ecs';
import { awsError } from '../../kernel/aws-error.ts';

/** Source: Amazon ECS API reference, CapacityProviderStrategyItem, for each of the three. */
const MOST_ITEMS = 20;
const HIGHEST_WEIGHT = 1_000;
const HIGHEST_BASE = 100_000;

/** They exist in every account. Source: Amazon ECS developer guide, fargate-capacity-providers. */
const FARGATE_PROVIDERS = ['FARGATE', 'FARGATE_SPOT'];

type Strategy = readonly CapacityProviderStrategyItem[];

export function isFargateProvider(name: string | undefined): boolean {
  return name !== undefined && FARGATE_PROVIDERS.includes(name);
}

/**
 * As RunTask, UpdateService and PutClusterCapacityProviders check it. The wording of the mix is AWS's own (quoted in
 * terraform-aws-ecs issue 68); of the others only the rule and the code are documented.
 *
 * @throws InvalidParameterException
 */
export function checkStrategy(strategy: Strategy, associated: readonly string[]): void {
  const refuse = (text: string) => awsError('InvalidParameterException', text);
  if (strategy.length > MOST_ITEMS)
    throw refuse(`A capacity provider strategy can contain a maximum of ${MOST_ITEMS} capacity providers.`);
  if (strategy.some(({ capacityProvider }) => !associated.includes(capacityProvider ?? '')))
    throw refuse(
      'The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. Associate the capacity provider with the cluster and try again.',
    );
  const fargate = strategy.filter(({ capacityProvider }) => isFargateProvider(capacityProvider)).length;
  if (fargate > 0 && fargate < strategy.length)
    throw refuse(
      'A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and Fargate providers. Specify one or the other and try again.',
    );
  if (strategy.filter(({ base }) => (base ?? 0) > 0).length > 1)
    throw refuse('Only one capacity provider in a capacity provider strategy can have a base defined.');
  if (strategy.some(({ weight = 0 }) => weight < 0 || weight > HIGHEST_WEIGHT))
    throw refuse(`The weight of a capacity provider must be between 0 and ${HIGHEST_WEIGHT}.`);
  if (strategy.some(({ base = 0 }) => base < 0 || base > HIGHEST_BASE))
    throw refuse(`The base of a capacity provider must be between 0 and ${HIGHEST_BASE}.`);
  if (strategy.length > 1 && strategy.every(({ weight = 0 }) => weight === 0))
    throw refuse('At least one capacity provider must have a weight greater than zero.');
}

/** Chooses provider after provider, each choice counting for the next. */
export class StrategyChooser {
  readonly #strategy: Strategy;
  readonly #counts: Map<string | undefined, number>;
  readonly #draw: () => number;

  /**
   * @param counts tasks that each provider has already
   * @param draw in [0, 1): which of several equal ones is taken is not documented
   */
  constructor(strategy: Strategy, counts: Map<string | undefined, number>, draw: () => number) {
    this.#strategy = strategy;
    this.#counts = counts;
    this.#draw = draw;
  }

  /** The base first, then whoever is furthest behind its share. Undefined without a strategy. */
  next(): string | undefined {
    const chosen = this.#choice();
    if (chosen !== undefined) this.#counts.set(chosen, (this.#counts.get(chosen) ?? 0) + 1);
    return chosen;
  }

  #choice(): string | undefined {
    if (this.#strategy.length <= 1) return this.#strategy[0]?.capacityProvider;
    const countOf = (item: CapacityProviderStrategyItem) => this.#counts.get(item.capacityProvider) ?? 0;
    const based = this.#strategy.find((item) => (item.base ?? 0) > countOf(item));
    if (based) return based.capacityProvider;
    let [least, candidates]: [number, CapacityProviderStrategyItem[]] = [Number.POSITIVE_INFINITY, []];
    for (const item of this.#strategy) {
      if ((item.weight ?? 0) <= 0) continue;
      const load = (countOf(item) - (item.base ?? 0) + 1) / (item.weight ?? 1);
      if (load < least) [least, candidates] = [load, [item]];
      else if (load === least) candidates.push(item);
    }
    const [only] = candidates;
    return (candidates.length > 1 ? candidates[Math.floor(this.#draw() * candidates.length)] : only)
      ?.capacityProvider;
  }
}
