/** Where a cluster's groups take their images from, without looking at tasks: for triggers and the poll. */
import type { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { Cluster, ECSClient } from '@aws-sdk/client-ecs';
import type { TemplateUse } from '../../core/facts.ts';
import { describeGroupInstances, describeGroups } from '../auto-scaling-groups.ts';
import { present, unique } from '../batches.ts';
import { describeCapacityProviders } from '../clusters.ts';
import { ec2InstanceIds, listContainerInstances } from '../container-instances.ts';
import type { LaunchSource } from '../launch-sources.ts';
import { groupNameOf } from './groups.ts';
import { templateUses } from './templates.ts';

export interface GroupSource {
  readonly autoScalingGroupName: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly templates: readonly TemplateUse[];
}

/** `originals`: sources by group name that stand in for what AWS describes, for groups that a run has pinned. */
export async function readSources(
  clients: { readonly ecs: ECSClient; readonly autoScaling: AutoScalingClient; readonly ec2: EC2Client },
  cluster: Cluster,
  originals: ReadonlyMap<string, LaunchSource> = new Map(),
): Promise<GroupSource[]> {
  const [providers, hosts] = await Promise.all([
    describeCapacityProviders(clients.ecs, cluster.capacityProviders ?? []),
    listContainerInstances(clients.ecs, cluster.clusterName ?? ''),
  ]);
  const ids = ec2InstanceIds(hosts);
  const members = await describeGroupInstances(clients.autoScaling, ids);
  const groups = await describeGroups(
    clients.autoScaling,
    unique([
      ...present(providers.map((one) => groupNameOf(one.autoScalingGroupProvider?.autoScalingGroupArn))),
      ...present(members.map((member) => member.AutoScalingGroupName)),
    ]),
  );
  return Promise.all(
    groups.map(async (group) => ({
      autoScalingGroupName: group.AutoScalingGroupName ?? '',
      tags: Object.fromEntries((group.Tags ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? ''])),
      templates: await templateUses(clients.ec2, {
        ...group,
        ...originals.get(group.AutoScalingGroupName ?? ''),
      }),
    })),
  );
}
