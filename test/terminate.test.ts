import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  DescribeAutoScalingInstancesCommand,
  TerminateInstanceInAutoScalingGroupCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { DescribeInstanceAttributeCommand, DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  DeregisterContainerInstanceCommand,
  DescribeContainerInstancesCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  ECSClient,
  ListContainerInstancesCommand,
  ListTasksCommand,
} from '@aws-sdk/client-ecs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import type { RunState } from '../functions/edge/run-state.ts';
import { handler } from '../functions/terminate.ts';
import { fakeLedger } from './support/fake-ledger.ts';
import { lambdaContext } from './support/lambda-context.ts';
import { begin, loseClaim, state } from './support/run.ts';

const autoScaling = mockClient(AutoScalingClient);
const ec2 = mockClient(EC2Client);
const ecs = mockClient(ECSClient);
const ledger = fakeLedger();
const ARN = 'arn:aws:ecs:eu-west-1:111122223333:container-instance/prod/1';
const action = {
  instanceId: 'i-0old',
  containerInstanceArn: ARN,
  autoScalingGroupName: 'hosts',
  decrement: false,
  because: 'drained' as const,
  reason: 'drained',
};
const ending = (...terminate: RunState['step']['terminate']) => ({
  ...state,
  step: { ...state.step, id: 'step-1', terminate },
});
const terminated = () =>
  autoScaling.commandCalls(TerminateInstanceInAutoScalingGroupCommand).map((call) => call.args[0].input);
const task = (over: object) => ({
  taskArn: 'arn:aws:ecs:eu-west-1:111122223333:task/prod/t1',
  group: 'service:web',
  containerInstanceArn: ARN,
  ...over,
});

