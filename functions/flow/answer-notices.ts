/**
 * Notices of AWS, from what was said to what is done: written down first, thing by thing, then answered by what that thing is
 * now.
 */
import type { Cluster } from '@aws-sdk/client-ecs';
import { changeNotice, listNotices } from '../aws/ledger/notices.ts';
import type { Table } from '../aws/ledger/table.ts';
import {
  heard,
  isNews,
  isOpen,
  isToBeCalledOff,
  knownAs,
  type NoticeEntry,
  underNameOf,
} from '../core/notices/entry.ts';
import { outlook } from '../core/notices/escalation.ts';
import { isOfEc2, type Notice } from '../core/notices/notice.ts';
import type { Provenance } from '../core/provenance.ts';
import { measure } from '../edge/metrics.ts';
import { answerFargate } from './answer-fargate.ts';
import { answerHosts, type StartedForNotice } from './answer-hosts.ts';
import { callOff } from './call-off.ts';

/** Entities that are written at the same time. */
const AT_ONCE = 10;

/** Writes down what a delivery says. @returns the entries of which it said something new. */
export async function takeIn(table: Table, notice: Notice, nowMs: number): Promise<NoticeEntry[]> {
  const changed: NoticeEntry[] = [];
  const left = [...notice.entities];
  const all = notice.kind === 'fargate-tasks' ? [] : await listNotices(table);
  while (left.length > 0) {
    await Promise.all(
      left.splice(0, AT_ONCE).map(async (named) => {
        const before = knownAs(all, notice, named);
        const said = before === undefined ? notice : underNameOf(notice, before);
        let saysMore = false;
        const entry = await changeNotice(table, { ...said, entity: named.entity }, (known) => {
          const next = heard(known, said, named, nowMs);
          saysMore = next !== undefined && isNews(known, next);
          // EC2's looks come each day: what they find unchanged is no later word.
          if (next === undefined || (!saysMore && isOfEc2(notice.eventArn))) return undefined;
          return said === notice ? next : calledAlso(next, notice.eventArn);
        });
        if (saysMore && entry !== undefined) changed.push(entry);
      }),
    );
  }
  return changed;
}

function calledAlso(entry: NoticeEntry, eventArn: string): NoticeEntry {
  return { ...entry, alsoCalled: [...new Set([...(entry.alsoCalled ?? []), eventArn])] };
}

/** Everything that is not over, looked at once more: windows open, dates come, AWS acts by itself. */
export async function answerOpen(
  table: Table,
  clusters: readonly Cluster[],
  origin: Provenance,
  nowMs: number,
): Promise<StartedForNotice[]> {
  const all = await listNotices(table);
  const open = all.filter(isOpen);
  for (const cluster of new Set(open.flatMap(({ cluster }) => cluster ?? []))) {
    const { pending, nearestHours } = outlook(
      open.filter((entry) => entry.cluster === cluster),
      nowMs,
    );
    const hours = nearestHours === undefined ? {} : { NoticeDeadlineHours: nearestHours };
    measure({ NoticesPending: pending, ...hours }, { cluster });
  }
  const unsettled = all.filter(isToBeCalledOff);
  return answerNotices(table, [...unsettled, ...open], clusters, origin, nowMs);
}

/**
 * Starts what answers these entries, closes those that are over, tells those that are not ours. `clusters`: all that opted in.
 */
export async function answerNotices(
  table: Table,
  entries: readonly NoticeEntry[],
  clusters: readonly Cluster[],
  origin: Provenance,
  nowMs: number,
): Promise<StartedForNotice[]> {
  await callOff(table, entries, origin, nowMs);
  const hosts = await answerHosts(table, entries, clusters, origin, nowMs);
  return [...hosts, ...(await answerFargate(table, entries, clusters, origin, nowMs))];
}
