/** What each kind of fault does, in every form of its arguments: the effect itself, not only that it fired. */

import {
  DescribeAutoScalingGroupsCommand,
  DescribeScheduledActionsCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeInstanceStatusCommand } from '@aws-sdk/client-ec2';
import { BatchGetImageCommand, ECRClient } from '@aws-sdk/client-ecr';
import { DescribeTasksCommand, UpdateContainerInstancesStateCommand } from '@aws-sdk/client-ecs';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { describe, expect, it } from 'vitest';
import type { EventEnvelope } from '../../../simulator/event-bridge/event-bus.ts';
import { faultSchema } from '../../../simulator/faults/schema.ts';
import { exampleCapture, inExampleAccount, type Scene } from '../support/example-account.ts';

const GROUP = 'prod-ecs-hosts';
const NEW_IMAGE = 'ami-08d4e7b15f96c2a31';
const AT_ONCE = { atSeconds: 1 };
const LAUNCHED = 'EC2 Instance Launch Successful';
const TASK_CHANGED = 'ECS Task State Change';

function withFaults<T>(
  faults: readonly object[],
  act: (scene: Scene) => Promise<T>,
  prepare: (account: Scene['account']) => void = () => {},
): Promise<T> {
  return inExampleAccount(act, {
    prepare(account) {
      const outdated = account.truth.hosts().map(({ instanceId }) => instanceId);
      account.faults.tell({ outdated: () => outdated, targetImages: () => [NEW_IMAGE] });
      for (const fault of faults) account.faults.arm(faultSchema.parse(fault));
      prepare(account);
    },
  });
}

const setDesired = ({ autoScaling }: Scene, DesiredCapacity: number) =>
  autoScaling.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: GROUP, DesiredCapacity }));

async function drain({ ecs, account }: Scene, instanceId: string): Promise<void> {
  const containerInstances = [account.truth.containerInstanceOf(instanceId)?.containerInstanceArn ?? ''];
  await ecs.send(
    new UpdateContainerInstancesStateCommand({ cluster: 'prod', containerInstances, status: 'DRAINING' }),
  );
}

const oldHosts = ({ account }: Scene) =>
  account.truth
    .hosts()
    .filter(({ imageId }) => imageId !== NEW_IMAGE)
    .map(({ instanceId }) => instanceId)
    .sort();
const newHosts = ({ account }: Scene) => account.truth.hosts().filter(({ imageId }) => imageId === NEW_IMAGE);
const stateOf = ({ account }: Scene, instanceId = '') =>
  account.truth.host(instanceId)?.state ?? 'terminated';
const isEnding = (state: string) => state === 'shutting-down' || state === 'terminated';
const fired = ({ account }: Scene) => account.faults.records().map(({ firedAtSeconds }) => firedAtSeconds);
const tasksOf = ({ account }: Scene, service: string) =>
  account.truth.tasks().filter(({ serviceName }) => serviceName === service);
describe('a host is named', () => {
  it('by its id, which stands for itself', async () => {
    let id = '';
    await withFaults(
      [],
      async (scene) => {
        await scene.wait(5);
        expect(isEnding(stateOf(scene, id))).toBe(true);
        expect(fired(scene)).toEqual([[1]]);
      },
      (account) => {
        id = account.truth.hosts().at(-1)?.instanceId ?? '';
        account.faults.arm(faultSchema.parse({ kind: 'terminate-instance', ...AT_ONCE, instance: id }));
      },
    );
  });

  it('outdated:n, the n-th planned host still alive, by id', async () => {
    await withFaults(
      [1, 2].map((atSeconds) => ({ kind: 'terminate-instance', atSeconds, instance: 'outdated:2' })),
      async (scene) => {
        const [first, second, third, fourth] = oldHosts(scene);
        await scene.wait(5);

        expect([first, second, third, fourth].map((id) => isEnding(stateOf(scene, id)))).toEqual([
          false,
          true,
          true,
          false,
        ]);
      },
    );
  });

  it('new:n by launch, and canary for the first; both wait until there is one', async () => {
    await withFaults(
      [
        { kind: 'stop-instance', atSeconds: 0, instance: 'new:2' },
        { kind: 'agent-disconnects', atSeconds: 0, instance: 'canary', seconds: 5_000 },
      ],
      async (scene) => {
        await scene.wait(60);
        expect(fired(scene)).toEqual([[], []]);
        await setDesired(scene, 13);
        await scene.wait(300);
        expect(fired(scene).map((at) => at.length)).toEqual([0, 1]);
        const [canary] = newHosts(scene);
        expect(scene.account.truth.containerInstanceOf(canary?.instanceId ?? '')?.agentConnected).toBe(false);
        await setDesired(scene, 14);
        await scene.wait(60);

        expect(fired(scene).map((at) => at.length)).toEqual([1, 1]);
      },
    );
  });
});

