/** `stale-reads` reaches every read of a service: each change is told only after the lag, whatever it was. */
import {
  DescribeInstanceRefreshesCommand,
  DescribeLifecycleHooksCommand,
  DescribeScalingActivitiesCommand,
  DescribeScheduledActionsCommand,
  PutLifecycleHookCommand,
  StartInstanceRefreshCommand,
} from '@aws-sdk/client-auto-scaling';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import {
  DescribeCapacityProvidersCommand,
  DescribeClustersCommand,
  DescribeTaskDefinitionCommand,
  GetTaskProtectionCommand,
  PutClusterCapacityProvidersCommand,
  UpdateCapacityProviderCommand,
  UpdateTaskProtectionCommand,
} from '@aws-sdk/client-ecs';
import { DescribeExecutionCommand, GetExecutionHistoryCommand, SFNClient } from '@aws-sdk/client-sfn';
import { expect, it } from 'vitest';
import { exampleCapture, type Scene } from '../support/example-account.ts';
import { GROUP, setDesired, tasksOf, withFaults } from './support.ts';

const LAG_SECONDS = 300;
/** Calls and the usual lag take some seconds more. */
const SOON_SECONDS = 30;
/** Until a host that is launched has joined. */
const BOOT_SECONDS = 150;
const stale = (service: string) => ({
  kind: 'stale-reads',
  atSeconds: 0,
  service,
  lagSeconds: LAG_SECONDS,
});

/** What `read` gives before the change, soon after it, and when the lag is over. */
async function seen<T>(
  { wait }: Scene,
  change: () => Promise<unknown>,
  read: () => Promise<T>,
): Promise<[before: T, soon: T, later: T]> {
  await wait(10);
  const before = await read();
  await change();
  await wait(SOON_SECONDS);
  const soon = await read();
  await wait(LAG_SECONDS + BOOT_SECONDS);
  return [before, soon, await read()];
}

const AUTO_SCALING: Readonly<
  Record<string, [(scene: Scene) => Promise<unknown>, (scene: Scene) => unknown]>
> = {
  'lifecycle hooks': [
    ({ autoScaling }) =>
      autoScaling.send(
        new PutLifecycleHookCommand({
          AutoScalingGroupName: GROUP,
          LifecycleHookName: 'new-hook',
          LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
        }),
      ),
    async ({ autoScaling }) =>
      (
        await autoScaling.send(new DescribeLifecycleHooksCommand({ AutoScalingGroupName: GROUP }))
      ).LifecycleHooks?.map(({ LifecycleHookName }) => LifecycleHookName),
  ],
  'scheduled actions': [
    async ({ account }) => account.faults.records(),
    async ({ autoScaling }) =>
      (await autoScaling.send(new DescribeScheduledActionsCommand({}))).ScheduledUpdateGroupActions?.length,
  ],
  activities: [
    (scene) => setDesired(scene, 13),
    async ({ autoScaling }) =>
      (await autoScaling.send(new DescribeScalingActivitiesCommand({}))).Activities?.length,
  ],
  'instance refreshes': [
    ({ autoScaling }) => autoScaling.send(new StartInstanceRefreshCommand({ AutoScalingGroupName: GROUP })),
    async ({ autoScaling }) =>
      (await autoScaling.send(new DescribeInstanceRefreshesCommand({ AutoScalingGroupName: GROUP })))
        .InstanceRefreshes?.length,
  ],
};

it.each(Object.entries(AUTO_SCALING))('Auto Scaling: %s', async (_, [change, read]) => {
  const action = { kind: 'scheduled-action', atSeconds: 11, group: GROUP, desired: 12 };
  await withFaults([stale('AutoScaling'), action], async (scene) => {
    const [before, soon, later] = await seen(
      scene,
      () => change(scene),
      async () => read(scene),
    );
    expect(soon).toEqual(before);
    expect(later).not.toEqual(before);
  });
});

it('Auto Scaling: an activity that has ended is still under way', async () => {
  await withFaults([stale('AutoScaling')], async (scene) => {
    await setDesired(scene, 13);
    await scene.wait(LAG_SECONDS + 20);
    const { Activities = [] } = await scene.autoScaling.send(new DescribeScalingActivitiesCommand({}));
    expect(Activities.map(({ StatusCode, EndTime }) => [StatusCode, EndTime])).toEqual([
      ['InProgress', undefined],
    ]);
  });
});

