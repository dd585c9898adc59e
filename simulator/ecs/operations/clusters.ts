/** Clusters, task definitions and settings. */
import type {
  Cluster,
  DescribeClustersRequest,
  DescribeClustersResponse,
  DescribeTaskDefinitionRequest,
  DescribeTaskDefinitionResponse,
  ListAccountSettingsRequest,
  ListAccountSettingsResponse,
  ListClustersRequest,
  ListClustersResponse,
} from '@aws-sdk/client-ecs';
import { awsError } from '../../kernel/aws-error.ts';
import { pageOf, withFailures } from '../../kernel/pages.ts';
import type { Call, Operation } from '../../world.ts';
import { clusterName, idOf } from '../arn.ts';
import type { Parts } from '../parts.ts';
import type { ClusterRecord } from '../records.ts';
import { batch, pageOfArns, token } from './inputs.ts';

/** Settings that AWS tells although nobody set them. */
const DEFAULT_SETTINGS = { awsvpcTrunking: 'disabled', containerInsights: 'disabled' };

type Counts = Pick<
  Cluster,
  'registeredContainerInstancesCount' | 'runningTasksCount' | 'pendingTasksCount' | 'activeServicesCount'
>;

export function clusterOperations(parts: Parts): Readonly<Record<string, Operation>> {
  const { state, capture } = parts;

  function list(input: ListClustersRequest): ListClustersResponse {
    const arns = [...state.clusters.values()].map(({ arn }) => arn);
    const page = pageOfArns(arns, 'ListClusters', input);
    return { clusterArns: page.items, ...token(page.nextToken) };
  }

  function describe(input: DescribeClustersRequest, { lagMs }: Call): DescribeClustersResponse {
    const include = new Set(input.include ?? []);
    const wanted = input.clusters?.length ? batch(input.clusters, 100, 'Clusters') : ['default'];
    const { done, failures } = withFailures<string, Cluster>(wanted, (each) => {
      const cluster = state.clusters.get(clusterName(each));
      if (cluster && (!each.startsWith('arn:') || each === cluster.arn))
        return picture(cluster, include, lagMs);
      const { region, accountId } = parts.world;
      const arn = each.startsWith('arn:') ? each : `arn:aws:ecs:${region}:${accountId}:cluster/${each}`;
      return { failure: { arn, reason: 'MISSING' } };
    });
    return { clusters: done, failures };
  }

  function picture(cluster: ClusterRecord, include: ReadonlySet<string>, lagMs: number): Cluster {
    const { source } = cluster;
    const { names, defaultStrategy } = parts.providers.associationAsOf(cluster, lagMs);
    return {
      clusterArn: cluster.arn,
      clusterName: cluster.name,
      status: source.status ?? 'ACTIVE',
      ...(lagMs > 0 ? countsAsOf(cluster, lagMs) : countsNow(cluster)),
      statistics: [],
      tags: include.has('TAGS') ? (source.tags ?? []) : [],
      settings: include.has('SETTINGS') ? (source.settings ?? []) : [],
      capacityProviders: [...names],
      defaultCapacityProviderStrategy: [...defaultStrategy],
      ...(include.has('CONFIGURATIONS') && source.configuration && { configuration: source.configuration }),
      ...(include.has('ATTACHMENTS') && {
        attachments: source.attachments ?? [],
        attachmentsStatus: source.attachmentsStatus ?? 'UPDATE_COMPLETE',
      }),
    };
  }

  function countsNow(cluster: ClusterRecord): Counts {
    let [runningTasksCount, pendingTasksCount] = [0, 0];
    for (const task of state.aliveTasks) {
      if (task.clusterRecord !== cluster) continue;
      if (task.lastStatus === 'RUNNING') runningTasksCount++;
      if (task.lastStatus === 'PENDING') pendingTasksCount++;
    }
    return {
      registeredContainerInstancesCount: cluster.hosts.size,
      runningTasksCount,
      pendingTasksCount,
      activeServicesCount: cluster.services.size,
    };
  }

  function countsAsOf(cluster: ClusterRecord, lagMs: number): Counts {
    const { hosts, tasks, services } = parts.journal;
    const ofCluster = tasks.list(lagMs).filter(({ clusterArn }) => clusterArn === cluster.arn);
    const isOurHost = (arn: string | undefined) =>
      state.hosts.get(idOf(arn ?? ''))?.clusterRecord === cluster;
    return {
      registeredContainerInstancesCount: hosts
        .list(lagMs)
        .filter(({ status, containerInstanceArn: arn }) => status !== 'INACTIVE' && isOurHost(arn)).length,
      runningTasksCount: ofCluster.filter(({ lastStatus }) => lastStatus === 'RUNNING').length,
      pendingTasksCount: ofCluster.filter(({ lastStatus }) => lastStatus === 'PENDING').length,
      activeServicesCount: services
        .list(lagMs)
        .filter(({ clusterArn, status }) => clusterArn === cluster.arn && status === 'ACTIVE').length,
    };
  }

  function describeTaskDefinition(
    input: DescribeTaskDefinitionRequest,
    { lagMs }: Call,
  ): DescribeTaskDefinitionResponse {
    const { clock } = parts.world;
    // What was there at the start is known however old the read is.
    const seenMs = Math.max(clock.startMs, clock.nowMs - lagMs);
    const definition = state.definition(
      input.taskDefinition ?? '',
      ({ source }) => (source.registeredAt?.getTime() ?? 0) <= seenMs,
    );
    if (!definition) throw awsError('ClientException', 'Unable to describe task definition.');
    return { taskDefinition: definition.source, tags: [] };
  }

  function listAccountSettings(input: ListAccountSettingsRequest): ListAccountSettingsResponse {
    const own = capture.ecs.accountSettings;
    const principalArn = `arn:aws:iam::${parts.world.accountId}:root`;
    const defaults = Object.entries(DEFAULT_SETTINGS)
      .filter(([name]) => input.effectiveSettings && !own.some((setting) => setting.name === name))
      .map(([name, value]) => ({ name: name as 'awsvpcTrunking', value, principalArn }));
    const found = [...own, ...defaults].filter(
      ({ name, value }) =>
        (input.name === undefined || name === input.name) &&
        (input.value === undefined || value === input.value),
    );
    const page = pageOf(
      found,
      ({ name }) => name ?? '',
      'ListAccountSettings',
      { limit: input.maxResults, nextToken: input.nextToken },
      { defaultLimit: 10, maxLimit: 10 },
    );
    return { settings: page.items, ...token(page.nextToken) };
  }

  return {
    ListClusters: list,
    DescribeClusters: describe,
    DescribeTaskDefinition: describeTaskDefinition,
    ListAccountSettings: listAccountSettings,
  };
}
