/**
 * What the judge may know of a run: the settings in force and what the run said it would replace, read from what it
 * wrote down before it touched anything. Everything else the judge sees for itself.
 */
import type { RunRecord } from '../functions/aws/ledger/runs.ts';
import type { Plan } from '../functions/core/plan.ts';
import type { Settings } from '../functions/core/settings.ts';
import type { Account } from '../simulator/account.ts';
import type { JudgedRun } from './checkers/checker.ts';
import type { RehearsalInput } from './input.ts';
import type { LedgerMirror, MirroredRun } from './ledger-mirror.ts';
import { isOpenAt } from './open-windows.ts';

/** Reads lag up to 2 s, a list and its details are two reads, and a tick's reads take a few seconds. */
const GRACE_MS = 15_000;
/** The longest tick: a wait, the reads, and the acts of one turn of the loop. */
const TICK_MS = 90_000;
const HOUR_MS = 3_600_000;

/** In force until a run has said otherwise. */
const DEFAULTS = {
  maxTasksInMotionPercent: 25,
  canaryInstances: 1,
  bakeSeconds: 300,
  standaloneTasks: 'wait',
  protectedTasks: 'wait',
  onDrainTimeout: 'hold',
} as const;

export function judgedRun(input: RehearsalInput, account: Account, mirror: LedgerMirror): JudgedRun {
  const { capture } = input;
  const optedIn = capture.ecs.clusters
    .filter((cluster) =>
      cluster.tags?.some(({ key, value }) => key === 'rollover:enabled' && value === 'true'),
    )
    .map((cluster) => cluster.clusterName ?? '');
  const isPlan = input.start.kind === 'request' && input.start.request.mode === 'plan';
  const clusters = new Set(isPlan ? [] : optedIn);
  const cluster = input.start.kind === 'request' ? nameOf(input.start.request.cluster) : (optedIn[0] ?? '');
  const run = (): MirroredRun | undefined => runAtWork(mirror);
  const gameDay = (): RunRecord | undefined => gameDayAtWork(mirror);
  const settings = (): Settings | undefined => (gameDay() ?? run()?.record)?.settings;
  const gameDayServices = optedInToGameDays(capture);
  const planned = cachedByRun(run, (found) => {
    const plans = plansUpTo(found, mirror.runs());
    return {
      targets: new Set(plans.flatMap(({ groups }) => groups.flatMap((group) => group.target.imageIds))),
      // Hosts that findings keep out are outdated all the same.
      outdated: new Set(
        plans.flatMap(({ groups, keptOut }) => [
          ...groups.flatMap((group) => group.outdated),
          ...keptOut.map(({ instanceId }) => instanceId),
        ]),
      ),
    };
  });
  return {
    truth: account.truth,
    startedAtMs: capture.capturedAt.getTime(),
    cluster,
    clusters,
    groups: groupsOf(capture, clusters),
    handsOff: new Set(
      capture.autoScaling.autoScalingGroups.flatMap((group) =>
        (group.Instances ?? [])
          .filter((instance) => instance.LifecycleState === 'Standby')
          .map((instance) => instance.InstanceId ?? ''),
      ),
    ),
    get targetImages() {
      return planned().targets;
    },
    get outdated() {
      return planned().outdated;
    },
    overridesWindow: (instanceId, atMs) => {
      const of = run();
      const { deadline, instances } = deadlineIn(of?.record.request);
      const marginHours = of?.record.settings.deadlineMarginHours ?? 0;
      return atMs >= deadline - marginHours * HOUR_MS && instances.has(instanceId);
    },
    redeployable: new Set(),
    get rehearsable() {
      const named = servicesOfGameDay(gameDay(), account);
      return new Set([...gameDayServices].filter((service) => named.has(service)));
    },
    scheduledActions: scheduledSizes(input),
    get settings() {
      const inForce = settings();
      return {
        ...DEFAULTS,
        ...inForce,
        surgeInstances(_group: string, outdated: number): number {
          const surge = inForce?.surge ?? { percent: 100 };
          const wanted = 'percent' in surge ? Math.ceil((outdated * surge.percent) / 100) : surge.count;
          return Math.max(1, Math.min(wanted, inForce?.surgeMaxInstances ?? 100));
        },
      };
    },
    isOpen: (atMs) => {
      const inForce = settings();
      return inForce === undefined || isOpenAt(inForce, atMs);
    },
    graceMs: GRACE_MS,
    tickMs: TICK_MS,
  };
}

/** The run that has the cluster; a plan that another execution only makes beside it, or before it, binds nobody. */
function runAtWork(mirror: LedgerMirror): MirroredRun | undefined {
  const claimed = new Set(mirror.claims().map(({ runId }) => runId));
  const planned = mirror.runs().filter(({ plan }) => plan !== undefined);
  return planned.findLast(({ record }) => claimed.has(record.runId)) ?? planned.at(-1);
}

/** The game day that has its cluster now. */
function gameDayAtWork(mirror: LedgerMirror): RunRecord | undefined {
  const days = mirror.runs().filter(({ record }) => record.mode === 'game-day');
  if (days.length === 0) return undefined;
  const claimed = new Set(mirror.claims().map(({ runId }) => runId));
  return days.find(({ record }) => claimed.has(record.runId))?.record;
}

