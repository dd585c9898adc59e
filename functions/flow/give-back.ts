/**
 * Puts one group back: reference, sizes, flags, processes, in the order of decisions.md rule 23. Somebody's instance refresh
 * comes first: while it is active a template reference may not be changed at all (the API says "An active instance refresh
 * with a desired configuration exists"), and sizes would be set into its replacing. Only the flags of ours go at once, since
 * it waits for them (Amazon EC2 Auto Scaling API reference, RefreshPreferences.ScaleInProtectedInstances: `Wait`).
 */
import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import {
  activeRefresh,
  describeGroups,
  resumeProcesses,
  setInstanceProtection,
  updateGroup,
} from '../aws/auto-scaling-groups.ts';
import { present } from '../aws/batches.ts';
import { autoScaling } from '../aws/clients.ts';
import { describeError, isInvalid } from '../aws/error-codes.ts';
import { readSizes } from '../aws/ledger/runs.ts';
import { dropSurplus, keepSurplus } from '../aws/ledger/surpluses.ts';
import type { Table } from '../aws/ledger/table.ts';
import { putWarmPool } from '../aws/warm-pools.ts';
import type { GroupMemory, RunMemory } from '../core/memory.ts';
import { desiredSet, isSame, restoredSizes, type Sizes } from '../core/restoring.ts';
import { AwsBusy } from '../edge/errors.ts';
import { restoreReference } from './reference.ts';

export interface GivingBack {
  /** What the run remembers of its hosts, against which a read is held. */
  readonly memory: Pick<RunMemory, 'hosts' | 'lookedAtMs'>;
  readonly table: Table;
  readonly cluster: string;
  readonly runId: string;
  /** The run goes on in its next window: what it has to leave above a group's own sizes is remembered for then. */
  readonly goesOn: boolean;
  readonly keepsTarget: boolean;
  readonly fence: () => Promise<void>;
  readonly remember: (group: GroupMemory) => Promise<void>;
}

/** Lifecycle states of hosts that a lower size would put at risk. */
const PRESENT = new Set(['Pending', 'Pending:Wait', 'Pending:Proceed', 'InService']);

export interface GivenBack {
  /** For people. */
  readonly warnings: readonly string[];
  /** Hosts in service beyond the goal: they keep their place, since only draining takes them away without harm. */
  readonly surplus: number;
  /** What has to end before the rest of the group can be put back. */
  readonly waitsFor?: string;
}

/** Reads of Auto Scaling that contradict the ledger are not believed before the last look is this old. */
const BELIEVED_AFTER_MS = 180_000;
const READS = 3;
const READS_APART_MS = 5000;

/**
 * Safe to repeat: what is as it should be is not touched again.
 *
 * @throws AwsBusy while Auto Scaling does not show yet what the run did
 */
export async function giveBack(group: GroupMemory, how: GivingBack): Promise<GivenBack> {
  const refresh = await refreshOf(group);
  if (refresh !== undefined) return heldUp(group, refresh, how);
  try {
    return await giveAllBack(group, how);
  } catch (error) {
    // It may have begun since we looked.
    const begun = isInvalid(error) ? await refreshOf(group) : undefined;
    if (begun === undefined) throw error;
    return heldUp(group, begun, how);
  }
}

/** The id of somebody's refresh of the group. A group that is gone has none. */
async function refreshOf({ autoScalingGroupName }: GroupMemory): Promise<string | undefined> {
  try {
    return (await activeRefresh(autoScaling, autoScalingGroupName))?.InstanceRefreshId;
  } catch (error) {
    if (isInvalid(error)) return undefined;
    throw error;
  }
}

async function heldUp(group: GroupMemory, refresh: string, how: GivingBack): Promise<GivenBack> {
  await restoreFlags(group, how);
  const name = group.autoScalingGroupName;
  const waitsFor = `the end of instance refresh ${refresh} of ${name}, which somebody else started; cancel it, or let it end`;
  return { warnings: [], surplus: 0, waitsFor };
}

