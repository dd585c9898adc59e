/** What each kind of fault does to hosts, tasks, groups and images, in every form of its arguments. */

import { DescribeScheduledActionsCommand } from '@aws-sdk/client-auto-scaling';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeInstanceStatusCommand } from '@aws-sdk/client-ec2';
import { BatchGetImageCommand, ECRClient } from '@aws-sdk/client-ecr';
import { DescribeTasksCommand } from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import type { EventEnvelope } from '../../../simulator/event-bridge/event-bus.ts';
import { faultSchema } from '../../../simulator/faults/schema.ts';
import { exampleCapture, type Scene } from '../support/example-account.ts';
import {
  AT_ONCE,
  drain,
  fired,
  GROUP,
  isEnding,
  newHosts,
  oldHosts,
  setDesired,
  stateOf,
  tasksOf,
  withFaults,
} from './support.ts';

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
