/** One look at all services of a game day: one after the other, one task at a time, no further once one did not come back. Pure. */
import { isDeepStrictEqual } from 'node:util';
import type { Ending } from '../outcome.ts';
import type { WindowState } from '../windows.ts';
import { decideGameDayService, type GameDayRules } from './decide-service.ts';
import { type GameDayLook, type GameDayMemory, recoveredStops, secondsToHealthy } from './facts.ts';
import { refusalOf, unsteadinessOf } from './steady.ts';

/** What is assumed of a recovery before one is measured. */
const TYPICAL_SECONDS = 600;
/** Reasons are for people: an execution's Cause takes 32,768 characters, a reader fewer. */
const REASON_MAX = 1500;

export interface GameDayFacts {
  readonly observedAtMs: number;
  readonly runId: string;
  readonly window: WindowState;
  /** In the order in which they are taken. */
  readonly services: readonly GameDayLook[];
  /** Tasks that were named and are of no service here. */
  readonly leftAlone: readonly { readonly task: string; readonly reason: string }[];
  /** Why nothing more may begin, beside the window; undefined: it may. */
  readonly noMore?: string;
}

export interface GameDaySettings {
  readonly drainTimeoutSeconds: number;
}

export interface GameDayStep {
  /** The one task to stop now; its service's memory says so already. */
  readonly stop?: { readonly serviceName: string; readonly taskArn: string };
  /** What changed of the memory, to be written before anything is done. */
  readonly remember: readonly { readonly serviceName: string; readonly memory: GameDayMemory }[];
  /** What is waited for. */
  readonly waitsFor?: { readonly serviceName: string; readonly reason: string };
  readonly ending?: Ending;
}

export function decideGameDay(facts: GameDayFacts, settings: GameDaySettings): GameDayStep {
  const closed = closedBecause(facts);
  // Before its first stop the whole day waits for the window, instead of being cut short.
  if (closed !== undefined && facts.services.every(({ memory }) => memory.stops.length === 0))
    return { remember: [], ending: { outcome: 'PENDING_WINDOW', reason: closed } };
  const noMore = facts.noMore ?? closed;
  const rules: GameDayRules = {
    nowMs: facts.observedAtMs,
    limitMs: settings.drainTimeoutSeconds * 1000,
    runId: facts.runId,
    ...(noMore !== undefined && { noMore }),
  };
  const remember: GameDayStep['remember'][number][] = [];
  const looked: GameDayLook[] = [];
  for (const look of facts.services) {
    if (look.memory.verdict !== undefined) {
      looked.push(look);
      continue;
    }
    const { serviceName } = look.ask;
    if (look.now === 'unread') return { waitsFor: { serviceName, reason: 'its turn comes' }, remember };
    const step = decideGameDayService({ ...look, now: look.now }, rules);
    if (step.next !== 'end') {
      if (!isDeepStrictEqual(step.memory, look.memory)) remember.push({ serviceName, memory: step.memory });
      if (step.next === 'stop') return { stop: { serviceName, taskArn: step.stop.taskArn }, remember };
      return { waitsFor: { serviceName, reason: step.reason }, remember };
    }
    const { outcome, isComplete, reason } = step;
    const memory = { ...step.memory, verdict: { outcome, isComplete, reason, atMs: facts.observedAtMs } };
    remember.push({ serviceName, memory });
    looked.push({ ...look, memory });
    if (outcome === 'not-recovered') break;
  }
  return { remember, ending: endingOf(looked, facts) };
}

/** What would be done, for a cluster that only observes: nothing of it is. */
export function previewGameDay({
  services,
  leftAlone,
}: Pick<GameDayFacts, 'services' | 'leftAlone'>): string {
  const said = services.map(({ ask: { serviceName, tasks }, now }) => {
    if (now === 'unread') return `${serviceName}: not looked at`;
    const why = refusalOf(serviceName, now) ?? (now && unsteadinessOf(now, 0));
    const count = typeof tasks === 'number' ? tasks : tasks.length;
    const would = `${count} of its tasks would be stopped, one at a time`;
    return `${serviceName}: ${why === undefined ? would : `left alone, ${why}`}`;
  });
  return [...said, ...leftAlone.map(({ task, reason }) => `${task}: left alone, ${reason}`)].join('; ');
}

/** Outside the window, or too near its end for a service to be whole again in it. */
function closedBecause({ window, observedAtMs, services }: GameDayFacts): string | undefined {
  if (!window.open) return `outside the window (${window.text})`;
  const measured = services.flatMap(({ memory }) => recoveredStops(memory).map(secondsToHealthy));
  const seconds = measured.length === 0 ? TYPICAL_SECONDS : Math.max(...measured);
  if (window.closesAtMs === undefined || observedAtMs + seconds * 1000 <= window.closesAtMs) return undefined;
  return `the window closes ${new Date(window.closesAtMs).toISOString()}, before a service would be whole again`;
}

function endingOf(looked: readonly GameDayLook[], { services: all, leftAlone }: GameDayFacts): Ending {
  const verdicts = looked.flatMap(({ ask, memory: { verdict } }) =>
    verdict === undefined ? [] : [{ ...verdict, serviceName: ask.serviceName }],
  );
  const failed = verdicts.filter(({ outcome }) => outcome === 'not-recovered');
  const untouched = all.slice(looked.length).map(({ ask }) => ask.serviceName);
  // What went wrong is read first.
  const said = [...failed, ...verdicts.filter((verdict) => !failed.includes(verdict))].map(
    ({ serviceName, outcome, reason }) =>
      `${serviceName}: ${outcome === 'skipped' ? 'left alone, ' : ''}${reason}`,
  );
  if (untouched.length > 0) said.splice(failed.length, 0, `not touched any more: ${untouched.join(', ')}`);
  said.push(...leftAlone.map(({ task, reason: why }) => `${task}: left alone, ${why}`));
  const reason = said.join('; ').slice(0, REASON_MAX);
  if (failed.length > 0) return { outcome: 'FAILED', reason };
  if (verdicts.every(({ outcome }) => outcome === 'skipped')) return { outcome: 'REFUSED', reason };
  const isComplete = leftAlone.length === 0 && verdicts.every((verdict) => verdict.isComplete);
  return { outcome: isComplete ? 'SUCCEEDED' : 'PARTIAL', reason };
}