describe('images', () => {
  const breaks = { kind: 'image-breaks-tasks', ...AT_ONCE, exitCode: 137, afterSeconds: 30, share: 1 };

  /** Drains two old hosts onto two new ones, and answers the tasks that died there. */
  async function deathsOnNewHosts(scene: Scene) {
    await setDesired(scene, 14);
    await scene.wait(240);
    for (const id of oldHosts(scene).slice(0, 3)) await drain(scene, id);
    await scene.wait(600);
    return scene.observations.flatMap(({ t, observation }) =>
      observation.kind === 'task' && observation.cause?.exitCode === 137 ? [{ t, ...observation }] : [],
    );
  }

  it('image-breaks-tasks: kills afterSeconds after RUNNING, on hosts of the run’s image alone', async () => {
    await withFaults([breaks], async (scene) => {
      const dead = await deathsOnNewHosts(scene);
      const onNew = newHosts(scene).map(({ instanceId }) => instanceId);

      expect(dead.length).toBeGreaterThan(0);
      for (const { t, taskArn, instanceId, cause } of dead.filter((seen) => seen.lastStatus !== 'STOPPED')) {
        expect(onNew).toContain(instanceId);
        const running = scene.account.truth.task(taskArn)?.runningAtMs ?? 0;
        expect(scene.account.clock.startMs + t * 1000 - running).toBeGreaterThanOrEqual(30_000);
        expect(cause).toMatchObject({ actor: { kind: 'fault' }, exitCode: 137 });
      }
    });
  });

  it('image-breaks-tasks: for the services it names, and never with share 0', async () => {
    const services = ['storefront'];
    await withFaults([{ ...breaks, services }], async (scene) => {
      const dead = await deathsOnNewHosts(scene);
      expect(new Set(dead.map(({ group }) => group)).size).toBeLessThanOrEqual(1);
      expect(dead.every(({ group }) => group === 'service:storefront')).toBe(true);
    });
    await withFaults([{ ...breaks, share: 0 }], async (scene) => {
      expect(await deathsOnNewHosts(scene)).toEqual([]);
    });
  });

  it.each(['image-never-registers', 'image-breaks-tasks'])(
    '%s of another image leaves ours alone',
    async (kind) => {
      const { exitCode, afterSeconds, share } = breaks;
      const more = kind === 'image-breaks-tasks' ? { exitCode, afterSeconds, share } : {};
      await withFaults([{ kind, ...AT_ONCE, image: 'ami-0123456789abcdef0', ...more }], async (scene) => {
        expect(await deathsOnNewHosts(scene)).toEqual([]);
        expect(newHosts(scene).every((host) => host.containerInstanceArn !== null)).toBe(true);
      });
    },
  );

  it.each([
    ['by digest', 'checkout'],
    ['by tag', 'image-resizer'],
  ])(
    'delete-image-digest of an image named %s: gone from ECR, and only hosts that have it start it',
    async (_, service) => {
      await withFaults(
        [
          { kind: 'delete-image-digest', ...AT_ONCE, service },
          { kind: 'scale-service', atSeconds: 10, service, desired: 16 },
        ],
        async (scene) => {
          const had = new Set(tasksOf(scene, service).map(({ instanceId }) => instanceId));
          const ecr = new ECRClient({});
          scene.account.attach(ecr, 'ECR');
          const image = exampleCapture().ecr.images.find(({ repositoryName }) => repositoryName === service);
          const imageIds = [{ imageDigest: image?.imageDigest }];
          const inEcr = async () =>
            (await ecr.send(new BatchGetImageCommand({ repositoryName: service, imageIds }))).images?.length;
          expect(await inEcr()).toBe(1);
          await scene.wait(600);

          expect(await inEcr()).toBe(0);
          const failedOn = scene.observations.flatMap(({ observation: seen }) =>
            seen.kind === 'task' && seen.cause?.text.startsWith('CannotPullContainerError') ? [seen] : [],
          );
          expect(failedOn.length).toBeGreaterThan(0);
          expect(failedOn.every(({ group }) => group === `service:${service}`)).toBe(true);
          expect(failedOn.filter(({ instanceId }) => had.has(instanceId))).toEqual([]);
        },
      );
    },
  );
});

