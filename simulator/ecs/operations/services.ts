/** Services as callers see and change them. */
import type {
  DescribeServicesRequest,
  DescribeServicesResponse,
  ListServicesRequest,
  ListServicesResponse,
  Service,
  UpdateServiceRequest,
  UpdateServiceResponse,
} from '@aws-sdk/client-ecs';
import { awsError } from '../../kernel/aws-error.ts';
import { viewOfPictures } from '../../kernel/copy.ts';
import { withFailures } from '../../kernel/pages.ts';
import type { Call, Operation } from '../../world.ts';
import { newStrategy } from '../capacity-providers/service-strategy.ts';
import type { Parts } from '../parts.ts';
import type { ClusterRecord, ServiceRecord } from '../records.ts';
import type { Definition } from '../task-definition.ts';
import { batch, pageOfArns, token } from './inputs.ts';

/** Source: Amazon ECS API reference, ListServices: 10 a page unless asked, 100 at most. */
const SERVICE_PAGES = { defaultLimit: 10, maxLimit: 100 };

const withoutTags = viewOfPictures((service: Service): Service => ({ ...service, tags: [] }));

export function serviceOperations(parts: Parts): Readonly<Record<string, Operation>> {
  const { state, journal, deployments, scheduler } = parts;

  function list(input: ListServicesRequest): ListServicesResponse {
    const cluster = state.cluster(input.cluster);
    const arns = [...cluster.services.values()].flatMap((service) => {
      if (input.schedulingStrategy && service.schedulingStrategy !== input.schedulingStrategy) return [];
      if (input.launchType && service.source.launchType !== input.launchType) return [];
      return [service.serviceArn];
    });
    const page = pageOfArns(arns, 'ListServices', input, SERVICE_PAGES);
    return { serviceArns: page.items, ...token(page.nextToken) };
  }

  function describe(input: DescribeServicesRequest, call: Call): DescribeServicesResponse {
    const cluster = state.cluster(input.cluster);
    const { done, failures } = withFailures<string, Service>(
      batch(input.services, 10, 'Services'),
      (wanted) => {
        const service = state.serviceIn(cluster, wanted);
        const picture = service && journal.services.get(service.serviceArn, call.lagMs);
        if (!picture) return { failure: { arn: serviceArn(cluster, wanted), reason: 'MISSING' } };
        return input.include?.includes('TAGS') ? picture : withoutTags(picture);
      },
    );
    return { services: done, failures };
  }

  function update(input: UpdateServiceRequest): UpdateServiceResponse {
    const cluster = state.cluster(input.cluster);
    const service = state.serviceIn(cluster, input.service ?? '');
    if (!service) throw awsError('ServiceNotFoundException', 'Service not found.');
    if (service.source.status === 'INACTIVE')
      throw awsError('ServiceNotActiveException', 'Service was not ACTIVE.');
    refuseWhatControllersOwn(service, input);
    const { primary } = service;
    const definition =
      input.taskDefinition === undefined ? primary.definition : state.definition(input.taskDefinition);
    if (!definition) throw awsError('ClientException', 'TaskDefinition not found.');
    const { networkConfiguration, placementConstraints, placementStrategy } = input;
    const { deploymentConfiguration, capacityProviderStrategy, availabilityZoneRebalancing } = input;
    const { healthCheckGracePeriodSeconds } = input;
    const strategy = capacityProviderStrategy && newStrategy(parts, service, capacityProviderStrategy);
    service.source = {
      ...service.source,
      ...(networkConfiguration && { networkConfiguration }),
      ...(placementConstraints && { placementConstraints }),
      ...(placementStrategy && { placementStrategy }),
      ...(capacityProviderStrategy && { capacityProviderStrategy }),
      ...(availabilityZoneRebalancing && { availabilityZoneRebalancing }),
      ...(healthCheckGracePeriodSeconds !== undefined && { healthCheckGracePeriodSeconds }),
      ...(deploymentConfiguration && {
        deploymentConfiguration: { ...service.source.deploymentConfiguration, ...deploymentConfiguration },
      }),
    };
    service.placementConstraints = service.source.placementConstraints ?? [];
    service.placementStrategy = service.source.placementStrategy ?? [];
    if (capacityProviderStrategy) {
      const { launchType: _, ...rest } = service.source;
      if (capacityProviderStrategy.length > 0) service.source = rest;
      service.strategy = strategy ?? service.strategy;
    }
    if (service.schedulingStrategy === 'REPLICA') {
      const own = service.source.deploymentConfiguration;
      service.minimumHealthyPercent = own?.minimumHealthyPercent ?? service.minimumHealthyPercent;
      service.maximumPercent = own?.maximumPercent ?? service.maximumPercent;
    }
    service.allowed.clear();
    if (input.desiredCount !== undefined) setDesired(parts, service, input.desiredCount);
    if (needsDeployment(service, definition, input)) deployments.begin(service, definition);
    else {
      scheduler.look(service);
      journal.serviceChanged(service, false);
      if (service.steady) parts.zones.becameSteady(service);
    }
    const picture = journal.services.get(service.serviceArn);
    return picture ? { service: picture } : {};
  }

  function serviceArn(cluster: ClusterRecord, nameOrArn: string): string {
    if (nameOrArn.startsWith('arn:')) return nameOrArn;
    const { region, accountId } = parts.world;
    return `arn:aws:ecs:${region}:${accountId}:service/${cluster.name}/${nameOrArn}`;
  }

  return {
    ListServices: list,
    DescribeServices: describe,
    UpdateService: update,
  };
}

/** Source: Amazon ECS API reference, UpdateService: what begins a deployment of a rolling update. */
function needsDeployment(
  { primary }: ServiceRecord,
  definition: Definition,
  { networkConfiguration, capacityProviderStrategy, forceNewDeployment }: UpdateServiceRequest,
): boolean {
  return Boolean(
    definition !== primary.definition ||
      networkConfiguration ||
      capacityProviderStrategy ||
      forceNewDeployment,
  );
}

/**
 * CodeDeploy and external tools make the deployments of their services.
 * Source: Amazon ECS API reference, UpdateService ("For services using the blue/green (CODE_DEPLOY) deployment
 * controller …", "For services using an external deployment controller …").
 */
function refuseWhatControllersOwn({ source }: ServiceRecord, input: UpdateServiceRequest): void {
  const controller = source.deploymentController?.type ?? 'ECS';
  if (controller === 'ECS') return;
  const { taskDefinition, networkConfiguration, capacityProviderStrategy, forceNewDeployment } = input;
  const wanted = { taskDefinition, networkConfiguration, capacityProviderStrategy, forceNewDeployment };
  const [first] = Object.entries(wanted).flatMap(([name, value]) => (value ? [name] : []));
  if (first !== undefined)
    throw awsError(
      'InvalidParameterException',
      `Unable to update ${first} on services with a ${controller} deployment controller.`,
    );
}

/** Sets how many tasks the service shall have, as a person or service auto scaling does. */
export function setDesired(parts: Parts, service: ServiceRecord, desired: number): void {
  if (service.schedulingStrategy === 'DAEMON')
    throw awsError(
      'InvalidParameterException',
      'The daemon scheduling strategy does not support a desired count for services.',
    );
  if (desired < 0) throw awsError('InvalidParameterException', 'desiredCount cannot be negative.');
  if (service.desired === desired) return;
  service.desired = desired;
  service.steady = false;
  parts.zones.stop(service);
  parts.journal.serviceChanged(service, true);
  parts.scheduler.look(service);
}
