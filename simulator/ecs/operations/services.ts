/** Services as callers see and change them. */
import type {
  DescribeServiceRevisionsRequest,
  DescribeServiceRevisionsResponse,
  DescribeServicesRequest,
  DescribeServicesResponse,
  Failure,
  ListServicesRequest,
  ListServicesResponse,
  Service,
  UpdateServiceRequest,
  UpdateServiceResponse,
} from '@aws-sdk/client-ecs';
import { awsError } from '../../kernel/aws-error.ts';
import { viewOfPictures } from '../../kernel/copy.ts';
import type { Call, Operation } from '../../world.ts';
import type { Parts } from '../parts.ts';
import type { ClusterRecord, ServiceRecord } from '../records.ts';
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
    const services: Service[] = [];
    const failures: Failure[] = [];
    for (const wanted of batch(input.services, 10, 'Services')) {
      const service = state.serviceIn(cluster, wanted);
      const picture = service && journal.services.get(service.serviceArn, call.lagMs);
      if (!picture) failures.push({ arn: serviceArn(cluster, wanted), reason: 'MISSING' });
      else services.push(input.include?.includes('TAGS') ? picture : withoutTags(picture));
    }
    return { services, failures };
  }

  function update(input: UpdateServiceRequest): UpdateServiceResponse {
    const cluster = state.cluster(input.cluster);
    const service = state.serviceIn(cluster, input.service ?? '');
    if (!service) throw awsError('ServiceNotFoundException', 'Service not found.');
    if (service.source.status === 'INACTIVE')
      throw awsError('ServiceNotActiveException', 'Service was not ACTIVE.');
    const { primary } = service;
    const definition =
      input.taskDefinition === undefined ? primary.definition : state.definition(input.taskDefinition);
    if (!definition) throw awsError('ClientException', 'TaskDefinition not found.');
    const { networkConfiguration, placementConstraints, placementStrategy } = input;
    const { deploymentConfiguration, capacityProviderStrategy } = input;
    service.source = {
      ...service.source,
      ...(networkConfiguration && { networkConfiguration }),
      ...(placementConstraints && { placementConstraints }),
      ...(placementStrategy && { placementStrategy }),
      ...(capacityProviderStrategy && { capacityProviderStrategy }),
      ...(deploymentConfiguration && {
        deploymentConfiguration: { ...service.source.deploymentConfiguration, ...deploymentConfiguration },
      }),
    };
    service.placementConstraints = service.source.placementConstraints ?? [];
    service.placementStrategy = service.source.placementStrategy ?? [];
    if (!service.fargate) service.strategy = service.source.capacityProviderStrategy ?? [];
    if (service.schedulingStrategy === 'REPLICA') {
      const own = service.source.deploymentConfiguration;
      service.minimumHealthyPercent = own?.minimumHealthyPercent ?? service.minimumHealthyPercent;
      service.maximumPercent = own?.maximumPercent ?? service.maximumPercent;
    }
    if (input.desiredCount !== undefined) setDesired(parts, service, input.desiredCount);
    const isNew = definition !== primary.definition || networkConfiguration || capacityProviderStrategy;
    if (isNew || input.forceNewDeployment) deployments.begin(service, definition);
    else {
      scheduler.look(service);
      journal.serviceChanged(service, false);
    }
    const picture = journal.services.get(service.serviceArn);
    return picture ? { service: picture } : {};
  }

  function describeRevisions(input: DescribeServiceRevisionsRequest): DescribeServiceRevisionsResponse {
    const wanted = batch(input.serviceRevisionArns, 20, 'Service revisions');
    const known = new Map(
      parts.capture.ecs.serviceRevisions.map((revision) => [revision.serviceRevisionArn, revision]),
    );
    return {
      serviceRevisions: wanted.flatMap((arn) => known.get(arn) ?? []),
      failures: wanted.flatMap((arn) => (known.has(arn) ? [] : [{ arn, reason: 'MISSING' }])),
    };
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
    DescribeServiceRevisions: describeRevisions,
  };
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
  parts.journal.serviceChanged(service, true);
  parts.journal.serviceAction(service, 'INFO', 'SERVICE_DESIRED_COUNT_UPDATED');
  parts.scheduler.look(service);
}