async function giveAllBack(group: GroupMemory, how: GivingBack): Promise<GivenBack> {
  const described = await readSettled(group, how);
  if (described === undefined) {
    return { warnings: [`${group.autoScalingGroupName} does not exist any more`], surplus: 0 };
  }
  const warnings = [...(await restoreReference(described, group, how))];
  await restoreSizes(described, group, how, presentIn(described, how));
  const launching = await restoreFlags(group, how);
  await restoreWarmPool(group, how, warnings);
  const suspended = new Set((described.SuspendedProcesses ?? []).map(({ ProcessName }) => ProcessName));
  const ours = group.suspendedByUs.filter((process) => suspended.has(process));
  if (ours.length > 0) {
    await how.fence();
    await resumeProcesses(autoScaling, group.autoScalingGroupName, ours);
  }
  const surplus = group.referenceOnly ? 0 : Math.max(0, presentIn(described, how) - group.goal);
  if (launching.length === 0) return { warnings, surplus };
  const waitsFor = `${launching.join(', ')} of ${group.autoScalingGroupName} to be in service: until then the scale-in protection that the run gave every new host cannot be taken away`;
  return { warnings, surplus, waitsFor };
}

/** Sizes are not set from one read that may be minutes old: too low a size would let Auto Scaling choose victims. */
async function readSettled(group: GroupMemory, how: GivingBack): Promise<AutoScalingGroup | undefined> {
  for (let read = 1; ; read += 1) {
    const [described] = await describeGroups(autoScaling, [group.autoScalingGroupName]);
    const doubt = described && !group.referenceOnly ? doubtOf(described, group, how) : undefined;
    if (doubt === undefined || Date.now() - (how.memory.lookedAtMs ?? 0) >= BELIEVED_AFTER_MS)
      return described;
    if (read === READS)
      throw new AwsBusy(`${group.autoScalingGroupName}: ${doubt}; the read is taken for an old one`);
    await new Promise((resolve) => setTimeout(resolve, READS_APART_MS));
  }
}

/** What of the read cannot be, by what the run did and saw; else undefined. */
function doubtOf(
  described: AutoScalingGroup,
  group: GroupMemory,
  { memory }: GivingBack,
): string | undefined {
  const { autoScalingGroupName } = group;
  const { Instances = [] } = described;
  const states = new Map(Instances.map((one) => [one.InstanceId, one.LifecycleState ?? '']));
  for (const host of memory.hosts) {
    if (host.autoScalingGroupName !== autoScalingGroupName) continue;
    const { instanceId, goneSinceMs, readySinceMs, terminateIntentMs } = host;
    if (goneSinceMs !== undefined && states.get(instanceId) === 'InService') return `${instanceId} has gone`;
    const stands = readySinceMs !== undefined && goneSinceMs === undefined && terminateIntentMs === undefined;
    if (stands && !states.has(instanceId)) return `${instanceId} is missing`;
  }
  const now = sizesOf(described);
  const expected = desiredSet(group, now);
  return now.desiredCapacity === expected
    ? undefined
    : `desired capacity is ${now.desiredCapacity}, not ${expected}`;
}

function sizesOf({ MinSize = 0, MaxSize = 0, DesiredCapacity = 0 }: AutoScalingGroup): Sizes {
  return { minSize: MinSize, maxSize: MaxSize, desiredCapacity: DesiredCapacity };
}

/** Hosts that stand, without those that the run has seen go. */
function presentIn({ Instances = [] }: AutoScalingGroup, { memory }: GivingBack): number {
  const gone = new Set(
    memory.hosts.filter((host) => host.goneSinceMs !== undefined).map((host) => host.instanceId),
  );
  return Instances.filter((one) => PRESENT.has(one.LifecycleState ?? '') && !gone.has(one.InstanceId ?? ''))
    .length;
}

/** By their owner: flags that the run set go with it. */
function isAllProtected(described: AutoScalingGroup, { protectedByUs }: GroupMemory): boolean {
  const { NewInstancesProtectedFromScaleIn = false, Instances = [] } = described;
  const standing = Instances.filter((one) => PRESENT.has(one.LifecycleState ?? ''));
  return (
    !protectedByUs && NewInstancesProtectedFromScaleIn && standing.every((one) => one.ProtectedFromScaleIn)
  );
}

