/** Our own product, each time with exactly one guard removed. `guard` says what is gone; the judge must miss it. */
import type { Account } from '../../../simulator/account.ts';
import {
  type Meddler,
  type Meddling,
  reads,
  type Shape,
  sends,
  withDefinition,
  withFunction,
} from './meddled.ts';
import * as scene from './scene.ts';

export interface RemovedGuard extends Meddling {
  readonly name: string;
  /** One of these must be told; `ending`: it does not end, gives not everything back, or ends as it should not. */
  readonly caughtBy: readonly string[];
}

const ASSESS = () => import('../../../functions/assess.ts');
const TERMINATE_CALL = 'AutoScaling.TerminateInstanceInAutoScalingGroup';
const UPDATE_CALL = 'AutoScaling.UpdateAutoScalingGroup';
const isJob = (task: Shape) => task.group?.startsWith('family:');

/** Outdated hosts that serve still, as acts of a step. */
function servingHosts(account: Account): Shape[] {
  const { truth } = account;
  return truth.hosts().flatMap((host) => {
    const joined = truth.containerInstanceOf(host.instanceId);
    const isOld = host.launchTimeMs < account.clock.startMs;
    if (!isOld || host.state !== 'running' || joined?.status !== 'ACTIVE') return [];
    const { instanceId } = host;
    return [
      { instanceId, containerInstanceArn: joined.containerInstanceArn, reason: 'no rule held it back' },
    ];
  });
}

const readyHosts = (account: Account) =>
  account.truth
    .hosts()
    .filter(
      (host) =>
        host.launchTimeMs >= account.clock.startMs &&
        account.truth.containerInstanceOf(host.instanceId)?.status === 'ACTIVE',
    ).length;

/** `assess` decides as ever, then drains what the rule would have held back. */
const drainsAlso = (isTime: (account: Account) => boolean, most: number) =>
  withFunction('assess', ASSESS, async (ours, event, account) => {
    const decided = await ours(event);
    if (!isTime(account) || decided.step.register.length > 0 || decided.next === 'restore') return decided;
    const drain = servingHosts(account).slice(0, most);
    return drain.length === 0 ? decided : { ...decided, step: { ...decided.step, drain }, next: 'drain' };
  });