const providerName = exampleCapture().ecs.capacityProviders[0]?.name ?? '';
const targetCapacity = 77;

const ECS: Readonly<Record<string, [(scene: Scene) => Promise<unknown>, (scene: Scene) => unknown]>> = {
  'capacity providers': [
    ({ ecs }) =>
      ecs.send(
        new UpdateCapacityProviderCommand({
          name: providerName,
          autoScalingGroupProvider: { managedScaling: { targetCapacity } },
        }),
      ),
    async ({ ecs }) =>
      (
        await ecs.send(new DescribeCapacityProvidersCommand({ capacityProviders: [providerName] }))
      ).capacityProviders?.map((each) => each.autoScalingGroupProvider?.managedScaling?.targetCapacity),
  ],
  'the providers of a cluster': [
    ({ ecs }) =>
      ecs.send(
        new PutClusterCapacityProvidersCommand({
          cluster: 'prod',
          capacityProviders: [providerName, 'FARGATE'],
          defaultCapacityProviderStrategy: [],
        }),
      ),
    async ({ ecs }) =>
      (await ecs.send(new DescribeClustersCommand({ clusters: ['prod'] }))).clusters?.[0]?.capacityProviders,
  ],
  'the counters of a cluster': [
    (scene) => setDesired(scene, 13),
    async ({ ecs }) =>
      (await ecs.send(new DescribeClustersCommand({ clusters: ['prod'] }))).clusters?.[0]
        ?.registeredContainerInstancesCount,
  ],
  'the newest task definition of a family': [
    async () => {},
    async ({ ecs }) =>
      (await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'search' }))).taskDefinition
        ?.revision,
  ],
  'task protection': [
    ({ ecs, account }) =>
      ecs.send(
        new UpdateTaskProtectionCommand({
          cluster: 'prod',
          tasks: [tasksOf({ account } as Scene, 'search')[0]?.taskArn ?? ''],
          protectionEnabled: true,
        }),
      ),
    async ({ ecs }) =>
      (await ecs.send(new GetTaskProtectionCommand({ cluster: 'prod' }))).protectedTasks?.filter(
        ({ protectionEnabled }) => protectionEnabled,
      ).length,
  ],
};

it.each(Object.entries(ECS))('ECS: %s', async (what, [change, read]) => {
  const deploys = { kind: 'deploy-service', atSeconds: 11, service: 'search', good: true };
  const faults = what.includes('definition') ? [stale('ECS'), deploys] : [stale('ECS')];
  await withFaults(faults, async (scene) => {
    const [before, soon, later] = await seen(
      scene,
      () => change(scene),
      async () => read(scene),
    );
    expect(soon).toEqual(before);
    expect(later).not.toEqual(before);
  });
});

it('CloudWatch: alarms', async () => {
  const alarm = { kind: 'alarm', atSeconds: 11, name: 'errors', seconds: 10_000 };
  await withFaults([stale('CloudWatch'), alarm], async (scene) => {
    const cloudWatch = new CloudWatchClient({});
    scene.account.attach(cloudWatch, 'CloudWatch');
    const states = await seen(
      scene,
      async () => {},
      async () =>
        (await cloudWatch.send(new DescribeAlarmsCommand({ AlarmNames: ['errors'] }))).MetricAlarms?.map(
          ({ StateValue }) => StateValue,
        ),
    );
    expect(states).toEqual([[], [], ['ALARM']]);
  });
});

it('Step Functions: an execution and its history', async () => {
  await withFaults([stale('StepFunctions')], async (scene) => {
    const sfn = new SFNClient({});
    scene.account.attach(sfn, 'SFN');
    const machine = scene.account.stepFunctions.create('waits', {
      StartAt: 'Wait',
      States: { Wait: { Type: 'Wait', Seconds: 100, Next: 'Done' }, Done: { Type: 'Succeed' } },
    });
    const { executionArn } = { executionArn: scene.account.stepFunctions.start(machine, '{}').identity.arn };
    await expect(sfn.send(new GetExecutionHistoryCommand({ executionArn }))).rejects.toThrow(
      'Does Not Exist',
    );
    await scene.wait(LAG_SECONDS + 50);
    const { events } = await sfn.send(new GetExecutionHistoryCommand({ executionArn }));
    expect(events?.map(({ type }) => type)).toEqual(['ExecutionStarted', 'WaitStateEntered']);
    const { status } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    expect(status).toBe('RUNNING');
  });
});
