import {
  DescribeAutoScalingGroupsCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  DescribeClustersCommand,
  ListContainerInstancesCommand,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import type { FaultContext } from '../../../simulator/faults/context.ts';
import { type Fault, faultSchema } from '../../../simulator/faults/schema.ts';
import { inExampleAccount, type Scene } from '../support/example-account.ts';

const GROUP = 'prod-ecs-hosts';
const NEW_IMAGE = 'ami-08d4e7b15f96c2a31';

const fault = (input: object): Fault => faultSchema.parse(input);

/** Runs the example with these faults armed and the run told: its old hosts are outdated, its target the new image. */
function withFaults<T>(faults: readonly object[], act: (scene: Scene) => Promise<T>): Promise<T> {
  return inExampleAccount(act, {
    prepare(account) {
      const outdated = account.truth.hosts().map(({ instanceId }) => instanceId);
      const context: FaultContext = { outdated: () => outdated, targetImages: () => [NEW_IMAGE] };
      account.faults.tell(context);
      for (const one of faults) account.faults.arm(fault(one));
    },
  });
}

async function setDesired({ autoScaling }: Scene, desired: number): Promise<void> {
  await autoScaling.send(
    new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: GROUP, DesiredCapacity: desired }),
  );
}

async function drain({ ecs, account }: Scene, instanceId: string): Promise<void> {
  const containerInstances = [account.truth.containerInstanceOf(instanceId)?.containerInstanceArn ?? ''];
  await ecs.send(
    new UpdateContainerInstancesStateCommand({ cluster: 'prod', containerInstances, status: 'DRAINING' }),
  );
}

const sortedHosts = ({ account }: Scene) =>
  account.truth
    .hosts()
    .map(({ instanceId }) => instanceId)
    .sort();
const firedAt = ({ account }: Scene) => account.faults.records().map(({ firedAtSeconds }) => firedAtSeconds);

describe('when a fault fires', () => {
  it('is its second, and told before its effects', async () => {
    await withFaults(
      [{ kind: 'terminate-instance', instance: 'outdated:1', atSeconds: 60 }],
      async (scene) => {
        const [first] = sortedHosts(scene);
        await scene.wait(61);

        expect(firedAt(scene)).toEqual([[60]]);
        const then = scene.observations.filter(({ t }) => t === 60).map(({ observation }) => observation);
        expect(then[0]).toEqual({ kind: 'fault', fault: 'terminate-instance', instanceId: first });
        expect(then).toContainEqual(
          expect.objectContaining({ kind: 'host', instanceId: first, state: 'shutting-down' }),
        );
      },
    );
  });

  it('is the moment of our first drain, not of somebody else’s', async () => {
    await withFaults(
      [{ kind: 'set-instance-active', instance: 'draining:1', when: 'first-drain' }],
      async (scene) => {
        const [host = ''] = sortedHosts(scene);
        await scene.wait(30);
        expect(firedAt(scene)).toEqual([[]]);
        await drain(scene, host);
        await scene.wait(1);

        expect(firedAt(scene)[0]).toHaveLength(1);
        expect(scene.account.truth.containerInstanceOf(host)?.status).toBe('ACTIVE');
      },
    );
  });

  it('is after the third of such calls, whoever answers them', async () => {
    await withFaults(
      [
        { kind: 'drop-events', share: 0.1, when: 'after-call:ECS.ListContainerInstances:3' },
        { kind: 'drop-events', share: 0.1, when: 'after-call:ECS.*:4' },
      ],
      async (scene) => {
        await scene.ecs.send(new DescribeClustersCommand({ clusters: ['prod'] }));
        for (let call = 0; call < 3; call++) {
          expect(firedAt(scene)[0]).toEqual([]);
          await scene.ecs.send(new ListContainerInstancesCommand({ cluster: 'prod' }));
        }

        expect(firedAt(scene).map((fired) => fired.length)).toEqual([1, 1]);
      },
    );
  });

  it('is when the run’s first new host is in service, registered and connected', async () => {
    await withFaults([{ kind: 'stop-instance', instance: 'canary', when: 'canary-ready' }], async (scene) => {
      await setDesired(scene, 13);
      await scene.wait(240);

      const launched = scene.observations.find(
        ({ observation }) => observation.kind === 'host' && observation.state === 'pending',
      )?.observation;
      const fired = scene.observations.findIndex(({ observation }) => observation.kind === 'fault');
      const registered = scene.observations.findIndex(
        ({ observation }) =>
          observation.kind === 'container-instance' &&
          launched?.kind === 'host' &&
          observation.instanceId === launched.instanceId,
      );
      expect(fired).toBeGreaterThan(registered);
      expect(scene.observations[fired]?.observation).toMatchObject({
        instanceId: launched?.kind === 'host' ? launched.instanceId : '',
      });
    });
  });

  it('is when half of the hosts are gone', async () => {
    await withFaults(
      [
        { kind: 'scale-service', service: 'notifications', desired: 4, when: 'half-done' },
        ...Array.from({ length: 6 }, (_, at) => ({
          kind: 'terminate-instance',
          instance: 'outdated:1',
          atSeconds: 10 * at,
        })),
      ],
      async (scene) => {
        await scene.wait(50);
        expect(firedAt(scene)[0]).toEqual([]);
        await scene.wait(120);

        expect(firedAt(scene)[0]).toHaveLength(1);
      },
    );
  });

  it('waits for a role that nobody fills, and then strikes once', async () => {
    await withFaults(
      [{ kind: 'terminate-instance', instance: 'draining:2', atSeconds: 5 }],
      async (scene) => {
        const [one = '', two = ''] = sortedHosts(scene);
        await scene.wait(30);
        await drain(scene, two);
        await scene.wait(30);
        expect(firedAt(scene)).toEqual([[]]);
        await drain(scene, one);
        await scene.wait(30);

        // By time of DRAINING, not by id.
        expect(scene.account.truth.host(one)?.state).not.toBe('running');
        expect(scene.account.truth.host(two)?.state).toBe('running');
        expect(firedAt(scene)[0]).toHaveLength(1);
      },
    );
  });

  it('retires no task that runs on a host', async () => {
    await withFaults(
      [
        {
          kind: 'retire-fargate-tasks',
          service: 'storefront',
          startTime: '2026-12-01T00:00:00Z',
          atSeconds: 0,
        },
      ],
      async (scene) => {
        await scene.wait(60);
        expect(firedAt(scene)).toEqual([[]]);
      },
    );
  });
});

