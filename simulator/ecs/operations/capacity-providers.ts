/** Capacity providers as callers make, change, describe and associate them. */
import type {
  CapacityProvider,
  CapacityProviderStrategyItem,
  CreateCapacityProviderRequest,
  CreateCapacityProviderResponse,
  DeleteCapacityProviderRequest,
  DeleteCapacityProviderResponse,
  DescribeCapacityProvidersRequest,
  DescribeCapacityProvidersResponse,
  PutClusterCapacityProvidersRequest,
  PutClusterCapacityProvidersResponse,
  UpdateCapacityProviderRequest,
  UpdateCapacityProviderResponse,
} from '@aws-sdk/client-ecs';
import { awsError } from '../../kernel/aws-error.ts';
import { pageOf } from '../../kernel/pages.ts';
import type { Call, Operation } from '../../world.ts';
import { keepDrainingHooks } from '../capacity-providers/managed-draining.ts';
import type { ProviderRecord } from '../capacity-providers/providers.ts';
import { checkStrategy, isFargateProvider } from '../capacity-providers/strategy.ts';
import type { Parts } from '../parts.ts';
import type { ClusterRecord } from '../records.ts';
import { token } from './inputs.ts';

/** Source: AWS general reference, ecs-service. */
const MOST_PROVIDERS = 20;
/** Source: Amazon ECS API reference, CreateCapacityProvider. */
const RESERVED_PREFIX = /^(aws|ecs|fargate)/i;

