/**
 * What is known, and was done, of one thing that a notice names: one entry per account, event and entity. Deliveries come
 * twice, late, in pages and in any order; the entry takes of each what is new and no more.
 */
import { keyOfEntity, type NamedEntity, type Notice, type NoticeEntity, type NoticeKind } from './notice.ts';

/**
 * `seen` → `planned` (a run is to begin) → `acting` → `done`, with proof. Aside: `cancelled` by AWS, `told` where it is not
 * ours to act, `left` to AWS itself (looked at again each day), `missed` where its end came first.
 */
export type NoticeState = 'seen' | 'planned' | 'acting' | 'done' | 'cancelled' | 'told' | 'left' | 'missed';

export interface NoticeEntry {
  readonly account: string;
  readonly region: string;
  readonly eventArn: string;
  readonly code: string;
  readonly kind: NoticeKind;
  readonly entity: NoticeEntity;
  readonly state: NoticeState;
  /** Why it is in that state; for `done`, what proves it. */
  readonly reason: string;
  /** When we heard of it first. */
  readonly firstSeenMs: number;
  /** AWS's own time of the earliest delivery: what began later is not meant. */
  readonly announcedMs: number;
  /** AWS's own time of the newest delivery taken in. */
  readonly updatedMs: number;
  /** When AWS acts, where it says. */
  readonly startMs?: number;
  readonly endMs?: number;
  /** The cluster that it turned out to concern. */
  readonly cluster?: string;
  /** The execution that answers it, and when it was started. */
  readonly execution?: string;
  readonly startedAtMs?: number;
  /** Of a task: the service that it was found to belong to. */
  readonly serviceName?: string;
  /** How many of the reminders before its date were sent (escalation.ts). */
  readonly reminders?: number;
}

/** States that nothing follows upon, but another word of AWS. */
const OVER: ReadonlySet<NoticeState> = new Set(['done', 'cancelled', 'missed']);

export function isOver({ state }: Pick<NoticeEntry, 'state'>): boolean {
  return OVER.has(state);
}

/** Something of ours is still to follow: it is neither over nor somebody else's. */
export function isOpen(entry: Pick<NoticeEntry, 'state'>): boolean {
  return !isOver(entry) && entry.state !== 'told';
}

/** The entry's place: the same for every delivery of the same notice about the same thing. */
export function keyOfEntry({
  account,
  eventArn,
  entity,
}: Pick<NoticeEntry, 'account' | 'eventArn' | 'entity'>): string {
  return `${account} ${eventArn} ${keyOfEntity(entity)}`;
}

/**
 * The entry after one more delivery, or undefined when that says nothing new: a repeat, or a copy. An older word than what
 * is known already only tells since when it is announced.
 */
export function heard(
  known: NoticeEntry | undefined,
  notice: Notice,
  named: NamedEntity,
  nowMs: number,
): NoticeEntry | undefined {
  if (known !== undefined && known.updatedMs >= notice.updatedMs) {
    return notice.updatedMs < known.announcedMs ? { ...known, announcedMs: notice.updatedMs } : undefined;
  }
  const { account, region, eventArn, code, kind, startMs, endMs, updatedMs } = notice;
  const entry: NoticeEntry = {
    state: 'seen',
    reason: 'announced',
    ...known,
    account,
    region,
    eventArn,
    code,
    kind,
    entity: named.entity,
    firstSeenMs: known?.firstSeenMs ?? nowMs,
    announcedMs: Math.min(known?.announcedMs ?? updatedMs, updatedMs),
    updatedMs,
    ...(startMs !== undefined && { startMs }),
    ...(endMs !== undefined && { endMs }),
  };
  return { ...entry, ...afterWord(entry, notice, named, nowMs) };
}

/** What AWS's word makes of the state. A word that something is over never undoes what we know was done. */
function afterWord(
  entry: NoticeEntry,
  { status, startMs }: Notice,
  { isResolved }: NamedEntity,
  nowMs: number,
): Partial<NoticeEntry> {
  const isClosed = status === 'closed';
  if (entry.state === 'done' || entry.state === 'told') return {};
  // Announced again after it was called off or had been missed: it stands again.
  if (!isClosed && !isResolved) return isOver(entry) ? { state: 'seen', reason: 'announced again' } : {};
  // Its date has come, so AWS may have acted by itself: what it looks like now decides, not this word.
  if (isResolved || (startMs !== undefined && startMs <= nowMs)) {
    return { reason: `AWS says it is over (${isResolved ? 'RESOLVED' : 'closed'})` };
  }
  return { state: 'cancelled', reason: 'AWS called it off' };
}
