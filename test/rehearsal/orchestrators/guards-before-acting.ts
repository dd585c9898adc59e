/** Our own product without one of the guards that keep it from acting too early, too late or in another's place. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Account } from '../../../simulator/account.ts';
import type { RemovedGuard } from './guards.ts';
import { type Meddler, reads, type Shape, withDefinition, withFunction } from './meddled.ts';
import * as scene from './scene.ts';

const ASSESS = () => import('../../../functions/assess.ts');
const ACTING = {
  assess: ASSESS,
  register: () => import('../../../functions/register.ts'),
  drain: () => import('../../../functions/drain.ts'),
  terminate: () => import('../../../functions/terminate.ts'),
};
/** The token of the run on whose behalf a function acts. */
const believedToken = new AsyncLocalStorage<number>();

/** Changes the run's own record as the product reads it; the ledger, and so the judge, keeps what was written. */
const readsRun = (change: (settings: Shape) => void) =>
  reads('DynamoDB.Query', (output) => {
    for (const item of output.Items ?? []) {
      const settings = item.data?.M?.settings?.M;
      if (item.sk?.S === 'RUN' && settings) change(settings);
    }
    return output;
  });

const hostsUp = (account: Account) => account.truth.hosts().filter(({ state }) => state === 'running').length;

export const GUARDS_BEFORE_ACTING: readonly RemovedGuard[] = [
  {
    name: 'keeps to its windows',
    scene: scene.WINDOW_CLOSES,
    meddler: readsRun((settings) => {
      settings.windows = { L: [] };
    }),
    caughtBy: ['I10'],
  },
  {
    name: 'looks twice before it believes that a host is empty (16)',
    scene: scene.TASK_COMES_LAST,
    // Whoever drains a host has seen it empty before, as it were.
    meddler: reads('DynamoDB.Query', (output) => {
      for (const { sk, data } of output.Items ?? []) {
        if (sk?.S?.startsWith('HOST#') && data?.M?.drainingSinceMs) data.M.emptySinceMs ??= { N: '1' };
      }
      return output;
    }),
    caughtBy: ['I1'],
  },
  {
    name: 'waits for protected tasks',
    scene: scene.WITH_PROTECTED_TASKS,
    meddler: reads('ECS.GetTaskProtection', (output) => ({ ...output, protectedTasks: [] })),
    caughtBy: ['I1'],
  },
  {
    name: 'asks whether agents are connected (4)',
    scene: scene.AGENT_GOES,
    meddler: reads('ECS.DescribeContainerInstances', (output) => ({
      ...output,
      containerInstances: output.containerInstances?.map((host: Shape) => ({
        ...host,
        agentConnected: true,
      })),
    })),
    caughtBy: ['I3'],
  },
  {
    name: 'tries again what may pass',
    scene: scene.DRAIN_CRASHES_ONCE,
    arrange: withDefinition((states) => {
      for (const state of Object.values(states)) delete state.Retry;
    }),
    caughtBy: ['ending'],
  },
  {
    name: 'gives back sizes last, when the surplus is gone (23)',
    scene: scene.SMALL,
    arrange: withFunction('assess', ASSESS, async (ours, event, account) => {
      const decided = await ours(event);
      if (hostsUp(account) < 8) return decided;
      const { autoScaling } = await import('../../../functions/aws/clients.ts');
      const { UpdateAutoScalingGroupCommand } = await import('@aws-sdk/client-auto-scaling');
      const sizes = { AutoScalingGroupName: 'web', MinSize: 2, MaxSize: 8, DesiredCapacity: 4 };
      await autoScaling.send(new UpdateAutoScalingGroupCommand(sizes));
      return decided;
    }),
    caughtBy: ['I1'],
  },
  {
    name: 'asks for its claim before each change',
    scene: scene.STARTED_TWICE,
    // The second run takes a claim that it believes free; the first believes that the claim has its token still.
    arrange: (account) => {
      for (const [name, load] of Object.entries(ACTING)) {
        withFunction(name, load, (ours, event) => believedToken.run(event.token, () => ours(event)))(account);
      }
    },
    meddler: (): Meddler => {
      let isTaken = false;
      return async (call, send) => {
        if (call.by === 'plan') isTaken = false;
        if (call.input.Item?.pk?.S === 'CLAIM' && call.by === 'prepare') isTaken = true;
        const output = await send(call.input);
        const claim = output.Item?.pk?.S === 'CLAIM' ? output.Item.data.M : undefined;
        if (claim === undefined) return output;
        if (call.by === 'plan' || (call.by === 'prepare' && !isTaken)) delete claim.owner;
        const token = believedToken.getStore();
        if (token !== undefined) claim.token = { N: String(token) };
        return output;
      };
    },
    caughtBy: ['I6'],
  },
];
