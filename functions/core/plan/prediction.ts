/** A small model of how long a run takes: the trial, then waves of moves, by the cluster's own timings. */
import { motionLimit } from '../budget.ts';
import type { HostFacts } from '../facts.ts';
import type { GroupPlan, Prediction } from '../plan.ts';
import { groupSettings, type PlanContext } from './context.ts';

/**
 * Seconds that AWS takes where the cluster itself does not tell: EC2 launch to registered agent (one published case says
 * 41 s; images differ), task created to started (Amazon ECS developer guide, "ecs_task_events": 21 s), a task without
 * check counts as healthy after 40 s (Amazon ECS API reference), termination as Auto Scaling reports it.
 */
const DEFAULTS = { join: 90, start: 21, healthy: 40, terminate: 60 };

/** Two reads that find a host ready, or drained, at least 15 to 20 s apart, and the tick before (decisions.md rules 4, 16). */
const LOOKING_SECONDS = 45;
/** A tick, and what ECS takes to notice. */
const TICK_SECONDS = 20;

/** With less than full surge some replacements land on old hosts and move again. */
const BOUNCES_WITHOUT_SURGE = 0.15;

export function predict(groups: readonly GroupPlan[], context: PlanContext): Prediction {
  const rolled = groups.filter(({ outdated }) => outdated.length > 0);
  if (rolled.length === 0) return { durationSeconds: 0, moves: 0, extraInstanceHours: 0 };

  const hosts = new Map(context.facts.hosts.map((host) => [host.instanceId, host]));
  const parts = rolled.map((group) => {
    const outdated = group.outdated.flatMap((id) => hosts.get(id) ?? []);
    return { group, outdated, ...groupPrediction(group, outdated, context) };
  });
  // Groups roll side by side; what they share is the limit on each service.
  const durationSeconds = Math.max(...parts.map(({ seconds }) => seconds));
  const moves = parts.reduce((sum, part) => sum + part.moves, 0);
  const extraInstanceHours = parts.reduce((sum, part) => sum + part.extraHours, 0);
  return {
    durationSeconds: Math.round(durationSeconds),
    moves: Math.round(moves),
    extraInstanceHours: Math.round(extraInstanceHours * 10) / 10,
  };
}

function groupPrediction(group: GroupPlan, outdated: readonly HostFacts[], context: PlanContext) {
  const settings = groupSettings(context, group.autoScalingGroupName);
  const readySeconds = readySecondsOf(outdated);
  const moves = movesOf(outdated, context);
  const slowestMove = Math.max(0, ...moves.map(({ upSeconds }) => upSeconds));
  const slowestStop = Math.max(0, ...moves.map(({ stopSeconds }) => stopSeconds));
  const movingSeconds = Math.max(0, ...moves.map(({ waves, upSeconds }) => waves * upSeconds));

  // One host alone, then the others; then the first drain, whose tasks bake before the rest moves.
  const isTried = settings.canaryInstances > 0;
  const trialSeconds = isTried ? readySeconds + settings.bakeSeconds : 0;
  const bakedSeconds = isTried ? slowestMove : 0;
  const rounds = Math.ceil(outdated.length / Math.max(1, group.surge));
  const turnoverSeconds = (rounds - 1) * (readySeconds + slowestStop + DEFAULTS.terminate);
  const tailSeconds = slowestStop + LOOKING_SECONDS + DEFAULTS.terminate;
  const sideBySide = bakedSeconds + movingSeconds + turnoverSeconds + tailSeconds;

  const missingSurge = 1 - Math.min(1, group.surge / outdated.length);
  // The old hosts end one after the other: with full surge about half of them stands beside the new at a time.
  const besideShare = rounds === 1 ? 0.5 : 1;
  const extraSeconds =
    trialSeconds + group.surge * (besideShare * sideBySide + (isTried ? settings.bakeSeconds : 0));
  return {
    seconds: readySeconds + trialSeconds + sideBySide,
    moves:
      outdated.reduce((sum, { instanceId }) => sum + replicasOn(instanceId, context).length, 0) *
      (1 + BOUNCES_WITHOUT_SURGE * missingSurge),
    extraHours: extraSeconds / 3600,
  };
}

/** How each service moves: in how many waves, how long until replacements are healthy, how long the old ones take to go. */
interface ServiceMove {
  readonly waves: number;
  readonly upSeconds: number;
  readonly stopSeconds: number;
}

function movesOf(outdated: readonly HostFacts[], context: PlanContext): ServiceMove[] {
  const perHost = new Map<string, number[]>();
  for (const { instanceId } of outdated) {
    const counts = Map.groupBy(replicasOn(instanceId, context), (name) => name);
    for (const [name, tasks] of counts) perHost.set(name, [...(perHost.get(name) ?? []), tasks.length]);
  }
  const tasks = Map.groupBy(context.facts.tasks, ({ serviceName }) => serviceName);
  return [...perHost].flatMap(([name, counts]) => {
    const service = context.services.get(name);
    if (service === undefined) return [];
    const started = (tasks.get(name) ?? []).flatMap(({ createdAtMs, startedAtMs }) =>
      startedAtMs === undefined ? [] : [(startedAtMs - createdAtMs) / 1000],
    );
    const startSeconds = Math.min(300, median(started) ?? DEFAULTS.start);
    const timeout = context.definitions.get(service.taskDefinitionArn)?.stopTimeoutSeconds ?? 30;
    return [
      {
        waves: wavesOf(counts, motionLimit(service, context.settings.maxTasksInMotionPercent)),
        upSeconds: startSeconds + DEFAULTS.healthy + TICK_SECONDS,
        // Most processes end on SIGTERM well before stopTimeout ends them.
        stopSeconds: service.deregistrationDelaySeconds + Math.min(10, timeout),
      },
    ];
  });
}

/** Hosts that carry more than the limit move alone, the others as many at a time as the limit allows. */
function wavesOf(tasksPerHost: readonly number[], limit: number): number {
  let waves = 0;
  let inMotion = Number.POSITIVE_INFINITY;
  for (const tasks of [...tasksPerHost].sort((a, b) => b - a)) {
    if (inMotion + tasks > limit) {
      waves += 1;
      inMotion = tasks;
    } else inMotion += tasks;
  }
  return waves;
}

function replicasOn(instanceId: string, context: PlanContext): string[] {
  return (context.tasksByHost.get(instanceId) ?? []).flatMap(({ taskClass, serviceName }) =>
    taskClass === 'replica' && serviceName !== undefined ? [serviceName] : [],
  );
}

/** Seconds from a launch until the host is ready, as hosts of its kind took. */
export function readySecondsOf(hosts: readonly HostFacts[]): number {
  return (median(hosts.flatMap(joinSecondsOf)) ?? DEFAULTS.join) + LOOKING_SECONDS;
}

/** Registration long after launch was a restart of the agent, not a boot. */
function joinSecondsOf({ launchTimeMs, registeredAtMs }: HostFacts): number[] {
  if (launchTimeMs === undefined || registeredAtMs === undefined) return [];
  const seconds = (registeredAtMs - launchTimeMs) / 1000;
  return seconds > 0 && seconds < 1800 ? [seconds] : [];
}

function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
