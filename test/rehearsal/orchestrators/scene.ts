/** What the meddled product is rehearsed on: small clusters, each with what makes one guard matter. */
import { requestSchema } from '../../../functions/edge/request.ts';
import { inputOf } from '../../../rehearsal/bench/run-ours.ts';
import { buildCapture } from '../../../rehearsal/clusters/build.ts';
import type { ClusterSpec } from '../../../rehearsal/clusters/spec.ts';
import type { RehearsalInput } from '../../../rehearsal/input.ts';
import { type Account, asCaller } from '../../../simulator/account.ts';
import { parseCapture } from '../../../simulator/capture/parse.ts';
import { faultsSchema } from '../../../simulator/faults/schema.ts';
import type { TimingOverrides } from '../../../simulator/timings.ts';
import { SMALL_CLUSTER } from '../support/rolled-account.ts';
import { type Meddler, withFunction } from './meddled.ts';

export interface Scene {
  readonly spec: ClusterSpec;
  /** What is asked; a rollover of the cluster without it. */
  readonly request?: Readonly<Record<string, unknown>>;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly faults?: readonly unknown[];
  /** Changes the capture's JSON where the spec has no word for it. */
  // biome-ignore lint/suspicious/noExplicitAny: JSON in AWS's shapes.
  readonly capture?: (json: any) => void;
  /** What others do meanwhile. */
  readonly beside?: (account: Account, stateMachineArn: string) => void;
  /** How AWS answers here, beyond what the account draws; made anew for each run. */
  readonly answers?: (account: () => Account) => Meddler;
  readonly timings?: TimingOverrides;
  /** How the product ends here, where another end would be wrong. */
  readonly outcome?: string;
}

/** A run that has not ended by then never will: these take half an hour at most. */
const HORIZON_SECONDS = 2400;

export function captureInput({
  spec,
  request,
  settings = {},
  faults = [],
  capture,
  timings = {},
}: Scene): Omit<RehearsalInput, 'seed'> {
  const input = {
    ...inputOf(spec, settings, faultsSchema.parse(faults)),
    ...(request && { start: { kind: 'request' as const, request: requestSchema.parse(request) } }),
    timings,
    horizonSeconds: HORIZON_SECONDS,
  };
  if (!capture) return input;
  const json = JSON.parse(JSON.stringify(buildCapture(spec)));
  capture(json);
  const parsed = parseCapture(json);
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return { ...input, capture: parsed.ok };
}

export const SMALL: Scene = { spec: SMALL_CLUSTER, settings: { bakeSeconds: 60 } };

/** Tasks that take their time to stop, and no load balancer whose targets would tell of it. */
export const SLOW_STOPS: Scene = {
  ...SMALL,
  spec: {
    ...SMALL_CLUSTER,
    services: [{ name: 'worker', desired: 8, stopTimeoutSeconds: 120 }],
  },
  timings: { stopSeconds: 100 },
};

/** A job that a person started, which does not end. */
export const WITH_JOB: Scene = {
  ...SMALL,
  spec: { ...SMALL_CLUSTER, standalone: [{ family: 'nightly' }] },
  settings: { bakeSeconds: 60, standaloneTimeoutSeconds: 300 },
};

/** More than a page of tasks (100). */
export const MANY_TASKS: Scene = {
  ...SMALL,
  spec: {
    ...SMALL_CLUSTER,
    groups: SMALL_CLUSTER.groups.map((group) => ({ ...group, hosts: 8 })),
    services: [
      { name: 'api', desired: 56, cpu: 128, memoryMiB: 256 },
      { name: 'worker', desired: 56, cpu: 128, memoryMiB: 256 },
    ],
  },
};

/** Somebody has suspended a process of the group for reasons of his own. */
export const PARTLY_SUSPENDED: Scene = {
  ...SMALL,
  capture: (json) => {
    json.autoScaling.autoScalingGroups[0].SuspendedProcesses = [
      { ProcessName: 'AlarmNotification', SuspensionReason: 'by hand' },
    ];
  },
};

export const ONLY_OBSERVED: Scene = { ...SMALL, spec: { ...SMALL_CLUSTER, enabled: 'observe' } };

/** One host of the group stands by: somebody looks into it. */
export const WITH_STANDBY: Scene = {
  ...SMALL,
  capture: (json) => {
    const group = json.autoScaling.autoScalingGroups[0];
    group.Instances[3].LifecycleState = 'Standby';
    group.DesiredCapacity = 3;
  },
};

/** The group belongs to another manager. */
export const MANAGED_BY_ANOTHER: Scene = {
  ...SMALL,
  capture: (json) => {
    json.autoScaling.autoScalingGroups[0].Operator = { Managed: true, Principal: 'eks.amazonaws.com' };
  },
};

