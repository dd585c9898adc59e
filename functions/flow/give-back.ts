/** Puts one group back: reference, sizes, flags, processes, in the order of decisions.md rule 23. */
import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import {
  describeGroups,
  resumeProcesses,
  setInstanceProtection,
  updateGroup,
} from '../aws/auto-scaling-groups.ts';
import { present } from '../aws/batches.ts';
import { autoScaling } from '../aws/clients.ts';
import { readSizes } from '../aws/ledger/runs.ts';
import type { Table } from '../aws/ledger/table.ts';
import type { GroupMemory } from '../core/memory.ts';
import { restoredSizes } from '../core/restoring.ts';
import { restoreReference } from './reference.ts';

export interface GivingBack {
  readonly table: Table;
  readonly runId: string;
  readonly keepsTarget: boolean;
  readonly fence: () => Promise<void>;
}

/** Lifecycle states of hosts that a lower size would put at risk. */
const PRESENT = new Set(['Pending', 'Pending:Wait', 'Pending:Proceed', 'InService']);

export interface GivenBack {
  /** For people. */
  readonly warnings: readonly string[];
  /** Hosts in service beyond the goal: they keep their place, since only draining takes them away without harm. */
  readonly surplus: number;
}

/** Safe to repeat: what is as it should be is not touched again. */
export async function giveBack(group: GroupMemory, how: GivingBack): Promise<GivenBack> {
  const [described] = await describeGroups(autoScaling, [group.autoScalingGroupName]);
  if (described === undefined) {
    return { warnings: [`${group.autoScalingGroupName} does not exist any more`], surplus: 0 };
  }
  const warnings = await restoreReference(described, group, how);
  await restoreSizes(described, group, how);
  await restoreFlags(described, group, how);
  const suspended = new Set((described.SuspendedProcesses ?? []).map(({ ProcessName }) => ProcessName));
  const ours = group.suspendedByUs.filter((process) => suspended.has(process));
  if (ours.length > 0) {
    await how.fence();
    await resumeProcesses(autoScaling, group.autoScalingGroupName, ours);
  }
  const surplus = group.referenceOnly ? 0 : Math.max(0, presentIn(described) - group.goal);
  return { warnings, surplus };
}

function presentIn(described: AutoScalingGroup): number {
  return (described.Instances ?? []).filter((one) => PRESENT.has(one.LifecycleState ?? '')).length;
}

async function restoreSizes(
  described: AutoScalingGroup,
  group: GroupMemory,
  { table, runId, fence }: GivingBack,
): Promise<void> {
  if (group.referenceOnly) return;
  const set = await readSizes(table, runId, group.autoScalingGroupName);
  const now = {
    minSize: described.MinSize ?? 0,
    maxSize: described.MaxSize ?? 0,
    desiredCapacity: described.DesiredCapacity ?? 0,
  };
  const sizes = restoredSizes(group, {
    ...now,
    inService: presentIn(described),
    minSizesSet: set.minSizes,
    maxSizesSet: set.maxSizes,
  });
  const isSame =
    sizes.minSize === now.minSize &&
    sizes.maxSize === now.maxSize &&
    sizes.desiredCapacity === now.desiredCapacity;
  if (isSame) return;
  await fence();
  await updateGroup(autoScaling, {
    AutoScalingGroupName: group.autoScalingGroupName,
    MinSize: sizes.minSize,
    MaxSize: sizes.maxSize,
    DesiredCapacity: sizes.desiredCapacity,
  });
}

/** The group's flag first: a host launched in between must not carry it. */
async function restoreFlags(
  described: AutoScalingGroup,
  group: GroupMemory,
  { fence }: GivingBack,
): Promise<void> {
  if (!group.protectedByUs) return;
  const AutoScalingGroupName = group.autoScalingGroupName;
  if (described.NewInstancesProtectedFromScaleIn) {
    await fence();
    await updateGroup(autoScaling, { AutoScalingGroupName, NewInstancesProtectedFromScaleIn: false });
  }
  await setInstanceProtection(
    autoScaling,
    AutoScalingGroupName,
    launchedDuring(described, group),
    false,
    fence,
  );
}

/** Hosts that carry the flag and were not there, unprotected, before: the group protected none of its own. */
function launchedDuring(described: AutoScalingGroup, group: GroupMemory): string[] {
  const before = new Set(group.protectedBefore ?? []);
  return present(
    (described.Instances ?? [])
      .filter((one) => one.ProtectedFromScaleIn && one.LifecycleState === 'InService')
      .map((one) => one.InstanceId),
  ).filter((id) => !before.has(id));
}
