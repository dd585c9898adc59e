/** One run of a scene with one blow in it, and everything that is wrong with how it ended. */
import { startOf } from '../../rehearsal/input.ts';
import { LedgerMirror } from '../../rehearsal/ledger-mirror.ts';
import type { LogLine } from '../../rehearsal/log.ts';
import { rehearse } from '../../rehearsal/rehearse.ts';
import type { RehearsalResult } from '../../rehearsal/result.ts';
import { parseScenario } from '../../rehearsal/scenario.ts';
import { parseCapture } from '../../simulator/capture/parse.ts';
import type { CallObservation } from '../../simulator/observation.ts';
import { type Answer, type Blow, Hand, type Point, type Strike } from './hand.ts';
import type { Scene } from './scenes.ts';

export interface CrashedRun {
  readonly result: RehearsalResult;
  readonly points: readonly Point[];
  readonly answers: readonly Answer[];
  /** Undefined: the blow never fell. */
  readonly struck: Point | undefined;
  /** From the blow until another execution had the claim, and until all was over, virtual seconds. */
  readonly untilTakenOver: number | undefined;
  readonly untilOver: number | undefined;
  readonly wrongs: readonly string[];
}

/** What the run may end with, beside the scene's own outcome. */
const ALSO_ALLOWED: Readonly<Record<Blow, readonly string[]>> = {
  once: [],
  lost: [],
  'all-lost': [],
  stopped: ['ABORTED'],
  // A host whose end cannot be asked for is held, and the others go on.
  'for-good': ['FAILED', 'ABORTED', 'PARTIAL'],
};

/** The sweep comes every five minutes; the rest is its own first calls. */
const TAKEN_OVER_WITHIN_SECONDS = 300 + 60;
/** What a blow may add to a scene's own duration: retries of a state, a look more, a sweep, closing. */
const ADDS_AT_MOST_SECONDS = 3600;

export async function runScene(
  scene: Scene,
  strike?: Strike,
  takeLine: (line: LogLine) => void = () => {},
): Promise<CrashedRun> {
  const capture = parseCapture(structuredClone(scene.capture));
  if (!('ok' in capture)) throw new Error(JSON.stringify(capture.problems));
  const scenario = parseScenario(scene.scenario);
  if (!scenario.ok) throw new Error(scenario.problems.join('; '));
  const start = startOf(capture.ok, scenario.value, undefined);
  if (!start.ok) throw new Error(start.problems.join('; '));

  const mirror = new LedgerMirror();
  let hand: Hand | undefined;
  let takenOverMs: number | undefined;
  /** Nothing to take over without one: the blow fell before the run had the cluster, or after it had let go of it. */
  let isClaimed: boolean | undefined;
  const owners = new Set<string>();
  const history = new Set<string>();
  const stopped = new Set<string>();
  const { settings, timings, faults, horizonSeconds } = scenario.value;
  const startMs = capture.ok.capturedAt.getTime();
  Object.assign(process.env, scene.environment);
  const { result } = await rehearse(
    {
      capture: capture.ok,
      seed: scene.seed,
      start: start.value,
      settings,
      timings,
      faults,
      horizonSeconds,
    },
    () => {},
    (account) => {
      const held = new Hand(account, strike);
      hand = held;
      account.observe((observation, atMs) => {
        if (held.struckMs !== undefined) isClaimed ??= mirror.claims().length > 0;
        mirror.observe(observation);
        if (observation.kind === 'call') for (const key of historyKeysIn(observation)) history.add(key);
        if (observation.kind === 'task' && observation.cause?.because === 'stop-task')
          stopped.add(observation.taskArn);
        for (const { owner = '' } of mirror.claims()) {
          if (owners.has(owner)) continue;
          owners.add(owner);
          if (isClaimed === true) takenOverMs ??= atMs;
        }
      });
    },
    takeLine,
  ).finally(() => {
    for (const name of Object.keys(scene.environment ?? {})) delete process.env[name];
  });
  const { points = [], answers = [], struckPoint, struckMs } = hand ?? {};
  const seconds = (ms: number | undefined) =>
    ms === undefined || struckMs === undefined ? undefined : (ms - struckMs) / 1000;
  const run = {
    result,
    points,
    answers,
    struck: struckPoint,
    untilTakenOver: seconds(takenOverMs),
    untilOver: seconds(startMs + result.durationSeconds * 1000),
  };
  return { ...run, wrongs: wrongsOf(scene, strike, run, { mirror, history, stopped }) };
}

interface Seen {
  readonly mirror: LedgerMirror;
  /** Keys of the entries that were written to the history. */
  readonly history: ReadonlySet<string>;
  /** Tasks that StopTask ended. */
  readonly stopped: ReadonlySet<string>;
}

function wrongsOf(
  scene: Scene,
  strike: Strike | undefined,
  { result, struck, untilTakenOver, untilOver = 0 }: Omit<CrashedRun, 'wrongs'>,
  { mirror, history, stopped }: Seen,
): string[] {
  const wrongs = result.violations.map(({ invariant, message }) => `${invariant}: ${message}`);
  const claim = (what: string, holds: boolean) => {
    if (!holds) wrongs.push(`${what} (${result.outcome}: ${result.reason})`);
  };
  // Lambda gives an event up after three attempts (dead-letter queue): then nothing begins. What such an event told of is
  // found by the sweep: test/sweep.test.ts.
  const isUnbegun = strike?.blow === 'for-good' && struck?.function === 'trigger';
  const outcome = isUnbegun ? 'NOTHING_TO_DO' : scene.outcome;
  const allowed = [outcome, ...(strike === undefined ? [] : ALSO_ALLOWED[strike.blow])];
  claim(`it ends ${allowed.join(' or ')}`, allowed.includes(result.outcome));
  claim('the blow falls', strike === undefined || struck !== undefined);
  claim('all is given back', result.restored && result.leftovers.length === 0);
  claim('nothing is killed', result.tasks.killed === 0);
  claim(`${stopped.size} tasks were stopped`, stopped.size <= (scene.mostStops ?? Number.POSITIVE_INFINITY));
  claim('the claim is free', mirror.claims().length === 0);
  claim('nothing waits', mirror.pending().length === 0);
  claim('the notices tell the outcome', isUnbegun || hasNotice(result));
  for (const { record } of mirror.runs())
    claim(`${record.runId} has an outcome`, record.outcome !== undefined);
  claim('the history has each run once', new Set([...history].map(runIn)).size === history.size);
  if (untilTakenOver !== undefined && strike?.blow === 'stopped')
    claim('the sweep takes it over', untilTakenOver <= TAKEN_OVER_WITHIN_SECONDS);
  claim(`over within ${ADDS_AT_MOST_SECONDS} s`, untilOver <= scene.seconds + ADDS_AT_MOST_SECONDS);
  return wrongs;
}

function hasNotice({ notifications, outcome }: RehearsalResult): boolean {
  return notifications.some(({ kind }) => kind === outcome.toLowerCase());
}

/** Keys of the history, `cluster#when#run`, that a write of the ledger makes. */
function historyKeysIn({ operation, input }: CallObservation): string[] {
  if (operation !== 'DynamoDB.PutItem') return [];
  const { pk, sk } = (input as { Item: Record<string, { S?: string }> }).Item;
  return pk?.S === 'HISTORY' && sk?.S !== undefined ? [sk.S] : [];
}

function runIn(key: string): string {
  return key.slice(key.lastIndexOf('#') + 1);
}