describe('launches', () => {
  it('launch-fails in one zone: others get the hosts, and AWS’s message stands in the activity', async () => {
    const fails = { kind: 'launch-fails', ...AT_ONCE, zone: 'eu-west-1a', message: 'full', seconds: 3_600 };
    await withFaults([fails], async (scene) => {
      await setDesired(scene, 15);
      await scene.wait(600);

      expect(newHosts(scene)).toHaveLength(3);
      expect(newHosts(scene).map(({ zone }) => zone)).not.toContain('eu-west-1a');
    });
  });

  it('launch-fails for seconds: nothing until then, everything after', async () => {
    await withFaults([{ kind: 'launch-fails', ...AT_ONCE, message: 'full', seconds: 300 }], async (scene) => {
      await setDesired(scene, 13);
      await scene.wait(280);
      expect(newHosts(scene)).toEqual([]);
      await scene.wait(900);

      expect(newHosts(scene)).toHaveLength(1);
    });
  });
});

describe('tasks and services', () => {
  it('task-stuck-stopping: adds its seconds to the stop of a service’s tasks', async () => {
    const stopped = (faults: readonly object[]) =>
      withFaults(faults, async (scene) => {
        const [task] = tasksOf(scene, 'queue-worker');
        await setDesired(scene, 14);
        await scene.wait(240);
        await drain(scene, task?.instanceId ?? '');
        await scene.wait(2_400);
        return (
          (scene.account.truth.task(task?.taskArn ?? '')?.stoppedAtMs ?? 0) - scene.account.clock.startMs
        );
      });
    const stuck = { kind: 'task-stuck-stopping', ...AT_ONCE, service: 'queue-worker', seconds: 900 };

    expect((await stopped([stuck])) - (await stopped([]))).toBeGreaterThan(600_000);
  });

  it('pending-stall: one task stays PENDING so long, the others start', async () => {
    await withFaults(
      [
        { kind: 'pending-stall', atSeconds: 0, service: 'queue-worker', seconds: 900 },
        { kind: 'scale-service', ...AT_ONCE, service: 'queue-worker', desired: 22 },
      ],
      async (scene) => {
        await scene.wait(300);
        const pending = () =>
          tasksOf(scene, 'queue-worker').filter(({ lastStatus }) => lastStatus === 'PENDING');
        expect(pending()).toHaveLength(1);
        await scene.wait(800);

        expect(pending()).toEqual([]);
      },
    );
  });

  it('protect-task: all tasks of a service, until its date', async () => {
    await withFaults(
      [{ kind: 'protect-task', ...AT_ONCE, service: 'search', seconds: 600 }],
      async (scene) => {
        await scene.wait(5);
        const until = tasksOf(scene, 'search').map(({ protectedUntilMs }) => protectedUntilMs);
        expect(until.length).toBeGreaterThan(1);
        expect(new Set(until)).toEqual(new Set([scene.account.clock.startMs + 601_000]));
      },
    );
  });

  it('end-task: one task of a service, every task of a family, or the one with that ARN', async () => {
    let arn = '';
    await withFaults(
      [
        { kind: 'end-task', ...AT_ONCE, service: 'search', exitCode: 2 },
        { kind: 'end-task', ...AT_ONCE, family: 'nightly-report', exitCode: 0 },
      ],
      async (scene) => {
        await scene.wait(120);
        const exits = (of: string) =>
          new Set(
            scene.observations.flatMap(({ observation: seen }) =>
              seen.kind === 'task' && seen.group === of && seen.cause?.because === 'exit'
                ? [seen.taskArn]
                : [],
            ),
          );
        expect(exits('service:search').size).toBe(1);
        expect(exits('family:nightly-report').size).toBeGreaterThan(0);
        expect(scene.account.truth.task(arn)?.cause).toMatchObject({ because: 'exit', exitCode: 9 });
        const { tasks = [] } = await scene.ecs.send(
          new DescribeTasksCommand({ cluster: 'prod', tasks: [arn] }),
        );
        expect(tasks[0]?.containers?.[0]?.exitCode).toBe(9);
      },
      (account) => {
        arn = account.truth.tasks().find(({ serviceName }) => serviceName === 'checkout')?.taskArn ?? '';
        account.faults.arm(faultSchema.parse({ kind: 'end-task', ...AT_ONCE, task: arn, exitCode: 9 }));
      },
    );
  });
});

