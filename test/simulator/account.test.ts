import {
  DescribeAutoScalingGroupsCommand,
  TerminateInstanceInAutoScalingGroupCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { DescribeImagesCommand, DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import {
  DescribeContainerInstancesCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ListContainerInstancesCommand,
  ListTasksCommand,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';
import { DescribeTargetHealthCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterEach, describe, expect, it } from 'vitest';
import { exampleCapture, inExampleAccount, type Scene } from './support/example-account.ts';

const GROUP = 'prod-ecs-hosts';
const OLD_IMAGE = 'ami-0c1f3a9d27e84b650';
const NEW_IMAGE = 'ami-08d4e7b15f96c2a31';

async function grow({ autoScaling, wait }: Scene, desired: number): Promise<void> {
  await autoScaling.send(
    new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: GROUP, DesiredCapacity: desired }),
  );
  await wait(240);
}

async function setStatus(scene: Scene, instanceId: string, status: 'ACTIVE' | 'DRAINING'): Promise<void> {
  const containerInstances = [
    scene.account.truth.containerInstanceOf(instanceId)?.containerInstanceArn ?? '',
  ];
  const answer = await scene.ecs.send(
    new UpdateContainerInstancesStateCommand({ cluster: 'prod', containerInstances, status }),
  );
  expect(answer.failures ?? []).toEqual([]);
}

/** A captured host without standalone tasks. */
function someHost({ account }: Scene): string {
  const hosts = account.truth
    .hosts()
    .filter(
      ({ instanceId, imageId }) =>
        imageId === OLD_IMAGE && account.truth.tasksOn(instanceId).every((task) => task.serviceName !== null),
    );
  return hosts[0]?.instanceId ?? '';
}

async function untilEmpty(scene: Scene, instanceId: string): Promise<void> {
  for (let at = 0; at < 100 && scene.account.truth.tasksOn(instanceId).length > 0; at++) await scene.wait(15);
  expect(scene.account.truth.tasksOn(instanceId)).toEqual([]);
}

/** Grows by three hosts, drains an old one, ends it with decrement: a rollover by hand. */
async function rollOneHost(scene: Scene): Promise<string> {
  await grow(scene, 15);
  const old = someHost(scene);
  await setStatus(scene, old, 'DRAINING');
  await untilEmpty(scene, old);
  await scene.autoScaling.send(
    new TerminateInstanceInAutoScalingGroupCommand({
      InstanceId: old,
      ShouldDecrementDesiredCapacity: true,
    }),
  );
  await scene.wait(180);
  return old;
}

describe('the account seeded from the example', () => {
  it('describes what the capture holds, through the real clients', async () => {
    await inExampleAccount(async ({ ecs, autoScaling, ec2, loadBalancing }) => {
      const { containerInstanceArns = [] } = await ecs.send(
        new ListContainerInstancesCommand({ cluster: 'prod' }),
      );
      const { containerInstances = [] } = await ecs.send(
        new DescribeContainerInstancesCommand({ cluster: 'prod', containerInstances: containerInstanceArns }),
      );
      const { taskArns = [] } = await ecs.send(
        new ListTasksCommand({ cluster: 'prod', serviceName: 'storefront' }),
      );
      const { tasks = [] } = await ecs.send(new DescribeTasksCommand({ cluster: 'prod', tasks: taskArns }));
      const { services = [] } = await ecs.send(
        new DescribeServicesCommand({ cluster: 'prod', services: ['storefront', 'image-resizer'] }),
      );
      const { AutoScalingGroups = [] } = await autoScaling.send(new DescribeAutoScalingGroupsCommand({}));
      const { Reservations = [] } = await ec2.send(
        new DescribeInstancesCommand({
          InstanceIds: containerInstances.map((host) => host.ec2InstanceId ?? ''),
        }),
      );
      const targets = await loadBalancing.send(
        new DescribeTargetHealthCommand({
          TargetGroupArn: services[0]?.loadBalancers?.[0]?.targetGroupArn,
        }),
      );

      expect(containerInstances).toHaveLength(12);
      expect(containerInstances.every((host) => host.status === 'ACTIVE' && host.agentConnected)).toBe(true);
      expect(tasks).toHaveLength(14);
      expect(tasks.every((task) => task.lastStatus === 'RUNNING' && task.startedAt instanceof Date)).toBe(
        true,
      );
      expect(services.map((service) => service.runningCount)).toEqual([14, 6]);
      expect(AutoScalingGroups[0]).toMatchObject({ MinSize: 9, DesiredCapacity: 12, MaxSize: 18 });
      expect(Reservations.flatMap(({ Instances = [] }) => Instances.map((one) => one.ImageId))).toEqual(
        Array(12).fill(OLD_IMAGE),
      );
      const states = targets.TargetHealthDescriptions?.map((one) => one.TargetHealth?.State);
      expect(states).toEqual(Array(14).fill('healthy'));
    });
  });

  it('is at rest: nothing starts, stops or scales while nobody does anything', async () => {
    await inExampleAccount(async ({ wait, observations }) => {
      await wait(6 * 3600);

      const changes = observations
        .filter(({ t }) => t > 0)
        .map(({ observation }) => observation.kind)
        // Agents reconnect several times an hour, and events tell of it.
        .filter((kind) => kind !== 'container-instance' && kind !== 'event');
      expect(changes).toEqual([]);
    });
  });

  it('launches hosts on the image of the parameter, which register and take a daemon', async () => {
    await inExampleAccount(async (scene) => {
      await grow(scene, 15);
      const { truth } = scene.account;

      const launched = truth.hosts().filter((host) => host.imageId === NEW_IMAGE);
      expect(launched.map((host) => host.zone).sort()).toEqual(['eu-west-1a', 'eu-west-1b', 'eu-west-1c']);
      for (const { instanceId, lifecycleState } of launched) {
        expect(lifecycleState).toBe('InService');
        expect(truth.containerInstanceOf(instanceId)).toMatchObject({ status: 'ACTIVE', cluster: 'prod' });
        expect(truth.tasksOn(instanceId).map((task) => [task.group, task.lastStatus])).toEqual([
          ['service:node-agent', 'RUNNING'],
        ]);
      }
    });
  });

  it('moves the tasks of a drained host within every service’s limits, and ends the host', async () => {
    await inExampleAccount(async (scene) => {
      const old = await rollOneHost(scene);
      const { truth } = scene.account;

      expect(truth.host(old)?.state ?? 'terminated').toBe('terminated');
      expect(truth.groups()[0]).toMatchObject({ desiredCapacity: 14, minSize: 9 });
      expect(truth.groups()[0]?.instanceIds).not.toContain(old);
      for (const service of truth.services()) expect(service.healthy).toBe(service.desired);

      const minimum = new Map(
        truth
          .services()
          .map((service) => [
            service.serviceName,
            Math.ceil((service.desired * service.minimumHealthyPercent) / 100),
          ]),
      );
      for (const { observation } of scene.observations) {
        if (observation.kind !== 'service') continue;
        expect(observation.healthy).toBeGreaterThanOrEqual(minimum.get(observation.serviceName) ?? 0);
      }
    });
  });

  it('leaves standalone tasks alone on a draining host', async () => {
    await inExampleAccount(async (scene) => {
      await grow(scene, 15);
      const { truth } = scene.account;
      const task = truth.tasks().find(({ group }) => group === 'family:nightly-report');
      await setStatus(scene, task?.instanceId ?? '', 'DRAINING');
      await scene.wait(1800);

      const left = truth.tasksOn(task?.instanceId ?? '').filter(({ daemon }) => !daemon);
      expect(left.map(({ group, lastStatus }) => [group, lastStatus])).toEqual([
        ['family:nightly-report', 'RUNNING'],
      ]);
    });
  });

  it('says which image it does not know', async () => {
    await inExampleAccount(async ({ ec2 }) => {
      await expect(
        ec2.send(new DescribeImagesCommand({ ImageIds: ['ami-0123456789abcdef0'] })),
      ).rejects.toMatchObject({ name: 'InvalidAMIID.NotFound' });
    });
  });
});

describe('the same seed', () => {
  const run = (seed: number) =>
    inExampleAccount(
      async (scene) => {
        await rollOneHost(scene);
        return scene.log.join('\n');
      },
      { seed },
    );

  it('gives the same log, line by line', async () => {
    expect(await run(7)).toBe(await run(7));
  });

  it('gives another log for another seed', async () => {
    expect(await run(7)).not.toBe(await run(8));
  });
});

describe('an installed account', () => {
  const realNow = Date.now;
  const realRandom = Math.random;
  afterEach(() => {
    expect(Date.now).toBe(realNow);
    expect(Math.random).toBe(realRandom);
  });

  it('gives time and randomness back, also when its caller fails', async () => {
    await expect(inExampleAccount(() => Promise.reject(new Error('on purpose')))).rejects.toThrow(
      'on purpose',
    );
  });

  it('begins at the time of the capture', async () => {
    const now = await inExampleAccount(async () => Date.now());

    expect(now).toBe(exampleCapture().capturedAt.getTime());
  });
});