describe('terminate', () => {
  beforeEach(async () => {
    for (const mock of [autoScaling, ec2, ecs]) mock.reset();
    ledger.reset();
    await begin(ledger.table);
    autoScaling.on(DescribeAutoScalingInstancesCommand).callsFake(({ InstanceIds }) => ({
      AutoScalingInstances: InstanceIds.map((InstanceId: string) => ({
        InstanceId,
        AutoScalingGroupName: 'hosts',
        LifecycleState: 'InService',
      })),
    }));
    autoScaling.on(DescribeAutoScalingGroupsCommand).resolves({
      AutoScalingGroups: [{ AutoScalingGroupName: 'hosts', MinSize: 2, DesiredCapacity: 4 } as never],
    });
    autoScaling.on(TerminateInstanceInAutoScalingGroupCommand).resolves({});
    autoScaling.on(UpdateAutoScalingGroupCommand).resolves({});
    ec2.on(DescribeInstanceAttributeCommand).resolves({ DisableApiTermination: { Value: false } });
    ecs.on(DescribeContainerInstancesCommand).resolves({
      containerInstances: [{ containerInstanceArn: ARN, status: 'DRAINING', agentConnected: true }],
    });
    ecs.on(ListContainerInstancesCommand).resolves({ containerInstanceArns: [] });
    ecs.on(ListTasksCommand).resolves({ taskArns: [] });
    ecs
      .on(DescribeServicesCommand)
      .resolves({ services: [{ serviceName: 'web', schedulingStrategy: 'REPLICA' }] });
  });

  it('ends a drained host by id, its intent written before the call', async () => {
    autoScaling.on(TerminateInstanceInAutoScalingGroupCommand).callsFake(() => {
      expect(ledger.items.get('RUN#run-1|INTENT#i-0old')?.data).toMatchObject({ stepId: 'step-1' });
      return {};
    });

    await handler(ending(action), lambdaContext);

    expect(terminated()).toEqual([{ InstanceId: 'i-0old', ShouldDecrementDesiredCapacity: false }]);
  });

  it('keeps a host that joined the cluster after the look that found it unregistered', async () => {
    const { containerInstanceArn: _, ...unregistered } = action;
    ecs.on(ListContainerInstancesCommand).callsFake(({ filter }) => ({
      containerInstanceArns: filter === 'ec2InstanceId in [i-0old]' ? [ARN] : [],
    }));
    ecs.on(DescribeContainerInstancesCommand).resolves({
      containerInstances: [{ containerInstanceArn: ARN, ec2InstanceId: 'i-0old', status: 'ACTIVE' }],
    });

    await expect(
      handler(ending({ ...unregistered, because: 'surplus' }), lambdaContext),
    ).rejects.toMatchObject({ name: 'WorldChanged', message: expect.stringContaining('joined the cluster') });
    expect(terminated()).toEqual([]);
  });

  it('keeps a host whose task is told to stop but has not stopped, although none is RUNNING', async () => {
    ecs.on(ListTasksCommand, { desiredStatus: 'STOPPED' }).resolves({ taskArns: ['t1'] });
    ecs.on(DescribeTasksCommand).resolves({
      tasks: [task({ lastStatus: 'DEACTIVATING', desiredStatus: 'STOPPED' })],
    });

    await expect(handler(ending(action), lambdaContext)).rejects.toMatchObject({
      name: 'WorldChanged',
      message: expect.stringContaining('DEACTIVATING'),
    });
    expect(terminated()).toEqual([]);
  });

  it('does not wait for a daemon', async () => {
    ecs.on(ListTasksCommand, { desiredStatus: 'RUNNING' }).resolves({ taskArns: ['t1'] });
    ecs
      .on(DescribeTasksCommand)
      .resolves({ tasks: [task({ lastStatus: 'RUNNING', desiredStatus: 'RUNNING' })] });
    ecs
      .on(DescribeServicesCommand)
      .resolves({ services: [{ serviceName: 'web', schedulingStrategy: 'DAEMON' }] });

    await handler(ending(action), lambdaContext);

    expect(terminated()).toHaveLength(1);
  });

  it.each([
    [
      'that somebody set back to ACTIVE',
      () =>
        ecs
          .on(DescribeContainerInstancesCommand)
          .resolves({ containerInstances: [{ containerInstanceArn: ARN, status: 'ACTIVE' }] }),
    ],
    [
      'with disableApiTermination',
      () => ec2.on(DescribeInstanceAttributeCommand).resolves({ DisableApiTermination: { Value: true } }),
    ],
    [
      'that is on its way out already',
      () =>
        autoScaling.on(DescribeAutoScalingInstancesCommand).resolves({
          AutoScalingInstances: [
            {
              InstanceId: 'i-0old',
              AutoScalingGroupName: 'hosts',
              LifecycleState: 'Terminating:Wait',
            } as never,
          ],
        }),
    ],
    ['that left its group', () => autoScaling.on(DescribeAutoScalingInstancesCommand).resolves({})],
  ])('keeps a host %s', async (_, given) => {
    given();

    await expect(handler(ending(action), lambdaContext)).rejects.toMatchObject({ name: 'WorldChanged' });
    expect(terminated()).toEqual([]);
  });

  it('sends the call once for one step, whatever became of the first', async () => {
    autoScaling
      .on(TerminateInstanceInAutoScalingGroupCommand)
      .rejects(Object.assign(new Error('lost'), { name: 'TimeoutError' }));

    await expect(handler(ending(action), lambdaContext)).rejects.toThrow();
    await expect(handler(ending(action), lambdaContext)).rejects.toThrow();

    expect(terminated()).toHaveLength(1);
  });

  it('touches nothing once the claim is lost', async () => {
    await loseClaim(ledger.table);

    await expect(handler(ending(action), lambdaContext)).rejects.toMatchObject({ name: 'ClaimLost' });
    expect(terminated()).toEqual([]);
  });

  it('never decrements below the goal, by the desired capacity of now', async () => {
    autoScaling.on(DescribeAutoScalingGroupsCommand).resolves({
      AutoScalingGroups: [{ AutoScalingGroupName: 'hosts', MinSize: 0, DesiredCapacity: 2 } as never],
    });

    await expect(handler(ending({ ...action, decrement: true }), lambdaContext)).rejects.toThrow(
      /below the goal/,
    );
    expect(terminated()).toEqual([]);
  });

  it('lowers Min first where a decrement would go under it', async () => {
    autoScaling.on(DescribeAutoScalingGroupsCommand).resolves({
      AutoScalingGroups: [{ AutoScalingGroupName: 'hosts', MinSize: 4, DesiredCapacity: 4 } as never],
    });

    await handler(ending({ ...action, decrement: true, minSizeBefore: 3 }), lambdaContext);

    const mutations = autoScaling.calls().map((call) => call.args[0].constructor.name);
    expect(mutations.slice(-2)).toEqual([
      'UpdateAutoScalingGroupCommand',
      'TerminateInstanceInAutoScalingGroupCommand',
    ]);
  });

  it('reads and lowers once for all hosts of a step, and keeps only those that must be kept', async () => {
    const hosts = ['1', '2', '3'].map((n) => ({
      ...action,
      instanceId: `i-${n}`,
      containerInstanceArn: `arn:aws:ecs:eu-west-1:111122223333:container-instance/prod/${n}`,
      decrement: true,
      minSizeBefore: 6 - Number(n),
    }));
    autoScaling.on(DescribeAutoScalingGroupsCommand).resolves({
      AutoScalingGroups: [{ AutoScalingGroupName: 'hosts', MinSize: 6, DesiredCapacity: 6 } as never],
    });
    ecs.on(DescribeContainerInstancesCommand).callsFake(({ containerInstances }) => ({
      containerInstances: containerInstances.map((containerInstanceArn: string) => ({
        containerInstanceArn,
        status: containerInstanceArn.endsWith('/2') ? 'ACTIVE' : 'DRAINING',
      })),
    }));

    await handler(ending(...hosts), lambdaContext);

    expect(terminated()).toEqual([
      { AutoScalingGroupName: 'hosts', InstanceIds: ['i-1', 'i-3'], ShouldDecrementDesiredCapacity: true },
    ]);
    expect(autoScaling.commandCalls(DescribeAutoScalingInstancesCommand)).toHaveLength(1);
    expect(autoScaling.commandCalls(UpdateAutoScalingGroupCommand).map((call) => call.args[0].input)).toEqual(
      [{ AutoScalingGroupName: 'hosts', MinSize: 3 }],
    );
  });

  it('ends all hosts in one call, but by itself one whose end an earlier step asked for in vain', async () => {
    const hosts = ['1', '2', '3'].map((n) => ({
      ...action,
      instanceId: `i-${n}`,
      containerInstanceArn: `arn:aws:ecs:eu-west-1:111122223333:container-instance/prod/${n}`,
    }));
    ecs.on(DescribeContainerInstancesCommand).callsFake(({ containerInstances }) => ({
      containerInstances: containerInstances.map((containerInstanceArn: string) => ({
        containerInstanceArn,
        status: 'DRAINING',
      })),
    }));
    autoScaling
      .on(TerminateInstanceInAutoScalingGroupCommand)
      .rejectsOnce(Object.assign(new Error('one of them is not valid'), { name: 'ValidationError' }))
      .resolves({});

    await expect(handler(ending(...hosts), lambdaContext)).rejects.toMatchObject({ name: 'WorldChanged' });
    const next = { ...ending(...hosts), step: { ...ending(...hosts).step, id: 'step-2' } };
    await handler(next, lambdaContext);

    expect(terminated().map(({ InstanceId, InstanceIds }) => InstanceIds ?? InstanceId)).toEqual([
      ['i-1', 'i-2', 'i-3'],
      'i-1',
      'i-2',
      'i-3',
    ]);
  });

  it('forgets a container instance only when EC2 says that its host is terminated', async () => {
    const ghost = (n: string) => ({
      instanceId: `i-0${n}`,
      containerInstanceArn: `arn/${n}`,
      reason: 'ghost',
    });
    ec2.on(DescribeInstancesCommand).resolves({
      Reservations: [
        {
          Instances: [
            { InstanceId: 'i-0gone', State: { Name: 'terminated' } },
            { InstanceId: 'i-0live', State: { Name: 'running' } },
          ],
        },
      ],
    });

    await handler(
      { ...state, step: { ...state.step, deregister: [ghost('gone'), ghost('live')] } },
      lambdaContext,
    );

    const forgotten = ecs.commandCalls(DeregisterContainerInstanceCommand).map((call) => call.args[0].input);
    expect(forgotten).toEqual([{ cluster: 'prod', containerInstance: 'arn/gone', force: true }]);
  });
});