/** Services whose owners tagged them for game days, by `cluster/name`. */
function optedInToGameDays({ ecs }: RehearsalInput['capture']): Set<string> {
  const only = ecs.clusters[0]?.clusterName ?? '';
  return new Set(
    ecs.services
      .filter(({ tags }) => tags?.some(({ key, value }) => key === 'rollover:game-day' && value === 'true'))
      .map(({ clusterArn, serviceName }) => `${nameOf(clusterArn ?? only)}/${serviceName}`),
  );
}

/** What its request names: services, and those of tasks. */
function servicesOfGameDay(record: RunRecord | undefined, { truth }: Account): Set<string> {
  const { services, tasks } = record?.request ?? {};
  const ids = Array.isArray(tasks) ? tasks.map((task) => nameOf(String(task))) : [];
  const ofTasks = truth.tasks().filter(({ taskArn }) => ids.includes(nameOf(taskArn)));
  return new Set([
    ...(Array.isArray(services) ? services.map((name) => `${record?.cluster}/${name}`) : []),
    ...ofTasks.map(({ group }) => `${record?.cluster}/${group.replace('service:', '')}`),
  ]);
}

/** The run's plan, and those of the runs that waited for a window and left the rest to it. */
function plansUpTo(run: MirroredRun | undefined, runs: readonly MirroredRun[]): Plan[] {
  const plans = run?.plan === undefined ? [] : [run.plan];
  const before = run === undefined ? [] : runs.slice(0, runs.indexOf(run)).reverse();
  for (const { record, plan } of before) {
    if (record.cluster !== run?.record.cluster || record.outcome?.outcome !== 'PENDING_WINDOW') break;
    if (plan !== undefined) plans.push(plan);
  }
  return plans;
}

/** What scheduled actions would set: those captured, and those that the scenario puts. */
function scheduledSizes({ capture, faults }: RehearsalInput): JudgedRun['scheduledActions'] {
  const captured = capture.autoScaling.scheduledActions.map((action) => ({
    group: action.AutoScalingGroupName ?? '',
    ...(action.MinSize !== undefined && { minSize: action.MinSize }),
    ...(action.MaxSize !== undefined && { maxSize: action.MaxSize }),
    ...(action.DesiredCapacity !== undefined && { desiredCapacity: action.DesiredCapacity }),
  }));
  const scripted = faults.flatMap((fault) =>
    fault.kind === 'scheduled-action' ? [{ group: fault.group, desiredCapacity: fault.desired }] : [],
  );
  return [...captured, ...scripted];
}

/** Groups whose hosts are in these clusters, without those that another manager runs. */
function groupsOf(capture: RehearsalInput['capture'], clusters: ReadonlySet<string>): Set<string> {
  const onlyCluster = capture.ecs.clusters[0]?.clusterName ?? '';
  const members = new Set(
    capture.ecs.containerInstances
      .filter((host) => clusters.has(clusterOf(host.containerInstanceArn ?? '') ?? onlyCluster))
      .map((host) => host.ec2InstanceId),
  );
  const providers = new Set(
    capture.ecs.clusters
      .filter((cluster) => clusters.has(cluster.clusterName ?? ''))
      .flatMap((cluster) => cluster.capacityProviders ?? []),
  );
  const ofProviders = new Set(
    capture.ecs.capacityProviders
      .filter((provider) => providers.has(provider.name ?? ''))
      .map((provider) => provider.autoScalingGroupProvider?.autoScalingGroupArn),
  );
  return new Set(
    capture.autoScaling.autoScalingGroups
      .filter((group) => !group.Operator?.Principal && !('Operator' in group && group.Operator))
      .filter(
        (group) =>
          ofProviders.has(group.AutoScalingGroupARN) ||
          (group.Instances ?? []).some((instance) => members.has(instance.InstanceId)),
      )
      .map((group) => group.AutoScalingGroupName ?? ''),
  );
}

function cachedByRun<T>(
  run: () => MirroredRun | undefined,
  make: (run: MirroredRun | undefined) => T,
): () => T {
  // A run may take named hosts into its plan while it is at work.
  let known:
    | { readonly runId: string | undefined; readonly plan: Plan | undefined; readonly value: T }
    | undefined;
  return () => {
    const found = run();
    const runId = found?.record.runId;
    const plan = found?.plan;
    if (!known || known.runId !== runId || known.plan !== plan) known = { runId, plan, value: make(found) };
    return known.value;
  };
}

/** A deadline that a request, by hand or made of an event, gives for the hosts that it names; never, where it has none. */
function deadlineIn(request: RunRecord['request'] | undefined): {
  readonly deadline: number;
  readonly instances: ReadonlySet<unknown>;
} {
  const { deadline, instances } = request ?? {};
  return {
    deadline: deadline === undefined ? Number.POSITIVE_INFINITY : new Date(String(deadline)).getTime(),
    instances: new Set(Array.isArray(instances) ? instances : []),
  };
}

function nameOf(cluster: string): string {
  return cluster.split('/').at(-1) ?? cluster;
}

/** Cluster of a container instance's ARN in the new format; the old one does not say. */
function clusterOf(arn: string): string | undefined {
  const parts = arn.split('/');
  return parts.length === 3 ? parts[1] : undefined;
}
