/** Ours beside what people use today, on the same clusters in the same account, judged and measured by the same code. */
import type { JudgedSettings } from '../checkers/checker.ts';
import { NEW_IMAGE } from '../clusters/constants.ts';
import type { ClusterSpec } from '../clusters/spec.ts';
import { doubleThenDrain } from '../policies/double-then-drain.ts';
import { handOver } from '../policies/hands.ts';
import { refreshEndingFirst, refreshLaunchingFirst } from '../policies/instance-refresh.ts';
import { oneAtATime } from '../policies/one-at-a-time.ts';
import type { Policy } from '../policies/policy.ts';
import { terminateHook } from '../policies/terminate-hook.ts';
import type { RehearsalResult } from '../result.ts';
import { AWKWARD, benchCluster, JOB_ENDS_SECONDS, WELL_FILLED } from './clusters.ts';
import { captureOf, faultsOf, inputOf, runOurs } from './run-ours.ts';

export const POLICIES: readonly Policy[] = [
  refreshEndingFirst,
  refreshLaunchingFirst,
  terminateHook,
  doubleThenDrain,
  oneAtATime,
];

/** Ours, as it is, and with what the others do: everything at once, no trial. */
export const OURS = [
  { name: 'ecs-rollover', settings: {} },
  {
    name: 'ecs-rollover, all in motion, no trial',
    settings: { maxTasksInMotionPercent: 100, canaryInstances: 0 },
  },
] as const;

export interface ComparisonCluster {
  readonly name: string;
  readonly spec: ClusterSpec;
  readonly faults: readonly unknown[];
}

export const COMPARISON_CLUSTERS: readonly ComparisonCluster[] = [
  { name: '50 hosts, 400 tasks, spread', spec: benchCluster(50, 400), faults: [] },
  {
    name: '50 hosts, 400 tasks, binpack',
    spec: benchCluster(50, 400, { placement: 'binpack' }),
    faults: [],
  },
  {
    name: '50 hosts, 400 tasks, spread, nine tenths full',
    spec: benchCluster(50, 400, { need: WELL_FILLED }),
    faults: [],
  },
  {
    name: '12 hosts, awkward',
    spec: AWKWARD,
    faults: [{ kind: 'end-task', family: 'nightly-report', exitCode: 0, atSeconds: JOB_ENDS_SECONDS }],
  },
];

/** Invariants that anybody would call harm: kills, minimums, room, hosts left behind. The others are our own manners. */
export const HARM: ReadonlySet<string> = new Set(['I1', 'I2', 'I3', 'I8', 'I12']);

export interface PolicyFigures {
  readonly policy: string;
  readonly seed: number;
  readonly durationSeconds: number;
  /** What it came to: `SUCCEEDED` …, or why it died, or that it was still running at the horizon. */
  readonly end: string;
  /** Hosts that are gone, or were patched in place, of those outdated. */
  readonly done: number;
  readonly outdated: number;
  readonly movesPerTask: number;
  /** Of the worst service: least healthy tasks over the allowed minimum; 1 = never below. */
  readonly lowestHealthyShare: number;
  readonly killed: number;
  readonly extraInstanceHours: number;
  readonly apiCalls: number;
  /** How often each invariant was broken. */
  readonly violations: Readonly<Record<string, number>>;
}

/** By the defaults of the product: what the policies are judged by is what ours is. */
const JUDGED: JudgedSettings = {
  maxTasksInMotionPercent: 25,
  canaryInstances: 0,
  bakeSeconds: 0,
  surgeInstances: (_group, outdated) => outdated,
  standaloneTasks: 'wait',
  protectedTasks: 'wait',
  onDrainTimeout: 'hold',
};

/** Nobody waits longer for a cluster of fifty hosts; managed draining gives up after two days. */
const HORIZON_SECONDS = 3 * 86_400;

export async function runPolicy(
  policy: Policy,
  { spec, faults }: ComparisonCluster,
  seed: number,
): Promise<PolicyFigures> {
  const { needs } = policy;
  const fitted = needs ? { ...spec, groups: spec.groups.map(needs) } : spec;
  const patched = new Set<string>();
  const handled = await handOver({
    capture: captureOf(fitted),
    seed,
    targetImage: NEW_IMAGE,
    cluster: spec.name ?? 'prod',
    groups: spec.groups.map((group) => group.name),
    settings: JUDGED,
    faults: faultsOf(faults),
    orchestrators: { [policy.name]: (hands) => policy.act(hands, (arn) => patched.add(arn)) },
    horizonSeconds: HORIZON_SECONDS,
  });
  const { measured, failure, ended } = handled;
  return {
    policy: policy.name,
    seed,
    durationSeconds: handled.seconds,
    end: ended ? (failure instanceof Error ? failure.message : 'SUCCEEDED') : 'still running',
    done: measured.instances.replaced + patched.size,
    outdated: measured.instances.outdated,
    movesPerTask: measured.tasks.movesPerTask,
    lowestHealthyShare: lowestHealthyShare(measured.services),
    killed: measured.tasks.killed,
    extraInstanceHours: measured.capacity.extraInstanceHours,
    apiCalls: sum(handled.cost.calls.apiCalls),
    violations: countedBy(handled.violations),
  };
}

export async function runProduct(
  { name, settings }: (typeof OURS)[number],
  { spec, faults }: ComparisonCluster,
  seed: number,
): Promise<PolicyFigures> {
  const { result } = await runOurs(inputOf(spec, settings, faultsOf(faults)), seed);
  return {
    policy: name,
    seed,
    durationSeconds: result.durationSeconds,
    end: result.outcome,
    done: result.instances.replaced,
    outdated: result.instances.outdated,
    movesPerTask: result.tasks.movesPerTask,
    lowestHealthyShare: lowestHealthyShare(result.services),
    killed: result.tasks.killed,
    extraInstanceHours: result.capacity.extraInstanceHours,
    apiCalls: sum(result.cost.apiCalls),
    violations: countedBy(result.violations),
  };
}

function lowestHealthyShare(services: RehearsalResult['services']): number {
  const shares = services.flatMap(({ lowestHealthy, allowedMinimum }) =>
    allowedMinimum > 0 ? [lowestHealthy / allowedMinimum] : [],
  );
  return Math.min(1, ...shares);
}

function countedBy(violations: RehearsalResult['violations']): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { invariant } of violations) counts[invariant] = (counts[invariant] ?? 0) + 1;
  return counts;
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
