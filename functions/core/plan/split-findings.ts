/** How a strategy that spans several capacity providers splits a service, before the run and as it may be after. */
import type { HostFacts, ServiceFacts } from '../facts.ts';
import type { Finding } from '../plan.ts';
import { choose, type ProviderCounts, spans, waysOfChoosing, without } from '../providers.ts';
import type { PlanContext } from './context.ts';

/** ECS chooses a provider for each replacement anew and moves no task to restore a split; whoever counts on it should know. */
export function splitFinding(
  service: ServiceFacts,
  hosts: readonly { readonly host: HostFacts; readonly tasks: number }[],
  { facts }: PlanContext,
): Finding[] {
  const { strategy, serviceName } = service;
  if (!spans(strategy)) return [];
  const providers = new Map(facts.hosts.map((host) => [host.instanceId, host.capacityProviderName]));
  const before = countsByProvider(facts.tasks, serviceName, (id) => providers.get(id));
  const afters = waysOfChoosing(strategy, before, new Map()).map((way) => {
    let now = way;
    for (const { host, tasks } of hosts) {
      const provider = host.capacityProviderName;
      const left = without(now, provider, tasks);
      now = choose(strategy, left, tasks).after;
      // Where tasks that leave still count, they are gone before the next host drains.
      if (now.countsLeaving)
        now = { ...without({ ...now, countsLeaving: false }, provider, tasks), countsLeaving: true };
    }
    return splitText(strategy, now.counts);
  });
  const expected = [...new Set(afters)].sort();
  return [
    {
      severity: 'note',
      scope: 'service',
      code: 'provider-split',
      service: serviceName,
      field: 'capacityProviderStrategy',
      message: `${serviceName} stands on its capacity providers as ${splitText(strategy, before)}; ECS chooses one for each replacement, so afterwards ${expected.join(' or ')} is expected`,
      remedy: 'nothing, if the split may move; else deploy the service anew after the run',
    },
  ];
}

/** Tasks of a service by provider: their own word, else that of their host. */
export function countsByProvider(
  tasks: PlanContext['facts']['tasks'],
  serviceName: string,
  providerOf: (instanceId: string) => string | undefined,
): ProviderCounts {
  const counts = new Map<string, number>();
  for (const task of tasks) {
    if (task.serviceName !== serviceName || task.desiredStatus !== 'RUNNING') continue;
    const provider = task.capacityProviderName ?? providerOf(task.instanceId ?? '');
    if (provider !== undefined) counts.set(provider, (counts.get(provider) ?? 0) + 1);
  }
  return counts;
}

/** `blue 4, green 2`, in the order of the strategy. */
export function splitText(strategy: ServiceFacts['strategy'], counts: ProviderCounts): string {
  return strategy.map(({ capacityProvider: name }) => `${name} ${counts.get(name) ?? 0}`).join(', ');
}
