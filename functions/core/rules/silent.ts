/**
 * A host whose agent stays away while EC2 calls its machine well: ECS can neither stop its tasks nor hear that they have
 * stopped, so a drain there would never end, and nothing proves that it is dead (rule 21). It is held after as long as
 * makes an impaired host dead; the others go on, and it is tried once more at the end.
 * Sources: Amazon ECS API reference, ContainerInstance.agentConnected ("Only instances connected to an agent can accept
 * task placement requests"); containers-roadmap issue 2040 (its tasks are never rescheduled).
 */
import { AGENT_DEAD_MS, type Host, silentMs } from '../groups.ts';
import { hold } from '../hold.ts';
import { type Rule, span, type Tick } from '../tick.ts';
import { activate } from './unplaced.ts';

export const holdSilent: Rule = (tick) => {
  if (tick.freeze.all !== undefined) return;
  for (const host of tick.look.hosts.values()) {
    if (!isSilent(tick, host) || (host.kind !== 'outdated' && host.kind !== 'draining')) continue;
    const reason = `its agent has been away for more than ${span(AGENT_DEAD_MS / 1000)} while EC2 calls the instance well: restart the agent, or end the instance`;
    const final = (host.memory.triedBefore ?? 0) > 0;
    hold(tick, host, { reason, final });
    if (final && host.kind === 'draining') activate(tick, host, `held: ${reason}`);
  }
};

/** Away for as long as makes an impaired host dead. */
export function isSilent({ look, draft }: Pick<Tick, 'look' | 'draft'>, { memory }: Host): boolean {
  return silentMs(memory, draft.run.agentsAwayAtMs, look.nowMs) >= AGENT_DEAD_MS;
}
