/** Game days: one that is played with care by hand, wrong ones, and the product's without one of its guards each. */
import { ListTasksCommand, StopTaskCommand } from '@aws-sdk/client-ecs';
import type { Hands } from '../support/rolled-account.ts';
import type { RemovedGuard } from './guards.ts';
import { type Meddler, reads, type Shape } from './meddled.ts';
import { CLUSTER, untilSteady } from './moves.ts';
import { type Scene, SMALL } from './scene.ts';

/** Of the small cluster's services, the one that opted in. */
export const OPTED_IN = { judged: { rehearsable: new Set(['prod/worker']) } };

async function stopOf(hands: Hands, serviceName: string, count: number): Promise<void> {
  const { taskArns = [] } = await hands.ecs.send(new ListTasksCommand({ cluster: CLUSTER, serviceName }));
  for (const task of taskArns.slice(0, count))
    await hands.ecs.send(new StopTaskCommand({ cluster: CLUSTER, task, reason: 'game day' }));
}

/** Stops one, and the next once every service is whole. */
export async function rehearsesWithCare(hands: Hands): Promise<void> {
  for (let stops = 0; stops < 2; stops++) {
    await stopOf(hands, 'worker', 1);
    await hands.wait(30);
    await untilSteady(hands);
  }
}

export async function stopsTwoAtOnce(hands: Hands): Promise<void> {
  await stopOf(hands, 'worker', 2);
  await untilSteady(hands);
}

export async function stopsWhoDidNotOptIn(hands: Hands): Promise<void> {
  await stopOf(hands, 'api', 1);
  await untilSteady(hands);
}

const services = SMALL.spec.services.map((service) =>
  service.name === 'api' ? { ...service, minimumHealthyPercent: 50 } : service,
);
const request = { cluster: 'prod', mode: 'game-day', services: ['worker', 'api'] };
const tagged = (names: readonly string[]) => (json: Shape) => {
  for (const service of json.ecs.services)
    if (names.includes(service.serviceName)) service.tags = [{ key: 'rollover:game-day', value: 'true' }];
};

const GAME_DAY: Scene = {
  spec: { ...SMALL.spec, services },
  request,
  capture: tagged(['worker', 'api']),
  // What does not come back within this is given up.
  settings: { drainTimeoutSeconds: 600 },
};

const NOT_OPTED_IN: Scene = { ...GAME_DAY, request: { ...request, services: ['worker'] }, capture: () => {} };

/** All of the tasks that stood there. */
const OF_PROTECTED: Scene = {
  ...GAME_DAY,
  spec: {
    ...SMALL.spec,
    services: services.map((service) =>
      service.name === 'worker' ? { ...service, protectedTasks: { count: 8, seconds: 7200 } } : service,
    ),
  },
};

/** No new task of the first service starts. */
const NEVER_RECOVERS: Scene = {
  ...GAME_DAY,
  outcome: 'FAILED',
  faults: [{ kind: 'pending-stall', atSeconds: 0, service: 'worker', seconds: 7200 }],
};

const memoryIn = (item: Shape) => (item?.sk?.S?.startsWith('GAMEDAY#') ? item.data.M.memory.M : undefined);

/** What was stopped is forgotten as it is written. */
const forgetsStops = (): Meddler => async (call, send) => {
  if (call.operation !== 'DynamoDB.PutItem' || !memoryIn(call.input?.Item)) return send(call.input);
  const input = structuredClone(call.input);
  memoryIn(input.Item).stops = { L: [] };
  return send(input);
};

export const GAME_DAY_GUARDS: readonly RemovedGuard[] = [
  {
    name: 'asks whether a service opted in to a game day',
    scene: NOT_OPTED_IN,
    meddler: reads('ECS.DescribeServices', (output) => ({
      ...output,
      services: output.services?.map((service: Shape) => ({
        ...service,
        tags: [{ key: 'rollover:game-day', value: 'true' }],
      })),
    })),
    caughtBy: ['I1'],
  },
  {
    name: 'leaves protected tasks alone on a game day',
    scene: OF_PROTECTED,
    meddler: reads('ECS.GetTaskProtection', (output) => ({ ...output, protectedTasks: [] })),
    caughtBy: ['I1'],
  },
  {
    name: 'waits on a game day for what it stopped',
    scene: NEVER_RECOVERS,
    meddler: reads('DynamoDB.Query', (output) => {
      for (const item of output.Items ?? [])
        for (const { M: stop } of memoryIn(item)?.stops?.L ?? []) stop.recoveredAtMs ??= { N: '1' };
      return output;
    }),
    caughtBy: ['I13'],
  },
  {
    name: 'remembers on a game day what it stopped',
    scene: NEVER_RECOVERS,
    meddler: forgetsStops,
    caughtBy: ['I13'],
  },
];
