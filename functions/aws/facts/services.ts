/** Services as the decision sees them. */
import type { CapacityProviderStrategyItem, Service } from '@aws-sdk/client-ecs';
import type { ProviderShare, ServiceFacts } from '../../core/facts.ts';
import { present } from '../batches.ts';
import { defined } from './defined.ts';

/** How many of the newest events a decision may need: the last failed placement is among them. */
const EVENTS_MAX = 10;

/** `deregistrationDelaySeconds`: the longest of its target groups. `byDefault`: the cluster's strategy. */
export function serviceFacts(
  service: Service,
  deregistrationDelaySeconds: number,
  byDefault: readonly CapacityProviderStrategyItem[] = [],
): ServiceFacts {
  const isDaemon = service.schedulingStrategy === 'DAEMON';
  const configuration = service.deploymentConfiguration;
  const strategy = strategyOf(service, byDefault);
  const constraints = service.placementConstraints ?? [];
  return defined({
    serviceName: service.serviceName ?? '',
    serviceArn: service.serviceArn ?? '',
    schedulingStrategy: isDaemon ? ('DAEMON' as const) : ('REPLICA' as const),
    deploymentController: service.deploymentController?.type ?? ('ECS' as const),
    deploymentStrategy: configuration?.strategy ?? 'ROLLING',
    taskDefinitionArn: service.taskDefinition ?? '',
    desiredCount: service.desiredCount ?? 0,
    runningCount: service.runningCount ?? 0,
    pendingCount: service.pendingCount ?? 0,
    // Defaults: Amazon ECS API reference, DeploymentConfiguration.
    minimumHealthyPercent: configuration?.minimumHealthyPercent ?? (isDaemon ? 0 : 100),
    maximumPercent: configuration?.maximumPercent ?? (isDaemon ? 100 : 200),
    launchType: launchTypeOf(service, strategy),
    capacityProviders: strategy.map(({ capacityProvider }) => capacityProvider),
    strategy,
    memberOf: present(
      constraints.map(({ type, expression }) => (type === 'memberOf' ? expression : undefined)),
    ),
    distinctInstance: constraints.some(({ type }) => type === 'distinctInstance'),
    placementStrategy: (service.placementStrategy ?? []).map(({ type, field }) =>
      defined({ type: type ?? 'random', field }),
    ),
    subnets: service.networkConfiguration?.awsvpcConfiguration?.subnets ?? [],
    targetGroupArns: targetGroupsOf(service),
    healthCheckGracePeriodSeconds: service.healthCheckGracePeriodSeconds ?? 0,
    availabilityZoneRebalancing: service.availabilityZoneRebalancing === 'ENABLED',
    deploying: isDeploying(service),
    events: [...(service.events ?? [])]
      .map(({ createdAt, message }) => ({ atMs: createdAt?.getTime() ?? 0, message: message ?? '' }))
      .sort((left, right) => right.atMs - left.atMs)
      .slice(0, EVENTS_MAX),
    deregistrationDelaySeconds,
  });
}

/** A strategy names providers of Fargate alone or of none. Source: Amazon ECS developer guide, cluster-capacity-providers. */
function launchTypeOf(service: Service, strategy: readonly ProviderShare[]): ServiceFacts['launchType'] {
  if (strategy.some(({ capacityProvider }) => capacityProvider.startsWith('FARGATE'))) return 'FARGATE';
  return service.launchType as ServiceFacts['launchType'];
}

/**
 * The cluster's default counts only where neither a strategy nor a launch type was given. Source: Amazon ECS API reference,
 * Cluster.defaultCapacityProviderStrategy.
 */
function strategyOf(service: Service, byDefault: readonly CapacityProviderStrategyItem[]): ProviderShare[] {
  const own = service.capacityProviderStrategy ?? [];
  const items = own.length === 0 && service.launchType === undefined ? byDefault : own;
  return items.flatMap(({ capacityProvider, base = 0, weight = 0 }) =>
    capacityProvider === undefined ? [] : [{ capacityProvider, base, weight }],
  );
}

export function targetGroupsOf(service: Service): string[] {
  return present((service.loadBalancers ?? []).map(({ targetGroupArn }) => targetGroupArn));
}

/** `rolloutState` is absent for Classic Load Balancers and other controllers (Amazon ECS API reference, Deployment). */
function isDeploying({ deployments, taskSets }: Service): boolean {
  const live = (deployments ?? []).filter(({ status }) => status !== 'INACTIVE');
  return (
    live.length > 1 ||
    live.some(({ rolloutState }) => rolloutState === 'IN_PROGRESS') ||
    (taskSets ?? []).length > 1
  );
}