describe('every kind', () => {
  const everything: readonly object[] = [
    { kind: 'image-breaks-tasks', exitCode: 137, afterSeconds: 5, share: 0.5 },
    { kind: 'terminate-instance', instance: 'outdated:1' },
    { kind: 'stop-instance', instance: 'outdated:2' },
    { kind: 'spot-interruption', instance: 'outdated:3' },
    { kind: 'agent-disconnects', instance: 'outdated:4', seconds: 30 },
    { kind: 'handler-crash', function: 'drain', afterCalls: 1, times: 1 },
    { kind: 'stale-reads', service: 'ECS', lagSeconds: 20 },
    { kind: 'task-stuck-stopping', service: 'search', seconds: 60 },
    { kind: 'pending-stall', seconds: 60 },
    { kind: 'az-rebalance' },
    { kind: 'managed-scale-in', group: GROUP },
    { kind: 'set-instance-active', instance: 'outdated:1' },
    { kind: 'start-instance-refresh' },
    { kind: 'delete-image-digest', service: 'checkout' },
    { kind: 'move-image-tag', service: 'catalog-api' },
    {
      kind: 'schedule-instance-event',
      instance: 'outdated:1',
      code: 'instance-retirement',
      notBefore: '2026-12-01T00:00:00Z',
    },
    {
      kind: 'send-event',
      event: { source: 'test', 'detail-type': 'Hello', detail: { a: 1 }, resources: [] },
    },
    { kind: 'duplicate-events', share: 0.5 },
    { kind: 'drop-events', share: 0.5 },
    { kind: 'alarm', name: 'prod-storefront-5xx', seconds: 30 },
  ];

  it.each(everything.map((one) => [(one as { kind: string }).kind, one]))(
    '%s finds the part of the account that it needs',
    async (_kind, one) => {
      await withFaults([{ ...one, atSeconds: 1 }], async (scene) => {
        await scene.wait(900);

        expect(firedAt(scene)).toEqual([[1]]);
      });
    },
  );

  it('waits when there is nothing that it could happen to', async () => {
    await withFaults(
      [
        { kind: 'stop-execution', atSeconds: 0 },
        { kind: 'scale-service', service: 'nobody', desired: 1, atSeconds: 0 },
        { kind: 'scheduled-action', group: 'nobody', desired: 1, atSeconds: 0 },
        { kind: 'end-task', task: 'nobody', exitCode: 0, atSeconds: 0 },
        { kind: 'terminate-instance', instance: 'i-0123456789abcdef0', atSeconds: 0 },
      ],
      async (scene) => {
        await scene.wait(60);

        expect(firedAt(scene)).toEqual([[], [], [], [], []]);
      },
    );
  });
});