describe('groups, hosts and notices', () => {
  it('scheduled-action: a daily action, due 60 s later, that stays listed', async () => {
    await withFaults(
      [{ kind: 'scheduled-action', atSeconds: 30, group: GROUP, desired: 13 }],
      async (scene) => {
        const listed = async () =>
          (await scene.autoScaling.send(new DescribeScheduledActionsCommand({ AutoScalingGroupName: GROUP })))
            .ScheduledUpdateGroupActions ?? [];
        await scene.wait(40);
        const dueMs = scene.account.clock.startMs + 90_000;
        const mine = (await listed()).find(({ DesiredCapacity }) => DesiredCapacity === 13);
        expect(mine?.StartTime?.getTime()).toBe(dueMs);
        await scene.wait(120);
        expect(scene.account.truth.groups()[0]?.desiredCapacity).toBe(13);

        const after = (await listed()).find(({ DesiredCapacity }) => DesiredCapacity === 13);
        expect(after?.StartTime?.getTime()).toBe(Math.floor(dueMs / 60_000) * 60_000 + 86_400_000);
      },
    );
  });

  it('spot-interruption: two minutes after its warning', async () => {
    const seen: EventEnvelope[] = [];
    await withFaults(
      [{ kind: 'spot-interruption', ...AT_ONCE, instance: 'outdated:1' }],
      async (scene) => {
        const [id = ''] = oldHosts(scene);
        await scene.wait(100);
        expect(stateOf(scene, id)).toBe('running');
        await scene.wait(30);
        expect(isEnding(stateOf(scene, id))).toBe(true);
        expect(seen.map(({ detail }) => detail)).toEqual([
          { 'instance-id': id, 'instance-action': 'terminate' },
        ]);
      },
      (account) =>
        account.eventBridge.addRule({
          name: 'warnings',
          pattern: { 'detail-type': ['EC2 Spot Instance Interruption Warning'] },
          target: { deliver: (event) => void seen.push(event) },
        }),
    );
  });

  it('schedule-instance-event: DescribeInstanceStatus shows it', async () => {
    const notBefore = '2026-12-01T00:00:00Z';
    const event = {
      kind: 'schedule-instance-event',
      instance: 'outdated:1',
      code: 'instance-retirement',
      notBefore,
    };
    await withFaults([{ ...event, ...AT_ONCE }], async (scene) => {
      const [id = ''] = oldHosts(scene);
      await scene.wait(30);
      const { InstanceStatuses = [] } = await scene.ec2.send(
        new DescribeInstanceStatusCommand({ InstanceIds: [id] }),
      );
      expect(InstanceStatuses[0]?.Events?.[0]).toMatchObject({
        Code: 'instance-retirement',
        NotBefore: new Date(notBefore),
      });
    });
  });

  it('alarm: red for its seconds; a second one makes them longer, never shorter', async () => {
    const alarm = { kind: 'alarm', name: 'errors' };
    await withFaults(
      [
        { ...alarm, atSeconds: 0, seconds: 100 },
        { ...alarm, atSeconds: 50, seconds: 100 },
        { ...alarm, atSeconds: 60, seconds: 1 },
      ],
      async (scene) => {
        const cloudWatch = new CloudWatchClient({});
        scene.account.attach(cloudWatch, 'CloudWatch');
        const state = async () =>
          (await cloudWatch.send(new DescribeAlarmsCommand({ AlarmNames: ['errors'] }))).MetricAlarms?.[0]
            ?.StateValue;
        const seen: (string | undefined)[] = [];
        for (const second of [10, 90, 120, 160]) {
          await scene.wait(second - scene.account.clock.elapsedSeconds);
          seen.push(await state());
        }
        expect(seen).toEqual(['ALARM', 'ALARM', 'ALARM', 'OK']);
      },
    );
  });
});