export const REMOVED_GUARDS: readonly RemovedGuard[] = [
  {
    name: 'waits for tasks to be STOPPED (16)',
    scene: scene.SLOW_STOPS,
    meddler: reads('ECS.DescribeTasks', (output) => ({
      ...output,
      tasks: output.tasks?.filter((task: Shape) => task.desiredStatus === 'RUNNING'),
    })),
    caughtBy: ['I1'],
  },
  {
    name: 'sees tasks of no service',
    scene: scene.WITH_JOB,
    meddler: reads('ECS.DescribeTasks', (output) => ({
      ...output,
      tasks: output.tasks?.filter((task: Shape) => !isJob(task)),
    })),
    caughtBy: ['I1'],
  },
  {
    name: 'stops only tasks that were opted into force',
    scene: scene.WITH_JOB,
    arrange: withFunction('assess', ASSESS, async (ours, event, account) => {
      const decided = await ours(event);
      const stopTasks = account.truth
        .tasks()
        .filter((task) => isJob(task) && task.desiredStatus === 'RUNNING')
        .map(({ taskArn }) => ({ taskArn, reason: 'in the way' }));
      if (stopTasks.length === 0 || decided.next !== 'wait') return decided;
      return { ...decided, step: { ...decided.step, stopTasks }, next: 'drain' };
    }),
    caughtBy: ['I1'],
  },
  {
    name: 'terminates by id, never by lowering desired (18)',
    scene: scene.SMALL,
    arrange: withFunction(
      'terminate',
      () => import('../../../functions/terminate.ts'),
      async (_ours, event) => {
        const { autoScaling } = await import('../../../functions/aws/clients.ts');
        const { UpdateAutoScalingGroupCommand } = await import('@aws-sdk/client-auto-scaling');
        const DesiredCapacity = 8 - event.step.terminate.length;
        await autoScaling.send(
          new UpdateAutoScalingGroupCommand({
            AutoScalingGroupName: 'web',
            MinSize: 2,
            DesiredCapacity,
          }),
        );
        return { ...event, next: 'wait' };
      },
    ),
    caughtBy: ['I1'],
  },
  {
    name: 'decrements with the termination (18)',
    scene: scene.SMALL,
    meddler: sends(TERMINATE_CALL, (input) => ({ ...input, ShouldDecrementDesiredCapacity: false })),
    caughtBy: ['I4', 'ending'],
  },
  {
    name: 'holds at most a share in motion (7)',
    scene: scene.SMALL,
    arrange: drainsAlso((account) => readyHosts(account) >= 4, Number.POSITIVE_INFINITY),
    caughtBy: ['I13', 'I5'],
  },
  {
    name: 'moves a service that may stop first in one zone at a time (7)',
    scene: scene.SMALL,
    arrange: drainsAlso((account) => readyHosts(account) >= 4, 2),
    caughtBy: ['I5', 'I13'],
  },
  {
    name: 'has room before it drains (8)',
    scene: scene.SMALL,
    arrange: drainsAlso((account) => readyHosts(account) === 0, 1),
    caughtBy: ['I3'],
  },
  {
    name: 'believes only hosts that have joined (4)',
    scene: { ...scene.SMALL, settings: { bakeSeconds: 0 } },
    arrange: drainsAlso((account) => account.truth.hosts().length > 4 && readyHosts(account) === 0, 1),
    caughtBy: ['I3'],
  },
  {
    name: 'leaves a cluster alone that another run has claimed',
    scene: scene.STARTED_TWICE,
    meddler: (): Meddler => {
      let isTaken = false;
      return async (call, send) => {
        const { Key, Item } = call.input;
        if (call.by === 'plan') isTaken = false;
        if (Item?.pk?.S === 'CLAIM' && call.by === 'prepare') isTaken = true;
        const output = await send(call.input);
        const isTaking = call.by === 'plan' || (call.by === 'prepare' && !isTaken);
        if (isTaking && call.operation === 'DynamoDB.GetItem' && Key.pk.S === 'CLAIM' && output.Item) {
          delete output.Item.data.M.owner;
          // Each run gets the first token: the fence knows a run by it alone.
          output.Item.data.M.token = { N: '0' };
        }
        return output;
      };
    },
    caughtBy: ['I6'],
  },
  {
    name: 'writes down what a group was before it touches it',
    scene: scene.SMALL,
    meddler: (): Meddler => {
      const late: (() => Promise<unknown>)[] = [];
      return async (call, send) => {
        const isWrite = call.operation === 'DynamoDB.BatchWriteItem' || call.operation === 'DynamoDB.PutItem';
        if (isWrite && late.length < 8 && JSON.stringify(call.input).includes('"web"')) {
          late.push(() => send(call.input));
          return {};
        }
        const output = await send(call.input);
        if (/^(AutoScaling|EC2)\.(Update|Suspend|Create|Put|Modify)/.test(call.operation))
          for (const write of late.splice(0)) await write();
        return output;
      };
    },
    caughtBy: ['I4', 'ending'],
  },
  {
    name: 'gives Min back',
    scene: scene.SMALL,
    meddler: sends(UPDATE_CALL, ({ MinSize, ...rest }, by) =>
      by === 'restore' ? rest : { MinSize, ...rest },
    ),
    caughtBy: ['I4'],
  },
  {
    name: 'resumes what it suspended',
    scene: scene.SMALL,
    meddler: sends('AutoScaling.ResumeProcesses', () => undefined),
    caughtBy: ['I4'],
  },
  {
    name: 'leaves suspended what others suspended',
    scene: scene.PARTLY_SUSPENDED,
    meddler: sends('AutoScaling.ResumeProcesses', ({ AutoScalingGroupName }) => ({ AutoScalingGroupName })),
    caughtBy: ['I4'],
  },
  {
    name: 'keeps sizes that others changed meanwhile (2)',
    scene: scene.SCALED_OUT,
    meddler: sends(UPDATE_CALL, (input, by) => (by === 'restore' ? { ...input, DesiredCapacity: 4 } : input)),
    caughtBy: ['I4', 'I1'],
  },
  {
    name: 'restores at its end',
    scene: scene.SMALL,
    arrange: withDefinition((states) => {
      for (const choice of states['Next act'].Choices) if (choice.Next === 'Restore') choice.Next = 'Report';
    }),
    caughtBy: ['I4', 'ending'],
  },
  {
    name: 'sets hosts ACTIVE that it gives up (12)',
    scene: scene.WITH_JOB,
    meddler: sends('ECS.UpdateContainerInstancesState', (input) =>
      input.status === 'ACTIVE' ? undefined : input,
    ),
    caughtBy: ['I8', 'ending'],
  },
  {
    name: 'says why it holds a host',
    scene: scene.WITH_JOB,
    meddler: (): Meddler => async (call, send) =>
      call.operation === 'SNS.Publish' ? { MessageId: 'never-sent' } : send(call.input),
    caughtBy: ['I7'],
  },
  {
    name: 'leaves clusters alone that only observe',
    scene: scene.ONLY_OBSERVED,
    meddler: reads('ECS.DescribeClusters', (output) => ({
      ...output,
      clusters: output.clusters?.map((cluster: Shape) => ({
        ...cluster,
        tags: [{ key: 'rollover:enabled', value: 'true' }],
      })),
    })),
    caughtBy: ['I9'],
  },
  {
    name: 'leaves hosts in Standby alone',
    scene: scene.WITH_STANDBY,
    meddler: reads('AutoScaling.DescribeAutoScalingGroups', (output) => ({
      ...output,
      AutoScalingGroups: output.AutoScalingGroups?.map((group: Shape) => ({
        ...group,
        Instances: group.Instances?.map((one: Shape) =>
          one.LifecycleState === 'Standby' ? { ...one, LifecycleState: 'InService' } : one,
        ),
      })),
    })),
    caughtBy: ['I9'],
  },
  {
    name: 'leaves another manager’s group alone',
    scene: scene.MANAGED_BY_ANOTHER,
    meddler: reads('AutoScaling.DescribeAutoScalingGroups', (output) => ({
      ...output,
      AutoScalingGroups: output.AutoScalingGroups?.map(({ Operator: _operator, ...group }: Shape) => group),
    })),
    caughtBy: ['I9'],
  },
  {
    name: 'reads lists to their end',
    scene: scene.MANY_TASKS,
    meddler: reads('ECS.ListTasks', ({ nextToken: _next, ...output }) => output),
    caughtBy: ['I11'],
  },
  {
    name: 'waits for a scheduler that backs off, without a deployment (14)',
    scene: scene.SMALL,
    arrange: withFunction(
      'drain',
      () => import('../../../functions/drain.ts'),
      async (ours, event) => {
        const { ecs } = await import('../../../functions/aws/clients.ts');
        const { UpdateServiceCommand } = await import('@aws-sdk/client-ecs');
        const done = await ours(event);
        await ecs.send(
          new UpdateServiceCommand({ cluster: 'prod', service: 'api', forceNewDeployment: true }),
        );
        return done;
      },
    ),
    caughtBy: ['I12'],
  },
  {
    name: 'catches what breaks in a state',
    scene: scene.DRAIN_CRASHES,
    arrange: (account) => {
      withDefinition((states) => {
        for (const state of Object.values(states)) delete state.Catch;
      })(account);
      account.lambda.register('sweep', { timeoutSeconds: 60, handler: async () => ({}) });
    },
    caughtBy: ['I4', 'I7', 'I8', 'ending'],
  },
  {
    name: 'goes from a failure through restoring',
    scene: scene.DRAIN_CRASHES,
    arrange: (account) => {
      withDefinition((states) => {
        for (const state of Object.values(states))
          for (const one of state.Catch ?? []) if (one.Next === 'Restore') one.Next = 'Report';
      })(account);
      // The second belt: it would find what is left, and give it back.
      account.lambda.register('sweep', { timeoutSeconds: 60, handler: async () => ({}) });
    },
    caughtBy: ['I4', 'ending'],
  },
  {
    name: 'sees that tasks die on the new image (4)',
    scene: scene.BAD_IMAGE,
    meddler: (): Meddler => async (call, send) => {
      const output = await send(call.input);
      if (call.operation !== 'ECS.DescribeTasks') return output;
      return { ...output, tasks: output.tasks?.filter((task: Shape) => task.lastStatus !== 'STOPPED') };
    },
    caughtBy: ['I2', 'ending'],
  },
];
