/** Holding a host: it stays, with a reason that people and machines can read (I7). */
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
  draft.noteHost(host.instanceId, host.memory, {
    held: {
      reason,
      ...(service !== undefined && { service }),
      ...(message !== undefined && { message }),
      sinceMs: before?.sinceMs ?? look.nowMs,
      attempts: (before?.attempts ?? host.memory.triedBefore ?? 0) + 1,
      ...(final && { final }),
    },
  });
  draft.tell('host-held', `${host.instanceId} is held: ${held.reason}`, host.instanceId);
}

/** What ECS last said of the service: the operator's first question about a held host. */
export function lastWord(tick: Pick<Tick, 'look'>, serviceName: string | undefined): string | undefined {
  if (serviceName === undefined) return undefined;
  return tick.look.services.get(serviceName)?.facts.events[0]?.message;
}
