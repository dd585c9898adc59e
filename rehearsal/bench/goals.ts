/** The figures to reach, as rows: on which cluster, what, at most how much. A row without a goal is reported only. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseCapture } from '../../simulator/capture/parse.ts';
import type { ClusterSpec } from '../clusters/spec.ts';
import { type RehearsalInput, startOf } from '../input.ts';
import { parseScenario } from '../scenario.ts';
import { benchCluster, WELL_FILLED } from './clusters.ts';
import { inputOf, type Measured } from './run-ours.ts';

export interface Figure {
  readonly what: string;
  /** Reached when the median is not above it. */
  readonly goal?: number;
  readonly digits: number;
  /** Null where the run has no such figure (a bound of a run that did not succeed). */
  of(run: Measured): number | null;
}

export interface Roll {
  readonly name: string;
  readonly input: () => Omit<RehearsalInput, 'seed'>;
  readonly figures: readonly Figure[];
}

/** Measured in processes of their own: wall time with the process's start, and memory at its peak. */
export interface FreshRoll {
  readonly name: string;
  readonly spec: ClusterSpec;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly seconds?: number;
  readonly mebibytes?: number;
  /** Its log is written and counted. */
  readonly keepsLog: boolean;
  readonly figures: readonly Figure[];
}

const figure = (
  what: string,
  goal: number | undefined,
  digits: number,
  of: (run: Measured) => number | null,
): Figure => ({ what, ...(goal !== undefined && { goal }), digits, of });

const moves = (goal?: number) => figure('moves per task', goal, 3, ({ result }) => result.tasks.movesPerTask);
const ratio = (goal?: number) => figure('time over the bound', goal, 2, ({ result }) => result.bound.ratio);
const bill = figure('AWS bill, USD', 0.05, 4, ({ result }) => result.cost.usd);
const throttled = figure('throttled answers', 0, 0, ({ result }) => result.cost.throttled);
const payload = figure('largest payload, KiB', 64, 1, ({ result }) => result.cost.largestPayloadBytes / 1024);
const history = figure(
  'history events of an execution',
  20_000,
  0,
  ({ result }) => result.cost.historyEvents,
);
const minutes = figure('duration, minutes', undefined, 1, ({ result }) => result.durationSeconds / 60);
const executions = figure('executions', undefined, 0, (run) => run.executions);
/** Of the refill that AWS documents, in the busiest minute of a run. */
const apiShare = figure(
  'share of a request rate, %',
  25,
  1,
  (run) => run.apiShare && 100 * run.apiShare.share,
);
const notDone = figure(
  'hosts not replaced',
  0,
  0,
  ({ result: { instances } }) => instances.outdated - instances.replaced,
);
const violations = figure('violations', 0, 0, ({ result }) => result.violations.length);
/** What every run is held to. */
const ALWAYS = [violations, notDone];
/** Of a cluster without goals of its own. */
const ALSO = [moves(), ratio(), minutes, ...ALWAYS];
const LARGE = [...ALWAYS, moves(), minutes, throttled, payload, history, executions, apiShare];

const ALL_AT_ONCE = { maxTasksInMotionPercent: 100, canaryInstances: 0 };
const CREEPING = { surge: '10%' };
const SPREAD = benchCluster(50, 400);
const BINPACK = benchCluster(50, 400, { placement: 'binpack' });
/** Other mixes of the same size, without goals of their own. */
const FULL = benchCluster(50, 400, { need: WELL_FILLED });
const SMALL_SERVICES = benchCluster(50, 400, { tasksAService: 20 });

export const ROLLS: readonly Roll[] = [
  {
    name: '50 hosts, 400 tasks, spread',
    input: () => inputOf(SPREAD, {}),
    figures: [moves(1.05), ratio(1.15), minutes, throttled, payload, history, apiShare, bill, ...ALWAYS],
  },
  {
    name: 'binpack',
    input: () => inputOf(BINPACK, {}),
    figures: [moves(1.25), ratio(1.2), minutes, throttled, apiShare, bill, ...ALWAYS],
  },
  {
    name: 'spread, all in motion, no trial',
    input: () => inputOf(SPREAD, ALL_AT_ONCE),
    figures: [moves(1), ratio(), minutes, ...ALWAYS],
  },
  {
    name: 'binpack, all in motion, no trial',
    input: () => inputOf(BINPACK, ALL_AT_ONCE),
    figures: [moves(1), ratio(), minutes, ...ALWAYS],
  },
  {
    name: 'spread, surge 10 %',
    input: () => inputOf(SPREAD, CREEPING),
    figures: [moves(1.15), ratio(1.2), minutes, bill, ...ALWAYS],
  },
  {
    name: 'binpack, surge 10 %',
    input: () => inputOf(BINPACK, CREEPING),
    figures: [moves(), ratio(), minutes, ...ALWAYS],
  },
  {
    name: 'the example',
    input: exampleInput,
    figures: [moves(1.1), ratio(1.15), minutes, throttled, bill, ...ALWAYS],
  },
  ...Object.entries({ 'nine tenths full': FULL, '20 services of 20 tasks': SMALL_SERVICES }).flatMap(
    ([mix, spec]): Roll[] => [
      { name: `also: spread, ${mix}`, input: () => inputOf(spec, {}), figures: ALSO },
      {
        name: `also: binpack, ${mix}`,
        input: () => inputOf({ ...spec, placement: 'binpack' }, {}),
        figures: ALSO,
      },
      { name: `also: spread, ${mix}, surge 10 %`, input: () => inputOf(spec, CREEPING), figures: ALSO },
    ],
  ),
];

export const FRESH_ROLLS: readonly FreshRoll[] = [
  {
    name: '50 hosts, 400 tasks, in a process of its own',
    spec: SPREAD,
    settings: {},
    seconds: 3,
    keepsLog: false,
    figures: [],
  },
];

export const LARGE_ROLLS: readonly FreshRoll[] = [
  {
    name: '1,000 hosts, 10,000 tasks',
    spec: benchCluster(1_000, 10_000),
    settings: {},
    seconds: 60,
    mebibytes: 1024,
    keepsLog: true,
    figures: LARGE,
  },
  {
    name: '5,000 hosts, 50,000 tasks',
    spec: benchCluster(5_000, 50_000),
    settings: {},
    keepsLog: true,
    figures: LARGE,
  },
];

function exampleInput(): Omit<RehearsalInput, 'seed'> {
  const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'example');
  const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  const capture = parseCapture(read('capture.json'));
  const scenario = parseScenario(read('scenario.json'));
  if ('problems' in capture || !scenario.ok) throw new Error('the example cannot be read');
  const start = startOf(capture.ok, scenario.value, undefined);
  if (!start.ok) throw new Error(start.problems.join('; '));
  const { settings, timings, faults, horizonSeconds } = scenario.value;
  return { capture: capture.ok, start: start.value, settings, timings, faults, horizonSeconds };
}
