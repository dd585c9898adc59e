/** Clusters: their tags, which opt in, and the capacity providers they use. */
import {
  type CapacityProvider,
  type Cluster,
  type ClusterField,
  DescribeCapacityProvidersCommand,
  DescribeClustersCommand,
  type ECSClient,
  ListAccountSettingsCommand,
  paginateListAccountSettings,
  paginateListClusters,
  type Setting,
} from '@aws-sdk/client-ecs';
import { perBatch } from './batches.ts';

const DESCRIBE_CLUSTERS_MAX = 100;
/** DescribeCapacityProviders answers ten a page (Amazon ECS API reference). */
const DESCRIBE_PROVIDERS_MAX = 10;

/** The cluster with its tags; undefined when there is none of that name or ARN, or it is INACTIVE. */
export async function describeCluster(
  ecs: ECSClient,
  cluster: string,
  include?: readonly ClusterField[],
): Promise<Cluster | undefined> {
  const [found] = await describeClusters(ecs, [cluster], include);
  return found;
}

/** Every ACTIVE cluster of the Region with its tags. */
export async function listClusters(ecs: ECSClient): Promise<Cluster[]> {
  const arns: string[] = [];
  for await (const page of paginateListClusters({ client: ecs, pageSize: 100 }, {})) {
    arns.push(...(page.clusterArns ?? []));
  }
  return describeClusters(ecs, arns);
}

async function describeClusters(
  ecs: ECSClient,
  names: readonly string[],
  include: readonly ClusterField[] = ['TAGS'],
): Promise<Cluster[]> {
  const found = await perBatch(names, DESCRIBE_CLUSTERS_MAX, async (clusters) => {
    const answer = await ecs.send(new DescribeClustersCommand({ clusters, include: [...include] }));
    const odd = answer.failures?.find((failure) => failure.reason !== 'MISSING');
    if (odd) throw new Error(`${odd.arn} cannot be described: ${odd.reason ?? odd.detail}`);
    return answer.clusters ?? [];
  });
  return found.filter((cluster) => cluster.status === undefined || cluster.status === 'ACTIVE');
}

/** The capacity providers of these names, described; FARGATE and FARGATE_SPOT come back without a group. */
export function describeCapacityProviders(
  ecs: ECSClient,
  names: readonly string[],
  cluster?: string,
): Promise<CapacityProvider[]> {
  return perBatch(names, DESCRIBE_PROVIDERS_MAX, async (capacityProviders) => {
    const found: CapacityProvider[] = [];
    let nextToken: string | undefined;
    do {
      const answer = await ecs.send(
        new DescribeCapacityProvidersCommand({
          capacityProviders,
          ...(nextToken === undefined ? {} : { nextToken }),
        }),
      );
      // A provider of another account or one just deleted: the cluster can no longer launch with it.
      const odd = answer.failures?.find((failure) => failure.reason !== 'MISSING');
      if (odd) throw new Error(`${odd.arn ?? cluster} cannot be described: ${odd.reason ?? odd.detail}`);
      found.push(...(answer.capacityProviders ?? []));
      nextToken = answer.nextToken;
    } while (nextToken !== undefined);
    return found;
  });
}

/** Whether new hosts of this account get trunk interfaces; undefined when it cannot be read. */
export async function readTrunking(ecs: ECSClient): Promise<boolean | undefined> {
  const answer = await ecs.send(
    new ListAccountSettingsCommand({ name: 'awsvpcTrunking', effectiveSettings: true }),
  );
  const value = answer.settings?.[0]?.value;
  return value === undefined ? undefined : value === 'enabled' || value === 'on';
}

/** AWS's limit per page (Amazon ECS API reference, ListAccountSettings). */
const SETTINGS_PAGE = 10;

/** Every setting of the account as it applies to the caller. */
export async function listAccountSettings(ecs: ECSClient): Promise<Setting[]> {
  const found: Setting[] = [];
  const pages = paginateListAccountSettings(
    { client: ecs, pageSize: SETTINGS_PAGE },
    { effectiveSettings: true },
  );
  for await (const page of pages) found.push(...(page.settings ?? []));
  return found;
}