describe('what a fault does', () => {
  it('ends a standalone task with its exit code', async () => {
    await withFaults(
      [{ kind: 'end-task', family: 'nightly-report', exitCode: 3, atSeconds: 1 }],
      async (scene) => {
        const [task] = scene.account.truth.tasks().filter(({ group }) => group === 'family:nightly-report');
        await scene.wait(120);

        expect(scene.account.truth.task(task?.taskArn ?? '')).toMatchObject({
          lastStatus: 'STOPPED',
          cause: { because: 'exit', exitCode: 3 },
        });
      },
    );
  });

  it('keeps hosts of an image from registering, for as long as there are such hosts', async () => {
    await withFaults([{ kind: 'image-never-registers', atSeconds: 0 }], async (scene) => {
      await setDesired(scene, 14);
      await scene.wait(600);

      const launched = scene.account.truth.hosts().filter(({ imageId }) => imageId === NEW_IMAGE);
      expect(launched).toHaveLength(2);
      expect(launched.map(({ containerInstanceArn }) => containerInstanceArn)).toEqual([null, null]);
    });
  });

  it('lets launches fail so many times, and no more', async () => {
    await withFaults(
      [{ kind: 'launch-fails', message: 'no capacity today', times: 1, atSeconds: 0 }],
      async (scene) => {
        await setDesired(scene, 13);
        await scene.wait(900);

        expect(scene.account.truth.hosts().filter(({ imageId }) => imageId === NEW_IMAGE)).toHaveLength(1);
      },
    );
  });

  it('answers with an error so many times, which the SDK retries', async () => {
    await withFaults(
      [{ kind: 'api-error', operation: 'AutoScaling.*', error: 'Throttling', times: 2, atSeconds: 0 }],
      async (scene) => {
        const before = scene.account.clock.elapsedSeconds;
        const { AutoScalingGroups } = await scene.autoScaling.send(new DescribeAutoScalingGroupsCommand({}));

        expect(AutoScalingGroups).toHaveLength(1);
        const answers = scene.observations.flatMap(({ observation }) =>
          observation.kind === 'call' ? [observation.answer] : [],
        );
        expect(answers).toEqual(['Throttling', 'Throttling', 'ok']);
        expect(scene.account.clock.elapsedSeconds).toBeGreaterThan(before);
      },
    );
  });

  it('loses an answer after the effect', async () => {
    await withFaults(
      [
        {
          kind: 'lost-response',
          operation: 'AutoScaling.UpdateAutoScalingGroup',
          times: 1,
          atSeconds: 0,
        },
      ],
      async (scene) => {
        await setDesired(scene, 13);

        const answers = scene.observations.flatMap(({ observation }) =>
          observation.kind === 'call' ? [observation.answer] : [],
        );
        expect(answers).toEqual(['lost', 'ok']);
      },
    );
  });

  it('scales a service, deploys it, protects its tasks', async () => {
    await withFaults(
      [
        { kind: 'scale-service', service: 'queue-worker', desired: 12, atSeconds: 1 },
        { kind: 'deploy-service', service: 'notifications', good: true, atSeconds: 1 },
        { kind: 'protect-task', service: 'search', seconds: 3600, atSeconds: 1 },
      ],
      async (scene) => {
        await scene.wait(5);
        const { truth } = scene.account;

        expect(truth.services().find((one) => one.serviceName === 'queue-worker')?.desired).toBe(12);
        expect(truth.services().find((one) => one.serviceName === 'notifications')?.deploying).toBe(true);
        const search = truth.tasks().filter((task) => task.serviceName === 'search');
        expect(search.every((task) => (task.protectedUntilMs ?? 0) > truth.nowMs)).toBe(true);
      },
    );
  });

  it('puts a scheduled action that changes the group a minute later', async () => {
    await withFaults(
      [{ kind: 'scheduled-action', group: GROUP, desired: 14, atSeconds: 10 }],
      async (scene) => {
        await scene.wait(60);
        expect(scene.account.truth.groups()[0]?.desiredCapacity).toBe(12);
        await scene.wait(20);

        expect(scene.account.truth.groups()[0]?.desiredCapacity).toBe(14);
      },
    );
  });

  it('publishes an image that was not known before, and groups launch it', async () => {
    await withFaults(
      [{ kind: 'publish-image', parameter: '/platform/ecs/golden-ami', image: 'ami-0fedcba9', atSeconds: 1 }],
      async (scene) => {
        await scene.wait(2);
        expect(scene.account.truth.groups()[0]?.launchImages).toEqual(['ami-0fedcba9']);
        await setDesired(scene, 13);
        await scene.wait(60);

        expect(scene.account.truth.hosts().filter(({ imageId }) => imageId === 'ami-0fedcba9')).toHaveLength(
          1,
        );
      },
    );
  });

  it('brings another image into the launch template', async () => {
    await withFaults(
      [{ kind: 'change-launch-template', group: GROUP, image: 'ami-0c1f3a9d27e84b650', atSeconds: 1 }],
      async (scene) => {
        await scene.wait(2);

        expect(scene.account.truth.groups()[0]?.launchImages).toEqual(['ami-0c1f3a9d27e84b650']);
      },
    );
  });

  it('disconnects a share of the agents and lets them come back', async () => {
    await withFaults(
      [{ kind: 'agent-disconnects', share: 0.5, seconds: 60, atSeconds: 1 }],
      async (scene) => {
        const connected = () =>
          scene.account.truth.containerInstances().filter(({ agentConnected }) => agentConnected).length;
        await scene.wait(5);
        expect(connected()).toBe(6);
        await scene.wait(90);

        expect(connected()).toBeGreaterThan(10);
      },
    );
  });
});