describe('calls', () => {
  const api = { kind: 'api-error', ...AT_ONCE, error: 'Throttling' };

  async function answers(scene: Scene, times: number): Promise<string[]> {
    await scene.wait(2);
    for (let call = 0; call < times; call++)
      await scene.autoScaling.send(new DescribeAutoScalingGroupsCommand({})).catch(() => {});
    return scene.observations.flatMap(({ observation }) =>
      observation.kind === 'call' ? [observation.answer] : [],
    );
  }

  it('api-error with rate: about that share of calls', async () => {
    await withFaults(
      [{ ...api, operation: 'AutoScaling.DescribeAutoScalingGroups', rate: 0.4 }],
      async (scene) => {
        const seen = await answers(scene, 100);
        const share = seen.filter((answer) => answer === 'Throttling').length / seen.length;
        expect(share).toBeGreaterThan(0.2);
        expect(share).toBeLessThan(0.6);
      },
    );
  });

  it('api-error with seconds: not after them', async () => {
    const outage = { ...api, operation: 'AutoScaling.*', rate: 1, seconds: 60 };
    await withFaults([outage], async (scene) => {
      expect(new Set(await answers(scene, 3))).toEqual(new Set(['Throttling']));
      await scene.wait(60);
      expect((await answers(scene, 1)).at(-1)).toBe('ok');
    });
  });

  it('api-error of another service leaves this one alone', async () => {
    await withFaults([{ ...api, operation: 'ECS.*', rate: 1 }], async (scene) => {
      expect(await answers(scene, 3)).toEqual(['ok', 'ok', 'ok']);
    });
  });

  it.each([0, 1])(
    'handler-crash after %i calls: the function dies there, in so many invocations',
    async (afterCalls) => {
      await withFaults(
        [{ kind: 'handler-crash', atSeconds: 0, function: 'mine', afterCalls, times: 2 }],
        async (scene) => {
          let begun = 0;
          let ended = 0;
          scene.account.lambda.register('mine', {
            handler: async () => {
              begun++;
              await scene.autoScaling.send(new DescribeAutoScalingGroupsCommand({}));
              ended++;
            },
            timeoutSeconds: 60,
          });
          const invoke = () =>
            scene.account.lambda.invoke('mine', {}).then(
              () => 'ok',
              (error: Error) => error.name,
            );
          const names = [await invoke(), await invoke(), await invoke()];

          expect(names.slice(0, 2).every((name) => /Unknown|ExitError/.test(name))).toBe(true);
          expect(names[2]).toBe('ok');
          expect([begun, ended]).toEqual([afterCalls === 0 ? 1 : 3, 1]);
        },
      );
    },
  );
});

