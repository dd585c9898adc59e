/** Holding a host: it stays, with a reason that people and machines can read (I7). */
import { heldBy } from './explain.ts';
import type { Host } from './groups.ts';
import type { HostMemory } from './memory.ts';
import type { Tick } from './tick.ts';

type Held = NonNullable<HostMemory['held']>;

export function hold(
  { look, draft }: Pick<Tick, 'look' | 'draft'>,
  host: Host,
  held: Pick<Held, 'reason' | 'service' | 'message'> & { readonly final: boolean },
): void {
  const before = draft.host(host.instanceId)?.held;
  const { final, reason, service, message } = held;
  const next: Held = {
    reason,
    ...(service !== undefined && { service }),
    ...(message !== undefined && { message }),
    sinceMs: before?.sinceMs ?? host.memory.firstHeldMs ?? look.nowMs,
    attempts: (before?.attempts ?? host.memory.triedBefore ?? 0) + 1,
    ...(final && { final }),
  };
  draft.noteHost(host.instanceId, host.memory, { held: next });
  draft.tell('host-held', `${host.instanceId} is held: ${heldBy(next).reason}`, host.instanceId);
}

/** ECS says what it started and stopped as well: no answer to why it does not go on. */
const COMPLAINS = /unable|failed|unhealthy|insufficient|reached/;

/** What the service's tasks die of, and what ECS last complained of: the operator's first question about a held host. */
export function lastWord(
  { look, draft }: Pick<Tick, 'look' | 'draft'>,
  serviceName: string | undefined,
): string | undefined {
  if (serviceName === undefined) return undefined;
  const events = look.services.get(serviceName)?.facts.events ?? [];
  const complaint = events.find(({ message }) => COMPLAINS.test(message)) ?? events[0];
  const death = draft.service(serviceName)?.lastDeath;
  const words = [...(death === undefined ? [] : [`its tasks die: ${death.words}`]), complaint?.message];
  return words.filter((word) => word !== undefined).join('; ') || undefined;
}
