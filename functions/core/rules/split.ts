/** At the end: whose tasks stand on other capacity providers than before, and which base ECS has left short. */
import { countsByProvider, splitText } from '../plan/split-findings.ts';
import type { Rule } from '../tick.ts';

export const tellSplits: Rule = ({ look, draft }) => {
  const providers = new Map(look.facts.hosts.map((host) => [host.instanceId, host.capacityProviderName]));
  for (const { facts } of look.services.values()) {
    const { serviceName, strategy } = facts;
    const before = draft.service(serviceName)?.providersAtPlan;
    if (before === undefined) continue;
    const now = countsByProvider(look.facts.tasks, serviceName, (id) => providers.get(id));
    const [was, is] = [splitText(strategy, new Map(Object.entries(before))), splitText(strategy, now)];
    if (was === is) continue;
    const short = strategy.find(({ capacityProvider, base }) => (now.get(capacityProvider) ?? 0) < base);
    const base = short === undefined ? '' : `; ${short.capacityProvider} is below its base of ${short.base}`;
    draft.tell(
      'provider-split',
      `${serviceName} stood on its capacity providers as ${was} and stands as ${is} now${base}`,
      serviceName,
    );
  }
};