export function capacityProviderOperations(parts: Parts): Readonly<Record<string, Operation>> {
  const { providers, state, world } = parts;

  function create(input: CreateCapacityProviderRequest): CreateCapacityProviderResponse {
    const { name = '', autoScalingGroupProvider: settings, tags = [] } = input;
    if (!settings || RESERVED_PREFIX.test(name))
      throw awsError('InvalidParameterException', 'The specified capacity provider is not valid.');
    // Wording: containers-roadmap issue 632.
    if (providers.find(name))
      throw awsError(
        'ClientException',
        'The specified capacity provider already exists. To change the configuration of an existing capacity provider, update the capacity provider.',
      );
    const provider = providers.add({
      capacityProviderArn: `arn:aws:ecs:${world.region}:${world.accountId}:capacity-provider/${name}`,
      name,
      status: 'ACTIVE',
      // On by default for new ones. Source: developer guide, enable-managed-instance-draining.
      autoScalingGroupProvider: { managedDraining: 'ENABLED', ...settings },
      tags,
    });
    try {
      checkProtection(provider);
    } catch (error) {
      providers.remove(provider);
      throw error;
    }
    return { capacityProvider: provider.source };
  }

  /** "To enable managed termination protection …" is AWS's wording, quoted in containers-roadmap issue 653. */
  function checkProtection({ settings, group }: ProviderRecord): void {
    if (settings?.managedTerminationProtection !== 'ENABLED') return;
    const capacity = world.autoScaling.capacityOf(group ?? '');
    if (settings.managedScaling?.status === 'ENABLED' && capacity?.newInstancesProtected !== false) return;
    throw awsError(
      'ClientException',
      'The managed termination protection setting for the capacity provider is invalid. To enable managed termination protection for a capacity provider, the Auto Scaling group must have instance protection from scale in enabled.',
    );
  }

  function update(input: UpdateCapacityProviderRequest): UpdateCapacityProviderResponse {
    const provider = found(input.name);
    const before = provider.source;
    provider.update(input.autoScalingGroupProvider ?? {});
    try {
      checkProtection(provider);
    } catch (error) {
      provider.source = before;
      throw error;
    }
    follow();
    return { capacityProvider: provider.source };
  }

  /** Only a provider of no cluster goes; the attempt leaves DELETE_FAILED on the others. */
  function remove(input: DeleteCapacityProviderRequest): DeleteCapacityProviderResponse {
    const provider = found(input.capacityProvider);
    const isUsed = [...state.clusters.values()].some((cluster) =>
      providers.namesOf(cluster).includes(provider.name),
    );
    if (!isUsed) providers.remove(provider);
    provider.source = {
      ...provider.source,
      ...(isUsed
        ? { updateStatus: 'DELETE_FAILED', updateStatusReason: 'The capacity provider is used by a cluster.' }
        : { status: 'INACTIVE', updateStatus: 'DELETE_COMPLETE' }),
    };
    return { capacityProvider: provider.source };
  }

  function found(nameOrArn: string | undefined): ProviderRecord {
    const provider = providers.find(nameOrArn);
    if (!provider)
      throw awsError(
        'ClientException',
        'The specified capacity provider does not exist. Specify a valid name.',
      );
    return provider;
  }

  /** Ten a page. Source: Amazon ECS API reference, DescribeCapacityProviders. */
  function describe(
    input: DescribeCapacityProvidersRequest,
    { lagMs }: Call,
  ): DescribeCapacityProvidersResponse {
    const wanted = input.capacityProviders ?? [];
    const sources = wanted.length
      ? wanted.flatMap((each) => providers.described(each, lagMs) ?? [])
      : providers.allDescribed(lagMs);
    const failures = wanted.flatMap((each) =>
      providers.described(each, lagMs) ? [] : [{ arn: each, reason: 'MISSING' }],
    );
    const page = pageOf(
      sources,
      ({ name }) => name ?? '',
      `DescribeCapacityProviders ${JSON.stringify(wanted)}`,
      { limit: input.maxResults, nextToken: input.nextToken },
      { defaultLimit: 10, maxLimit: 10 },
    );
    const withTags = input.include?.includes('TAGS');
    return {
      capacityProviders: page.items.map(
        ({ tags = [], ...shown }): CapacityProvider => ({ ...shown, tags: withTags ? tags : [] }),
      ),
      failures,
      ...token(page.nextToken),
    };
  }

  /** Replaces the whole list. */
  function put(input: PutClusterCapacityProvidersRequest): PutClusterCapacityProvidersResponse {
    const cluster = state.cluster(input.cluster);
    const { capacityProviders: names = [], defaultCapacityProviderStrategy: strategy = [] } = input;
    // Wording: cloudformation-coverage-roadmap issue 1086.
    if (names.length > MOST_PROVIDERS)
      throw awsError(
        'InvalidParameterException',
        'The maximum number of capacity providers per cluster has been exceeded.',
      );
    for (const name of names) if (!isFargateProvider(name)) checkFree(found(name), cluster);
    checkStrategy(strategy, names);
    for (const name of providers.namesOf(cluster))
      if (!names.includes(name) && isInUse(cluster, name))
        throw awsError(
          'ResourceInUseException',
          'The specified capacity provider is in use and cannot be removed.',
        );
    providers.associate(cluster, { names, defaultStrategy: strategy });
    follow();
    return {
      cluster: {
        clusterArn: cluster.arn,
        clusterName: cluster.name,
        status: cluster.source.status ?? 'ACTIVE',
        capacityProviders: [...names],
        defaultCapacityProviderStrategy: [...strategy],
        attachmentsStatus: 'UPDATE_COMPLETE',
      },
    };
  }

  /** With managed scaling it belongs to one cluster. Source: developer guide, cluster-auto-scaling. */
  function checkFree(provider: ProviderRecord, cluster: ClusterRecord): void {
    const isTaken = [...state.clusters.values()].some(
      (other) => other !== cluster && providers.namesOf(other).includes(provider.name),
    );
    if (isTaken && provider.scaling)
      throw awsError(
        'InvalidParameterException',
        'A capacity provider with managed scaling can only be associated with one cluster.',
      );
  }

  /** By a task or by a service's strategy. */
  function isInUse(cluster: ClusterRecord, name: string): boolean {
    for (const service of cluster.services.values())
      if (service.strategy.some(({ capacityProvider }) => capacityProvider === name)) return true;
    for (const task of state.aliveTasks)
      if (task.clusterRecord === cluster && task.capacityProviderName === name) return true;
    return false;
  }

  function follow(): void {
    keepDrainingHooks(parts);
    parts.scaling.sync();
  }

  return {
    CreateCapacityProvider: create,
    UpdateCapacityProvider: update,
    DeleteCapacityProvider: remove,
    DescribeCapacityProviders: describe,
    PutClusterCapacityProviders: put,
  };
}

/**
 * What a task that is run goes by: its own strategy, or the cluster's default one, or a launch type (then none).
 *
 * @throws InvalidParameterException when it names both, or a strategy that ECS does not accept
 */
export function strategyOf(
  parts: Parts,
  cluster: ClusterRecord,
  wish: {
    readonly launchType?: string | undefined;
    readonly capacityProviderStrategy?: CapacityProviderStrategyItem[] | undefined;
  },
): readonly CapacityProviderStrategyItem[] {
  const { launchType, capacityProviderStrategy: own = [] } = wish;
  // Source: developer guide, managed-scaling-behavior: "can't set a capacity provider strategy if … sets a launch type".
  if (launchType !== undefined && own.length > 0)
    throw awsError(
      'InvalidParameterException',
      'Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.',
    );
  if (launchType !== undefined) return [];
  if (own.length === 0) return parts.providers.defaultStrategyOf(cluster);
  checkStrategy(own, parts.providers.namesOf(cluster));
  return own;
}