describe('stale-reads', () => {
  it('reach Auto Scaling, and as long as the scenario says: over two minutes too', async () => {
    await withFaults(
      [{ kind: 'stale-reads', atSeconds: 0, service: 'AutoScaling', lagSeconds: 600 }],
      async (scene) => {
        await scene.wait(700);
        await setDesired(scene, 13);
        const desired = async () =>
          (await scene.autoScaling.send(new DescribeAutoScalingGroupsCommand({}))).AutoScalingGroups?.[0]
            ?.DesiredCapacity;
        await scene.wait(500);
        expect(await desired()).toBe(12);
        await scene.wait(110);
        expect(await desired()).toBe(13);
      },
    );
  });

  it('reach Parameter Store, by the name of the service in any case', async () => {
    const parameter = '/platform/ecs/golden-ami';
    await withFaults(
      [
        { kind: 'stale-reads', atSeconds: 0, service: 'ssm', lagSeconds: 300 },
        { kind: 'publish-image', atSeconds: 10, parameter, image: 'ami-0fedcba9' },
      ],
      async (scene) => {
        const ssm = new SSMClient({});
        scene.account.attach(ssm, 'SSM');
        const value = async () =>
          (await ssm.send(new GetParameterCommand({ Name: parameter }))).Parameter?.Value;
        await scene.wait(200);
        expect(await value()).not.toContain('ami-0fedcba9');
        await scene.wait(200);
        expect(await value()).toContain('ami-0fedcba9');
      },
    );
  });
});

describe('events', () => {
  it('send-event: as it stands, with the fields of replays and pages', async () => {
    const event = {
      version: '0',
      id: 'replayed',
      source: 'aws.health',
      'detail-type': 'AWS Health Event',
      account: '111122223333',
      region: 'us-west-2',
      time: '2026-11-01T00:00:00Z',
      'replay-name': 'again',
      resources: [],
      detail: { eventRegion: 'eu-west-1', backupEvent: 'true', page: '2', totalPages: '3' },
    };
    const seen: unknown[] = [];
    await withFaults(
      [{ kind: 'send-event', ...AT_ONCE, event }],
      async (scene) => {
        await scene.wait(5);
        expect(seen).toEqual([event]);
      },
      (account) =>
        account.eventBridge.addRule({
          name: 'health',
          pattern: { source: ['aws.health'], detail: { backupEvent: ['true'] } },
          target: { deliver: (delivered) => void seen.push(delivered) },
        }),
    );
  });

  /** How often each event of this detail type came while a host was launched and a task ended. */
  async function deliveries(kind: string | undefined, detailType: string): Promise<number[]> {
    const ids = new Map<string, number>();
    await withFaults(
      [
        ...(kind === undefined ? [] : [{ kind, atSeconds: 0, share: 1 }]),
        { kind: 'end-task', ...AT_ONCE, service: 'search', exitCode: 1 },
      ],
      async (scene) => {
        await setDesired(scene, 13);
        await scene.wait(200);
      },
      (account) =>
        account.eventBridge.addRule({
          name: 'all',
          pattern: { 'detail-type': [detailType] },
          target: { deliver: ({ id }) => void ids.set(id, (ids.get(id) ?? 0) + 1) },
        }),
    );
    return [...ids.values()];
  }

  it('drop-events loses those of best-effort sources, never those of ECS', async () => {
    expect((await deliveries(undefined, LAUNCHED)).length).toBeGreaterThan(0);
    expect(await deliveries('drop-events', LAUNCHED)).toEqual([]);
    expect((await deliveries('drop-events', TASK_CHANGED)).length).toBeGreaterThan(0);
  });

  it('duplicate-events brings every one twice', async () => {
    const seen = await deliveries('duplicate-events', TASK_CHANGED);
    expect(seen.length).toBeGreaterThan(0);
    expect(new Set(seen)).toEqual(new Set([2]));
  });
});
