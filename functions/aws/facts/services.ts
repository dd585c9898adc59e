/** Services as the decision sees them. */
import type { Service } from '@aws-sdk/client-ecs';
import type { ServiceFacts } from '../../core/facts.ts';
import { present } from '../batches.ts';
import { defined } from './defined.ts';

/** How many of the newest events a decision may need: the last failed placement is among them. */
const EVENTS_MAX = 10;

/** `deregistrationDelaySeconds`: the longest of its target groups. */
export function serviceFacts(service: Service, deregistrationDelaySeconds: number): ServiceFacts {
  const isDaemon = service.schedulingStrategy === 'DAEMON';
  const configuration = service.deploymentConfiguration;
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
    launchType: service.launchType as ServiceFacts['launchType'],
    capacityProviders: present(
      (service.capacityProviderStrategy ?? []).map(({ capacityProvider }) => capacityProvider),
    ),
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