async function restoreSizes(
  described: AutoScalingGroup,
  group: GroupMemory,
  { table, cluster, runId, goesOn, fence, remember }: GivingBack,
  inService: number,
): Promise<void> {
  if (group.referenceOnly) return;
  const set = await readSizes(table, runId, group.autoScalingGroupName);
  const now = sizesOf(described);
  const sizes = restoredSizes(group, {
    ...now,
    inService,
    allProtected: isAllProtected(described, group),
    minSizesSet: set.minSizes,
    maxSizesSet: set.maxSizes,
  });
  if (goesOn && sizes.left !== undefined) await keepSurplus(table, cluster, sizes.left);
  else await dropSurplus(table, cluster, group.autoScalingGroupName);
  const { minSize, maxSize, desiredCapacity } = sizes;
  const givenBack = { minSize, maxSize, desiredCapacity };
  if (!isSame(sizes, now)) {
    // Before the call: a repeat after a crash must not take what it did for somebody else's.
    await remember({ ...group, givingBack: { from: now, to: givenBack }, givenBackAtMs: Date.now() });
    await fence();
    await updateGroup(autoScaling, {
      AutoScalingGroupName: group.autoScalingGroupName,
      MinSize: minSize,
      MaxSize: maxSize,
      DesiredCapacity: desiredCapacity,
    });
  }
  const { givingBack: _, ...rest } = group;
  await remember({ ...rest, givenBack, givenBackAtMs: Date.now() });
}

/**
 * The group's flag first, and then a read of who carries it: no host launched after that read does. Only hosts in service can
 * be told; the others are waited for ("The instance i-… is not in InService or EnteringStandby or Standby").
 * Source: Amazon EC2 Auto Scaling user guide, ec2-auto-scaling-instance-protection: protection "starts when the instance
 * state is InService".
 *
 * @returns hosts that are still launching, with the flag
 */
async function restoreFlags(group: GroupMemory, { fence }: GivingBack): Promise<string[]> {
  if (!group.protectedByUs) return [];
  const { autoScalingGroupName: AutoScalingGroupName } = group;
  const [before] = await describeGroups(autoScaling, [AutoScalingGroupName]);
  if (before?.NewInstancesProtectedFromScaleIn) {
    await fence();
    await updateGroup(autoScaling, { AutoScalingGroupName, NewInstancesProtectedFromScaleIn: false });
  }
  const [described] = await describeGroups(autoScaling, [AutoScalingGroupName]);
  const flagged = launchedDuring(described, group);
  const ids = (isWanted: (state: string) => boolean) =>
    present(flagged.filter((one) => isWanted(one.LifecycleState ?? '')).map((one) => one.InstanceId));
  const inService = ids((state) => state === 'InService');
  await setInstanceProtection(autoScaling, AutoScalingGroupName, inService, false, fence);
  return ids((state) => state.startsWith('Pending'));
}

/**
 * After the template reference: the pool fills with what the group launches from now on. Read anew, since the deletion that
 * the run began may have ended only now; a pool that is there is its owner's.
 *
 * @throws AwsBusy while the old pool is still being deleted
 */
async function restoreWarmPool(
  { original, autoScalingGroupName: name }: GroupMemory,
  { fence }: GivingBack,
  warnings: string[],
): Promise<void> {
  if (original.warmPool === undefined) return;
  const [described] = await describeGroups(autoScaling, [name]);
  const pool = described?.WarmPoolConfiguration;
  if (pool?.Status === 'PendingDelete') throw new AwsBusy(`${name}: its warm pool is still being deleted`);
  if (described === undefined || pool !== undefined) return;
  await fence();
  try {
    await putWarmPool(autoScaling, name, original.warmPool);
  } catch (error) {
    // What Auto Scaling does not accept now it will not accept later: people are told, and the rest is given back.
    if (!isInvalid(error)) throw error;
    warnings.push(`the warm pool of ${name} could not be put back: ${describeError(error)}`);
  }
}

/** Hosts that carry the flag and were not there, unprotected, before: the group protected none of its own. */
function launchedDuring(described: AutoScalingGroup | undefined, group: GroupMemory) {
  const before = new Set(group.protectedBefore ?? []);
  return (described?.Instances ?? []).filter(
    ({ ProtectedFromScaleIn, InstanceId = '' }) => ProtectedFromScaleIn && !before.has(InstanceId),
  );
}
