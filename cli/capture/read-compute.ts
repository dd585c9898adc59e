/** What Auto Scaling and EC2 tell of the cluster's hosts, and of whoever launches from the same templates. */
import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import type { LaunchTemplateVersion } from '@aws-sdk/client-ec2';
import {
  describeGroupInstances,
  describeGroups,
  listGroups,
  listInstanceRefreshes,
  listLifecycleHooks,
  listScheduledActions,
} from '../../functions/aws/auto-scaling-groups.ts';
import { present, unique } from '../../functions/aws/batches.ts';
import { ec2InstanceIds } from '../../functions/aws/container-instances.ts';
import { listEventWindows } from '../../functions/aws/event-windows.ts';
import { groupNameOf } from '../../functions/aws/facts/groups.ts';
import { describeInstanceStatuses, describeInstances } from '../../functions/aws/instances.ts';
import { launchSourceOf, specificationsOf } from '../../functions/aws/launch-sources.ts';
import { describeTemplateVersions } from '../../functions/aws/launch-templates.ts';
import { listScalingPolicies } from '../../functions/aws/scaling-policies.ts';
import { describeSubnets } from '../../functions/aws/subnets.ts';
import { describeWarmPool } from '../../functions/aws/warm-pools.ts';
import type { Capture } from '../../simulator/capture/capture.ts';
import type { Reading } from './read.ts';

export interface Compute {
  readonly autoScaling: Capture['autoScaling'];
  readonly ec2: Omit<Capture['ec2'], 'images' | 'instanceTypes'>;
}

export async function readCompute(reading: Reading, ecs: Capture['ecs']): Promise<Compute> {
  const { ec2 } = reading.clients;
  const autoScaling = await readAutoScaling(reading, ecs);
  reading.progress.begin('instances');
  const ids = unique([
    ...ec2InstanceIds(ecs.containerInstances),
    ...present(
      [...autoScaling.autoScalingGroups, ...autoScaling.warmPools].flatMap(({ Instances = [] }) =>
        Instances.map(({ InstanceId }) => InstanceId),
      ),
    ),
  ]);
  const instances = await describeInstances(ec2, ids);
  const known = present(instances.map(({ InstanceId }) => InstanceId));
  const instanceStatuses = await describeInstanceStatuses(ec2, known);
  reading.progress.begin('launch templates');
  const launchTemplateVersions = await readTemplates(reading, autoScaling.autoScalingGroups);
  reading.progress.begin('subnets');
  const subnets = await describeSubnets(ec2, subnetIds(ecs, autoScaling.autoScalingGroups, instances));
  const eventWindows = await listEventWindows(ec2);
  return { autoScaling, ec2: { instances, launchTemplateVersions, instanceStatuses, subnets, eventWindows } };
}

async function readAutoScaling(
  { clients: { autoScaling }, progress }: Reading,
  { capacityProviders, containerInstances }: Capture['ecs'],
): Promise<Capture['autoScaling']> {
  progress.begin('Auto Scaling groups');
  const members = await describeGroupInstances(autoScaling, ec2InstanceIds(containerInstances));
  const names = unique(
    present([
      ...capacityProviders.map((one) => groupNameOf(one.autoScalingGroupProvider?.autoScalingGroupArn)),
      ...members.map(({ AutoScalingGroupName }) => AutoScalingGroupName),
    ]),
  );
  const own = await describeGroups(autoScaling, names);
  // A template that others launch from too is a finding of the plan: they belong to the picture.
  const templates = new Set(own.flatMap(templatesOf));
  const others = (await listGroups(autoScaling))
    .filter((group) => !names.includes(group.AutoScalingGroupName ?? ''))
    .filter((group) => templatesOf(group).some((id) => templates.has(id)));
  const groups = [
    ...own,
    ...(await describeGroups(autoScaling, present(others.map((one) => one.AutoScalingGroupName)))),
  ];

  const perGroup = async <T>(read: (name: string) => Promise<readonly T[]>): Promise<T[]> =>
    (await Promise.all(groups.map(({ AutoScalingGroupName = '' }) => read(AutoScalingGroupName)))).flat();
  progress.begin('hooks, schedules and policies');
  return {
    autoScalingGroups: groups,
    lifecycleHooks: await perGroup((name) => listLifecycleHooks(autoScaling, name)),
    scheduledActions: await perGroup((name) => listScheduledActions(autoScaling, name)),
    scalingPolicies: await perGroup((name) => listScalingPolicies(autoScaling, name)),
    instanceRefreshes: await perGroup((name) => listInstanceRefreshes(autoScaling, name)),
    warmPools: await Promise.all(
      groups
        .filter(({ WarmPoolConfiguration }) => WarmPoolConfiguration !== undefined)
        .map(async ({ AutoScalingGroupName = '', WarmPoolConfiguration }) => {
          const { configuration, instances } = await describeWarmPool(autoScaling, AutoScalingGroupName);
          return {
            AutoScalingGroupName,
            WarmPoolConfiguration: configuration ?? WarmPoolConfiguration ?? {},
            Instances: instances,
          };
        }),
    ),
  };
}

function templatesOf(group: AutoScalingGroup): string[] {
  const source = launchSourceOf(group);
  return source === undefined
    ? []
    : present(specificationsOf(source).map(({ specification }) => specification.LaunchTemplateId));
}

/** Of each template the newest version, the default, what groups name, and what their hosts were launched from. */
async function readTemplates(
  { clients: { ec2 } }: Reading,
  groups: readonly AutoScalingGroup[],
): Promise<LaunchTemplateVersion[]> {
  const wanted = new Map<string, Set<string>>();
  for (const group of groups) {
    const source = launchSourceOf(group);
    const named = source === undefined ? [] : specificationsOf(source).map((one) => one.specification);
    const launched = present((group.Instances ?? []).map(({ LaunchTemplate }) => LaunchTemplate));
    for (const { LaunchTemplateId: id, Version } of [...named, ...launched]) {
      if (id === undefined) continue;
      const versions = wanted.get(id) ?? new Set(['$Latest', '$Default']);
      wanted.set(id, versions.add(Version ?? '$Default'));
    }
  }
  const found = await Promise.all(
    [...wanted].map(async ([id, versions]) => {
      // One by one: a version that was deleted (its hosts live on) fails the call for all.
      const lists = await Promise.all(
        [...versions].map((version) => describeTemplateVersions(ec2, id, [version])),
      );
      const byNumber = new Map(lists.flat().map((version) => [version.VersionNumber, version]));
      return [...byNumber.values()].sort((a, b) => (a.VersionNumber ?? 0) - (b.VersionNumber ?? 0));
    }),
  );
  return found.flat();
}

/** Where groups launch, hosts stand, and services and tasks have network interfaces. */
function subnetIds(
  { services, tasks }: Capture['ecs'],
  groups: readonly AutoScalingGroup[],
  instances: Capture['ec2']['instances'],
): string[] {
  const ofTasks = tasks
    .flatMap(({ attachments = [] }) => attachments)
    .flatMap(({ details = [] }) => details)
    .filter(({ name }) => name === 'subnetId')
    .map(({ value }) => value);
  return unique(
    present([
      ...groups.flatMap(({ VPCZoneIdentifier = '' }) => VPCZoneIdentifier.split(',')).map((id) => id.trim()),
      ...instances.map(({ SubnetId }) => SubnetId),
      ...services.flatMap((one) => one.networkConfiguration?.awsvpcConfiguration?.subnets ?? []),
      ...ofTasks,
    ]),
  ).filter((id) => id !== '');
}
