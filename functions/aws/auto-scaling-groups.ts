/** Auto Scaling groups: what they are, what they are doing, and the few changes a run makes to them. */
import {
  type AutoScalingClient,
  type AutoScalingGroup,
  type AutoScalingInstanceDetails,
  DescribeAutoScalingInstancesCommand,
  DescribeInstanceRefreshesCommand,
  DescribeLifecycleHooksCommand,
  type InstanceRefresh,
  type LifecycleHook,
  paginateDescribeAutoScalingGroups,
  paginateDescribeInstanceRefreshes,
  paginateDescribeScheduledActions,
  ResumeProcessesCommand,
  type ScheduledUpdateGroupAction,
  SetInstanceProtectionCommand,
  SuspendProcessesCommand,
  TerminateInstanceInAutoScalingGroupCommand,
  UpdateAutoScalingGroupCommand,
  type UpdateAutoScalingGroupCommandInput,
} from '@aws-sdk/client-auto-scaling';
import { inBatches, perBatch } from './batches.ts';

/** AWS's limits per call (Amazon EC2 Auto Scaling API reference and quotas). */
const GROUPS_PAGE = 100;
const INSTANCES_MAX = 50;
const PROTECTION_MAX = 50;

/** Refresh statuses that are not over. Source: Amazon EC2 Auto Scaling API reference, InstanceRefresh.Status. */
const REFRESHING = new Set(['Pending', 'InProgress', 'Cancelling', 'RollbackInProgress', 'Baking']);

/** Groups by name, with their instances; a name that AWS does not know is absent. */
export async function describeGroups(
  autoScaling: AutoScalingClient,
  names: readonly string[],
): Promise<AutoScalingGroup[]> {
  return perBatch(names, GROUPS_PAGE, async (AutoScalingGroupNames) => {
    const found: AutoScalingGroup[] = [];
    const pages = paginateDescribeAutoScalingGroups(
      { client: autoScaling, pageSize: GROUPS_PAGE },
      { AutoScalingGroupNames },
    );
    for await (const page of pages) found.push(...(page.AutoScalingGroups ?? []));
    return found;
  });
}

/** Every group of the Region: only for the plan, which must know who else launches from a template. */
export async function listGroups(autoScaling: AutoScalingClient): Promise<AutoScalingGroup[]> {
  const found: AutoScalingGroup[] = [];
  const pages = paginateDescribeAutoScalingGroups(
    { client: autoScaling, pageSize: GROUPS_PAGE },
    { IncludeInstances: false },
  );
  for await (const page of pages) found.push(...(page.AutoScalingGroups ?? []));
  return found;
}

/** Auto Scaling's word on these instances; one that belongs to no group is absent. */
export function describeGroupInstances(
  autoScaling: AutoScalingClient,
  instanceIds: readonly string[],
): Promise<AutoScalingInstanceDetails[]> {
  return perBatch(instanceIds, INSTANCES_MAX, async (InstanceIds) => {
    const answer = await autoScaling.send(new DescribeAutoScalingInstancesCommand({ InstanceIds }));
    return answer.AutoScalingInstances ?? [];
  });
}

export async function listLifecycleHooks(
  autoScaling: AutoScalingClient,
  AutoScalingGroupName: string,
): Promise<LifecycleHook[]> {
  const answer = await autoScaling.send(new DescribeLifecycleHooksCommand({ AutoScalingGroupName }));
  return answer.LifecycleHooks ?? [];
}

export async function listScheduledActions(
  autoScaling: AutoScalingClient,
  AutoScalingGroupName: string,
): Promise<ScheduledUpdateGroupAction[]> {
  const found: ScheduledUpdateGroupAction[] = [];
  const pages = paginateDescribeScheduledActions(
    { client: autoScaling, pageSize: 100 },
    { AutoScalingGroupName },
  );
  for await (const page of pages) found.push(...(page.ScheduledUpdateGroupActions ?? []));
  return found;
}

/** The group's instance refresh that is under way, if there is one: at most one can be. */
export async function activeRefresh(
  autoScaling: AutoScalingClient,
  AutoScalingGroupName: string,
): Promise<InstanceRefresh | undefined> {
  // Newest first, and one at a time: an active one is on the first page.
  const answer = await autoScaling.send(new DescribeInstanceRefreshesCommand({ AutoScalingGroupName }));
  return answer.InstanceRefreshes?.find((refresh) => REFRESHING.has(refresh.Status ?? ''));
}

/** Every instance refresh of the group that AWS still tells: the last six weeks (API reference, DescribeInstanceRefreshes). */
export async function listInstanceRefreshes(
  autoScaling: AutoScalingClient,
  AutoScalingGroupName: string,
): Promise<InstanceRefresh[]> {
  const found: InstanceRefresh[] = [];
  const pages = paginateDescribeInstanceRefreshes(
    { client: autoScaling, pageSize: 100 },
    { AutoScalingGroupName },
  );
  for await (const page of pages) found.push(...(page.InstanceRefreshes ?? []));
  return found;
}

/** Sets absolute values; repeating it changes nothing. */
export async function updateGroup(
  autoScaling: AutoScalingClient,
  change: UpdateAutoScalingGroupCommandInput,
): Promise<void> {
  await autoScaling.send(new UpdateAutoScalingGroupCommand(change));
}

export async function suspendProcesses(
  autoScaling: AutoScalingClient,
  AutoScalingGroupName: string,
  ScalingProcesses: string[],
): Promise<void> {
  // An empty list means all processes to AWS.
  if (ScalingProcesses.length === 0) return;
  await autoScaling.send(new SuspendProcessesCommand({ AutoScalingGroupName, ScalingProcesses }));
}

export async function resumeProcesses(
  autoScaling: AutoScalingClient,
  AutoScalingGroupName: string,
  ScalingProcesses: string[],
): Promise<void> {
  if (ScalingProcesses.length === 0) return;
  await autoScaling.send(new ResumeProcessesCommand({ AutoScalingGroupName, ScalingProcesses }));
}

export async function setInstanceProtection(
  autoScaling: AutoScalingClient,
  AutoScalingGroupName: string,
  instanceIds: readonly string[],
  ProtectedFromScaleIn: boolean,
  beforeEach: () => Promise<void>,
): Promise<void> {
  for (const InstanceIds of inBatches(instanceIds, PROTECTION_MAX)) {
    await beforeEach();
    await autoScaling.send(
      new SetInstanceProtectionCommand({ AutoScalingGroupName, InstanceIds, ProtectedFromScaleIn }),
    );
  }
}

/**
 * Ends hosts of a group by id, a hundred at most (API reference, TerminateInstanceInAutoScalingGroup.InstanceIds). Give it a
 * client that does not retry: what a repeated decrement does is documented nowhere, and a lost answer looks like a failure.
 * Ignores scale-in protection and API termination protection alike.
 */
export async function terminateInGroup(
  autoScalingOnce: AutoScalingClient,
  AutoScalingGroupName: string,
  instanceIds: readonly string[],
  ShouldDecrementDesiredCapacity: boolean,
): Promise<void> {
  const [InstanceId] = instanceIds;
  const hosts =
    instanceIds.length === 1 ? { InstanceId } : { AutoScalingGroupName, InstanceIds: [...instanceIds] };
  await autoScalingOnce.send(
    new TerminateInstanceInAutoScalingGroupCommand({ ...hosts, ShouldDecrementDesiredCapacity }),
  );
}
