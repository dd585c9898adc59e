/**
 * I11: all lists paged, all batches within AWS's limits, all `failures[]` read.
 *
 * Paged: an answer with a token for a next page is followed by a call of the same function with that token; a list that
 * is left at the end was not read whole. Two invocations of a function may read the same list at the same time, so a list
 * that is begun does not say that the one before was left. Failures read: a host that AWS refused to drain is not ended as
 * if it had drained.
 */
import type { CallObservation } from '../../simulator/observation.ts';
import { actionOf, inputOf, touchedBy } from './calls.ts';
import { type CheckerFactory, isOurs, tookEffect, Verdicts } from './checker.ts';
import { BATCH_LIMITS, NEWEST_FIRST, pageTokensOf } from './page-limits.ts';

/** Faults after which a function may not have come to its next page; their own call is excused. */
const INTERRUPTIONS = new Set(['handler-crash', 'stop-execution', 'api-error', 'lost-response']);

interface OpenList {
  readonly function: string;
  readonly operation: string;
  readonly token: string;
  readonly atMs: number;
  excused: boolean;
}

export const answersAreReadWhole: CheckerFactory = (context) => {
  const verdicts = new Verdicts('I11', context.startedAtMs);
  const openLists = new Map<string, OpenList[]>();
  /** Hosts that AWS refused to drain at the last attempt. */
  const refused = new Set<string>();

  function judgeBatch(call: CallObservation, atMs: number): void {
    const limit = BATCH_LIMITS[call.operation];
    const items = limit && inputOf(call)[limit.field];
    if (!limit || !Array.isArray(items) || items.length <= limit.most) return;
    verdicts.add(
      atMs,
      `batch ${call.operation} ${call.function}`,
      `${call.function} sent ${items.length} ${limit.field} in one ${call.operation}, AWS takes ${limit.most}`,
    );
  }

  function judgePages(call: CallObservation, atMs: number): void {
    const { given, next, base } = pageTokensOf(call);
    // Most calls have one page and none is open: their identity is not asked for.
    if (openLists.size === 0 && next === undefined) return;
    const key = `${call.function} ${call.operation} ${base()}`;
    const lists = openLists.get(key) ?? [];
    const followed = lists.findIndex(({ token }) => token === given);
    if (followed >= 0) lists.splice(followed, 1);
    if (lists.length === 0) openLists.delete(key);
    if (!tookEffect(call.answer) || next === undefined || NEWEST_FIRST.has(call.operation)) return;
    const { operation } = call;
    lists.push({ function: call.function, operation, token: next, atMs, excused: false });
    openLists.set(key, lists);
  }

  function tellUnread(list: OpenList, atMs: number): void {
    if (list.excused) return;
    verdicts.add(
      atMs,
      `pages ${list.operation} ${list.function}`,
      `${list.function} read one page of ${list.operation} and left the rest, although AWS gave a token for more`,
    );
  }

  function judgeFailures(call: CallObservation, atMs: number): void {
    const { instanceIds } = touchedBy(call, context.chronicle);
    if (call.operation === 'ECS.UpdateContainerInstancesState' && call.answer === 'partial') {
      for (const instanceId of instanceIds) {
        if (context.chronicle.hosts.get(instanceId)?.status === 'ACTIVE') refused.add(instanceId);
      }
    }
    if (!actionOf(call.operation).startsWith('Terminate') || !tookEffect(call.answer)) return;
    for (const instanceId of instanceIds.filter((id) => refused.has(id))) {
      verdicts.add(
        atMs,
        `failures ${instanceId}`,
        `${call.function} ended ${instanceId}, which AWS had refused to drain (failures[] of a 200) and which never was DRAINING`,
      );
    }
  }

  return {
    invariant: 'I11',
    violations: verdicts.violations,
    observe(observation, atMs, change) {
      if (change?.kind === 'drain') refused.delete(change.host.instanceId);
      if (observation.kind === 'fault' && INTERRUPTIONS.has(observation.fault)) {
        for (const list of [...openLists.values()].flat()) list.excused = true;
      }
      if (observation.kind !== 'call' || !isOurs({ kind: 'function', name: observation.function })) return;
      judgeBatch(observation, atMs);
      judgePages(observation, atMs);
      judgeFailures(observation, atMs);
    },
    end(truth) {
      for (const list of [...openLists.values()].flat()) tellUnread(list, truth.nowMs);
    },
  };
};
