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

/** Two reads of "drained" at least 15 s apart (decisions.md rule 16), and the ticks between steps. */
const LOOKING_SECONDS = 45;

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
  const joinSeconds = median(outdated.flatMap(joinSecondsOf)) ?? DEFAULTS.join;
  const tasks = outdated.flatMap(({ instanceId }) => replicasOn(instanceId, context));
  const moveSeconds = moveSecondsOf(outdated, context);
  const isTried = settings.canaryInstances > 0;
  const trialSeconds = isTried ? joinSeconds + moveSeconds + settings.bakeSeconds : 0;

  const waves = wavesOf(outdated, context);
  const rounds = Math.ceil(outdated.length / Math.max(1, group.surge));
  const waveSeconds = waves * (moveSeconds + LOOKING_SECONDS);
  const turnoverSeconds = (rounds - 1) * (joinSeconds + DEFAULTS.terminate);
  const seconds = trialSeconds + joinSeconds + waveSeconds + turnoverSeconds + DEFAULTS.terminate;

  const missingSurge = 1 - Math.min(1, group.surge / outdated.length);
  // Full surge stands until the old hosts go, one wave after the other; a smaller one stands all the time.
  const shareOfTime = rounds === 1 ? (waves + 1) / (2 * waves || 1) : 1;
  const extraSeconds =
    (isTried ? trialSeconds : 0) +
    group.surge * (waveSeconds + turnoverSeconds + DEFAULTS.terminate) * shareOfTime;
  return {
    seconds,
    moves: tasks.length * (1 + BOUNCES_WITHOUT_SURGE * missingSurge),
    extraHours: extraSeconds / 3600,
  };
}

/** How many times the busiest service has to wait for its limit, or a host for its turn. */
function wavesOf(outdated: readonly HostFacts[], context: PlanContext): number {
  const onHosts = new Map<string, number[]>();
  for (const { instanceId } of outdated) {
    const counts = Map.groupBy(replicasOn(instanceId, context), (name) => name);
    for (const [name, tasks] of counts) onHosts.set(name, [...(onHosts.get(name) ?? []), tasks.length]);
  }
  let waves = 1;
  for (const [name, counts] of onHosts) {
    const service = context.services.get(name);
    if (service === undefined) continue;
    const limit = motionLimit(service, context.settings.maxTasksInMotionPercent);
    const perHost = Math.max(...counts);
    const hostsAtOnce = Math.max(1, Math.floor(limit / perHost));
    waves = Math.max(waves, Math.ceil(counts.length / hostsAtOnce));
  }
  return waves;
}

/** Replacement started and healthy, then the old task deregistered and stopped: the slowest service decides. */
function moveSecondsOf(outdated: readonly HostFacts[], context: PlanContext): number {
  const names = new Set(outdated.flatMap(({ instanceId }) => replicasOn(instanceId, context)));
  const seconds = [...names].flatMap((name) => {
    const service = context.services.get(name);
    if (service === undefined) return [];
    const stopSeconds = context.definitions.get(service.taskDefinitionArn)?.stopTimeoutSeconds ?? 30;
    const started = context.facts.tasks
      .filter((task) => task.serviceName === name && task.startedAtMs !== undefined)
      .map((task) => ((task.startedAtMs ?? 0) - task.createdAtMs) / 1000);
    const startSeconds = Math.min(300, median(started) ?? DEFAULTS.start);
    // Most processes end on SIGTERM well before stopTimeout ends them.
    return [startSeconds + DEFAULTS.healthy + service.deregistrationDelaySeconds + Math.min(10, stopSeconds)];
  });
  return Math.max(0, ...seconds);
}

function replicasOn(instanceId: string, context: PlanContext): string[] {
  return (context.tasksByHost.get(instanceId) ?? []).flatMap(({ taskClass, serviceName }) =>
    taskClass === 'replica' && serviceName !== undefined ? [serviceName] : [],
  );
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
