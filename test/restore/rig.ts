/** What the tests of restore share: mocked clients, a group as a run left it, and a run that closes. */
import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  DescribeAutoScalingInstancesCommand,
  DescribeInstanceRefreshesCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  DeleteLaunchTemplateVersionsCommand,
  DescribeLaunchTemplateVersionsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { DescribeClustersCommand, ECSClient, ListContainerInstancesCommand } from '@aws-sdk/client-ecs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { mockClient } from 'aws-sdk-client-mock';
import { beginAsNewContainer } from '../../functions/aws/container-memory.ts';
import type { GroupMemory } from '../../functions/core/memory.ts';
import type { Ending } from '../../functions/core/outcome.ts';
import { handler } from '../../functions/restore.ts';
import { fakeLedger } from '../support/fake-ledger.ts';
import { lambdaContext } from '../support/lambda-context.ts';
import { begin, groupMemory, state } from '../support/run.ts';

export const autoScaling = mockClient(AutoScalingClient);
export const ec2 = mockClient(EC2Client);
export const ecs = mockClient(ECSClient);
export const eventBridge = mockClient(EventBridgeClient);
export const ledger = fakeLedger();

export const SUCCEEDED: Ending = { outcome: 'SUCCEEDED', reason: 'all replaced' };
export const FAILED: Ending = { outcome: 'FAILED', reason: 'no capacity' };
/** The group as the run left it: pinned to version 7, sizes as set, two hosts in service. */
export const group = (over: object = {}) => ({
  AutoScalingGroupName: 'hosts',
  MinSize: 4,
  MaxSize: 4,
  DesiredCapacity: 2,
  LaunchTemplate: { LaunchTemplateId: 'lt-1', LaunchTemplateName: 'hosts', Version: '7' },
  Instances: ['i-1', 'i-2'].map((InstanceId) => ({ InstanceId, LifecycleState: 'InService' })),
  SuspendedProcesses: [
    { ProcessName: 'AZRebalance' },
    { ProcessName: 'ScheduledActions' },
    { ProcessName: 'AlarmNotification' },
  ],
  ...over,
});
export const groupIs = (over: object = {}) =>
  autoScaling.on(DescribeAutoScalingGroupsCommand).resolves({ AutoScalingGroups: [group(over) as never] });
export const updates = () =>
  autoScaling.commandCalls(UpdateAutoScalingGroupCommand).map((call) => call.args[0].input);
export const refreshes = (statuses: readonly string[]) =>
  autoScaling.on(DescribeInstanceRefreshesCommand).resolves({
    InstanceRefreshes: statuses.map(
      (Status, at) => ({ InstanceRefreshId: `refresh-${at}`, Status }) as never,
    ),
  });
export const referenceTo = (version: string, over: Partial<GroupMemory> = {}): GroupMemory => ({
  ...groupMemory,
  ...over,
  original: {
    ...groupMemory.original,
    launchSource: JSON.stringify({ LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: version } }),
  },
});
export const restoring = async (ending: Ending, memory: GroupMemory = groupMemory) => {
  await begin(ledger.table, { groups: [memory], phase: 'closing', ending });
  return handler({ ...state, ending }, lambdaContext);
};

/** Before each test: nothing remembered, and AWS as a run left it. */
export function asTheRunLeftIt(): void {
  for (const mock of [autoScaling, ec2, ecs, eventBridge]) mock.reset();
  ledger.reset();
  beginAsNewContainer();
  groupIs();
  autoScaling.on(DescribeAutoScalingInstancesCommand).resolves({ AutoScalingInstances: [] });
  refreshes([]);
  ecs.on(ListContainerInstancesCommand).resolves({ containerInstanceArns: [] });
  ecs.on(DescribeClustersCommand).resolves({ clusters: [{ clusterName: 'prod', status: 'ACTIVE' }] });
  ec2.on(DeleteLaunchTemplateVersionsCommand).resolves({});
  ec2.on(DescribeLaunchTemplateVersionsCommand).callsFake(({ Versions: [version] }) => ({
    LaunchTemplateVersions: [
      {
        LaunchTemplateId: 'lt-1',
        VersionNumber: version === '$Latest' ? 7 : version === '$Default' ? 6 : Number(version),
        VersionDescription: version === '$Latest' ? 'ecs-rollover run run-1' : '',
        LaunchTemplateData: { ImageId: version === '7' ? 'ami-0new' : 'ami-0old' },
      },
    ],
  }));
}
