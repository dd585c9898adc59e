/** Clusters, task definitions, settings and tags. */
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
  ListTagsForResourceRequest,
  ListTagsForResourceResponse,
  Tag,
} from '@aws-sdk/client-ecs';
import { awsError } from '../../kernel/aws-error.ts';
import { pageOf, withFailures } from '../../kernel/pages.ts';
import type { Operation } from '../../world.ts';
import { clusterName, idOf } from '../arn.ts';
import type { Parts } from '../parts.ts';
import type { ClusterRecord } from '../records.ts';
import { batch, pageOfArns, token } from './inputs.ts';

/** Settings that AWS tells although nobody set them. */
const DEFAULT_SETTINGS = { awsvpcTrunking: 'disabled', containerInsights: 'disabled' };

export function clusterOperations(parts: Parts): Readonly<Record<string, Operation>> {
  const { state, capture } = parts;

  function list(input: ListClustersRequest): ListClustersResponse {
    const arns = [...state.clusters.values()].map(({ arn }) => arn);
    const page = pageOfArns(arns, 'ListClusters', input);
    return { clusterArns: page.items, ...token(page.nextToken) };
  }

  function describe(input: DescribeClustersRequest): DescribeClustersResponse {
    const include = new Set(input.include ?? []);
    const wanted = input.clusters?.length ? batch(input.clusters, 100, 'Clusters') : ['default'];
    const { done, failures } = withFailures<string, Cluster>(wanted, (each) => {
      const cluster = state.clusters.get(clusterName(each));
      if (cluster && (!each.startsWith('arn:') || each === cluster.arn)) return picture(cluster, include);
      const { region, accountId } = parts.world;
      const arn = each.startsWith('arn:') ? each : `arn:aws:ecs:${region}:${accountId}:cluster/${each}`;
      return { failure: { arn, reason: 'MISSING' } };
    });
    return { clusters: done, failures };
  }

  function picture(cluster: ClusterRecord, include: ReadonlySet<string>): Cluster {
    let running = 0;
    let pending = 0;
    for (const task of state.aliveTasks) {
      if (task.clusterRecord !== cluster) continue;
      if (task.lastStatus === 'RUNNING') running++;
      if (task.lastStatus === 'PENDING') pending++;
    }
    const { source } = cluster;
    return {
      clusterArn: cluster.arn,
      clusterName: cluster.name,
      status: source.status ?? 'ACTIVE',
      registeredContainerInstancesCount: cluster.hosts.size,
      runningTasksCount: running,
      pendingTasksCount: pending,
      activeServicesCount: cluster.services.size,
      statistics: [],
      tags: include.has('TAGS') ? (source.tags ?? []) : [],
      settings: include.has('SETTINGS') ? (source.settings ?? []) : [],
      capacityProviders: [...parts.providers.namesOf(cluster)],
      defaultCapacityProviderStrategy: [...parts.providers.defaultStrategyOf(cluster)],
      ...(include.has('CONFIGURATIONS') && source.configuration && { configuration: source.configuration }),
      ...(include.has('ATTACHMENTS') && {
        attachments: source.attachments ?? [],
        attachmentsStatus: source.attachmentsStatus ?? 'UPDATE_COMPLETE',
      }),
    };
  }

  function describeTaskDefinition(input: DescribeTaskDefinitionRequest): DescribeTaskDefinitionResponse {
    const definition = state.definition(input.taskDefinition ?? '');
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

  function listTags(input: ListTagsForResourceRequest): ListTagsForResourceResponse {
    const tags = tagsOf(input.resourceArn ?? '');
    if (!tags) throw awsError('InvalidParameterException', 'The specified resource was not found.');
    return { tags: [...tags] };
  }

  function tagsOf(arn: string): readonly Tag[] | undefined {
    const kind = /^arn:[^:]+:ecs:[^:]*:[^:]*:([^/]+)\//.exec(arn)?.[1];
    switch (kind) {
      case 'cluster': {
        const cluster = state.clusters.get(clusterName(arn));
        return cluster && (cluster.source.tags ?? []);
      }
      case 'service': {
        const service = state.services.get(arn);
        return service && (service.source.tags ?? []);
      }
      case 'container-instance':
        return state.hosts.get(idOf(arn))?.tags;
      case 'task': {
        const task = state.tasks.get(idOf(arn));
        return task && (task.source.tags ?? []);
      }
      case 'capacity-provider': {
        const provider = parts.providers.find(arn);
        return provider && (provider.source.tags ?? []);
      }
      case 'task-definition':
        return state.definitions.has(arn) ? [] : undefined;
      default:
        return undefined;
    }
  }

  return {
    ListClusters: list,
    DescribeClusters: describe,
    DescribeTaskDefinition: describeTaskDefinition,
    ListAccountSettings: listAccountSettings,
    ListTagsForResource: listTags,
  };
}
