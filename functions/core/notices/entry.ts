/**
 * What is known, and was done, of one thing that a notice names: one entry per account, event and entity. Deliveries come
 * twice, late, in pages and in any order; the entry takes of each what is new and no more.
 */
import {
  isOfEc2,
  keyOfEntity,
  type NamedEntity,
  type Notice,
  type NoticeEntity,
  type NoticeKind,
} from './notice.ts';

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
  /** When AWS acts, where it says; for tasks on Fargate else by the account's wait period (flow/wait-period.ts). */
  readonly startMs?: number;
  readonly endMs?: number;
  /** The cluster that it turned out to concern. */
  readonly cluster?: string;
  /** The execution that answers it, and when it was started. */
  readonly execution?: string;
  readonly startedAtMs?: number;
  /** Of a task: the service that it was found to belong to. */
  readonly serviceName?: string;
  /** Under which other names it was heard: EC2's own look and AWS Health call the same event differently. */
  readonly alsoCalled?: readonly string[];
  /** AWS said that it is over, and not whether it was done or called off: what the thing looks like now tells. */
  readonly saidOver?: boolean;
  /** Of a cancelled one: whether people were told, and whether what was begun for it is given back. */
  readonly calledOff?: 'unsaid' | 'told' | 'settled';
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

/** AWS called it off, and not all that follows from that is done. */
export function isToBeCalledOff({ state, calledOff }: Pick<NoticeEntry, 'state' | 'calledOff'>): boolean {
  return state === 'cancelled' && calledOff !== 'settled';
}

/** EC2 may show a date a second off what AWS Health says. */
const SAME_DATE_MS = 60_000;

/**
 * The entry that speaks of the same happening under another name: EC2 shows an event that AWS Health announces as well, and
 * neither names the other's. Of one instance, kind and date they are one.
 */
export function knownAs(
  entries: readonly NoticeEntry[],
  notice: Notice,
  { entity }: NamedEntity,
): NoticeEntry | undefined {
  const key = keyOfEntity(entity);
  const ofSame = entries.filter(
    (entry) => entry.account === notice.account && keyOfEntity(entry.entity) === key,
  );
  const isNamed = ofSame.some(({ eventArn }) => eventArn === notice.eventArn);
  if (isNamed || entity.of !== 'instance') return undefined;
  return (
    ofSame.find(({ alsoCalled = [] }) => alsoCalled.includes(notice.eventArn)) ??
    ofSame.find(
      ({ eventArn, kind, startMs }) =>
        isOfEc2(eventArn) !== isOfEc2(notice.eventArn) &&
        kind === notice.kind &&
        startMs !== undefined &&
        notice.startMs !== undefined &&
        Math.abs(startMs - notice.startMs) < SAME_DATE_MS,
    )
  );
}

/** The notice as if it had been given under the names that the entry has already. */
export function underNameOf(notice: Notice, { eventArn, code }: NoticeEntry): Notice {
  return { ...notice, eventArn, code };
}

/** Whether the second says more than the first but that it was said again. */
export function isNews(before: NoticeEntry | undefined, after: NoticeEntry): boolean {
  if (before === undefined) return true;
  return (['state', 'reason', 'startMs', 'endMs', 'kind', 'code'] as const).some(
    (part) => before[part] !== after[part],
  );
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
  { status }: Notice,
  { isResolved }: NamedEntity,
  nowMs: number,
): Partial<NoticeEntry> {
  const isClosed = status === 'closed';
  if (entry.state === 'done' || entry.state === 'told') return {};
  // Announced again after it was called off or had been missed: it stands again.
  if (!isClosed && !isResolved) {
    const stands = entry.saidOver === true ? { saidOver: false } : {};
    return isOver(entry) ? { ...stands, state: 'seen', reason: 'announced again' } : stands;
  }
  if (entry.state === 'cancelled') return {};
  // Its date has come, so AWS may have acted by itself: what it looks like now decides, not this word.
  if (isResolved || (entry.startMs !== undefined && entry.startMs <= nowMs)) {
    return { saidOver: true, reason: `AWS says it is over (${isResolved ? 'RESOLVED' : 'closed'})` };
  }
  return { state: 'cancelled', reason: 'AWS called it off', calledOff: 'unsaid' };
}
