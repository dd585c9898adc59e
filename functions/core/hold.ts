/** Holding a host: it stays, with a reason that people and machines can read (I7). */
import type { Draft } from './draft.ts';
import { heldBy } from './explain.ts';
import type { Host } from './groups.ts';
import type { HostMemory } from './memory.ts';
import { isRolling, type Tick } from './tick.ts';

type Held = NonNullable<HostMemory['held']>;

/** The next look sees whether a held host can be tried again. */
const TRY_AGAIN_MS = 60_000;

export function hold(
  { look, draft }: Pick<Tick, 'look' | 'draft'>,
  host: Host,
  held: Pick<Held, 'reason' | 'service' | 'message' | 'because'> & { readonly final: boolean },
): void {
  const known = draft.host(host.instanceId) ?? host.memory;
  const { final, reason, service, message, because } = held;
  const next: Held = {
    reason,
    ...(service !== undefined && { service }),
    ...(message !== undefined && { message }),
    ...(because !== undefined && { because }),
    sinceMs: known.held?.sinceMs ?? known.firstHeldMs ?? look.nowMs,
    attempts: (known.held?.attempts ?? known.triedBefore ?? 0) + 1,
    ...(final && { final }),
  };
  draft.noteHost(host.instanceId, host.memory, { held: next });
  // What holds it now may be over once the others are done: until that is seen, nothing stands still.
  if (!final) draft.waits.push({ untilMs: look.nowMs + TRY_AGAIN_MS, what: 'held hosts' });
  tellHeld(draft, host.instanceId, next);
}

/** No host is held in silence (I7). */
export function tellHeld(draft: Draft, instanceId: string, held: Held): void {
  draft.tell('host-held', `${instanceId} is held: ${heldBy(held, !isRolling(draft)).reason}`, instanceId);
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