/** A second execution is started by hand while the first is on its way. */
export const STARTED_TWICE: Scene = {
  ...SMALL,
  beside: (account, stateMachineArn) => {
    account.clock.after(200_000, () =>
      account.stepFunctions.start(stateMachineArn, JSON.stringify({ cluster: 'prod' })),
    );
  },
};

/** Somebody scales out while hosts move. */
export const SCALED_OUT: Scene = {
  ...SMALL,
  faults: [{ kind: 'scheduled-action', when: 'first-drain', group: 'web', desired: 6 }],
};

/** Every task dies on the new image. */
export const BAD_IMAGE: Scene = {
  ...SMALL,
  outcome: 'ROLLED_BACK',
  faults: [{ kind: 'image-breaks-tasks', atSeconds: 0, exitCode: 1, afterSeconds: 20, share: 1 }],
};

/** The function that drains dies after its call, each time. */
export const DRAIN_CRASHES: Scene = {
  ...SMALL,
  faults: [{ kind: 'handler-crash', atSeconds: 0, function: 'drain', afterCalls: 2, times: 8 }],
};

/** The window closes before hosts could have moved, and opens again (the capture is of a Sunday noon). */
export const WINDOW_CLOSES: Scene = {
  ...SMALL,
  settings: { bakeSeconds: 60, windows: ['Sun 12:00-12:03 UTC', 'Sun 12:20-12:50 UTC'] },
};

/** Tasks that say of themselves, for a quarter of an hour, that they must not be stopped. */
export const WITH_PROTECTED_TASKS: Scene = {
  ...SMALL,
  spec: {
    ...SMALL_CLUSTER,
    services: SMALL_CLUSTER.services.map((service) =>
      service.name === 'api' ? { ...service, protectedTasks: { count: 4, seconds: 900 } } : service,
    ),
  },
};

/** The first new host loses its agent as soon as it is there; one new host at a time. */
export const AGENT_GOES: Scene = {
  // Without a daemon, whose absence would tell as well.
  spec: { ...SMALL_CLUSTER, services: SMALL_CLUSTER.services.filter(({ daemon }) => !daemon) },
  settings: { bakeSeconds: 60, surge: 1, registrationTimeoutSeconds: 300 },
  faults: [{ kind: 'agent-disconnects', when: 'canary-ready', instance: 'canary', seconds: 7200 }],
};

/** The function that drains dies once: another try would do. */
export const DRAIN_CRASHES_ONCE: Scene = {
  ...SMALL,
  outcome: 'SUCCEEDED',
  faults: [{ kind: 'handler-crash', atSeconds: 0, function: 'drain', afterCalls: 2, times: 1 }],
};

/** So far may lists be behind: longer than one look, shorter than two reads 15 s apart and the look before them. */
const LIST_LAG_MS = 20_000;

/**
 * Somebody starts a task on an empty host in the very moment in which it is drained, and lists show new tasks late, while
 * the host itself is described as it is. ECS's answers are eventually consistent (Amazon ECS API reference, RunTask: "the
 * result of an API command you run … might not be immediately visible to all subsequent commands").
 */
export const TASK_COMES_LAST: Scene = {
  spec: { ...SMALL_CLUSTER, services: [{ name: 'api', desired: 2 }] },
  // Without a trial, which would let time pass before the first host ends.
  settings: { canaryInstances: 0, standaloneTimeoutSeconds: 300 },
  outcome: 'PARTIAL',
  beside: startsTaskWithDrain,
  answers: (account) => async (call, send) => {
    const output = await send(call.input);
    if (call.operation !== 'ECS.ListTasks') return output;
    const { truth } = account();
    const isListed = (arn: string) => truth.nowMs - (truth.task(arn)?.createdAtMs ?? 0) >= LIST_LAG_MS;
    return { ...output, taskArns: output.taskArns?.filter(isListed) };
  },
};

/** The first host that is empty when it is asked to drain gets a task just before. */
function startsTaskWithDrain(account: Account): void {
  let isStarted = false;
  withFunction(
    'drain',
    () => import('../../../functions/drain.ts'),
    async (ours, event, { truth }) => {
      const empty = event.step.drain.find(
        ({ instanceId }: { instanceId: string }) => truth.tasksOn(instanceId).length === 0,
      );
      const taskDefinition = truth.tasks()[0]?.taskDefinitionArn;
      if (!isStarted && empty !== undefined) {
        isStarted = true;
        const { ecs } = await import('../../../functions/aws/clients.ts');
        const { StartTaskCommand } = await import('@aws-sdk/client-ecs');
        const containerInstances = [empty.containerInstanceArn];
        await asCaller('outside', () =>
          ecs.send(new StartTaskCommand({ cluster: 'prod', taskDefinition, containerInstances })),
        );
      }
      return ours(event);
    },
  )(account);
}
