/** Container instances as callers see and change them. */
import type {
  ContainerInstance,
  DeleteAttributesRequest,
  DeregisterContainerInstanceRequest,
  DeregisterContainerInstanceResponse,
  DescribeContainerInstancesRequest,
  DescribeContainerInstancesResponse,
  ListAttributesRequest,
  ListAttributesResponse,
  ListContainerInstancesRequest,
  ListContainerInstancesResponse,
  PutAttributesRequest,
  UpdateContainerInstancesStateRequest,
  UpdateContainerInstancesStateResponse,
} from '@aws-sdk/client-ecs';
import { awsError } from '../../kernel/aws-error.ts';
import { viewOfPictures } from '../../kernel/copy.ts';
import { withFailures } from '../../kernel/pages.ts';
import type { Call, Operation } from '../../world.ts';
import { idOf } from '../arn.ts';
import { parseQuery, QueryError } from '../cluster-query.ts';
import type { Parts } from '../parts.ts';
import { subjectOf } from '../placement.ts';
import type { ClusterRecord, HostRecord } from '../records.ts';
import { batch, pageOfArns, token } from './inputs.ts';

/** What ListContainerInstances filters by. Source: Amazon ECS API reference, ContainerInstanceStatus. */
const STATUSES: readonly string[] = [
  'ACTIVE',
  'DRAINING',
  'REGISTERING',
  'DEREGISTERING',
  'REGISTRATION_FAILED',
];

const withoutExtras = viewOfPictures((host: ContainerInstance): ContainerInstance => {
  const { tags: _, healthStatus: __, ...shown } = host;
  return { ...shown, tags: [] };
});

export function containerInstanceOperations(parts: Parts): Readonly<Record<string, Operation>> {
  const { state, journal, registry } = parts;

  function hostArn(cluster: ClusterRecord, idOrArn: string): string {
    if (idOrArn.startsWith('arn:')) return idOrArn;
    const { region, accountId } = parts.world;
    return `arn:aws:ecs:${region}:${accountId}:container-instance/${cluster.name}/${idOrArn}`;
  }

  function list(input: ListContainerInstancesRequest, call: Call): ListContainerInstancesResponse {
    const cluster = state.cluster(input.cluster);
    const query = input.filter === undefined ? undefined : readFilter(input.filter);
    if (input.status && !STATUSES.includes(input.status))
      throw awsError('InvalidParameterException', `Unknown container instance status ${input.status}.`);
    const arns: string[] = [];
    for (const host of state.hosts.values()) {
      if (host.clusterRecord !== cluster) continue;
      const picture = journal.hosts.get(host.id, call.lagMs);
      if (!picture) continue;
      // Every status but INACTIVE unless one is asked for.
      if (input.status ? picture.status !== input.status : picture.status === 'INACTIVE') continue;
      if (query && !query(subjectOf(host))) continue;
      arns.push(host.containerInstanceArn);
    }
    const page = pageOfArns(arns, 'ListContainerInstances', input);
    return { containerInstanceArns: page.items, ...token(page.nextToken) };
  }

  function describe(
    input: DescribeContainerInstancesRequest,
    call: Call,
  ): DescribeContainerInstancesResponse {
    const cluster = state.cluster(input.cluster);
    const wanted = batch(input.containerInstances, 100, 'Container instances', 'Container instance');
    const { done, failures } = withFailures<string, ContainerInstance>(wanted, (each) => {
      const host = state.hostIn(cluster, each);
      const picture = host && journal.hosts.get(host.id, call.lagMs);
      if (!picture) return { failure: { arn: hostArn(cluster, each), reason: 'MISSING' } };
      if (!input.include?.length) return withoutExtras(picture);
      const { tags, healthStatus, ...shown } = picture;
      return {
        ...shown,
        tags: input.include.includes('TAGS') ? (tags ?? []) : [],
        ...(input.include.includes('CONTAINER_INSTANCE_HEALTH') && healthStatus && { healthStatus }),
      };
    });
    return { containerInstances: done, failures };
  }

  /** Ten at a time, 200 with `failures[]` for those that cannot be changed. */
  function updateState(
    input: UpdateContainerInstancesStateRequest,
    call: Call,
  ): UpdateContainerInstancesStateResponse {
    const cluster = state.cluster(input.cluster);
    const wanted = batch(input.containerInstances, 10, 'Container instances');
    const status = input.status;
    if (status !== 'ACTIVE' && status !== 'DRAINING')
      throw awsError(
        'InvalidParameterException',
        'Container instance status should be one of [ACTIVE, DRAINING]',
      );
    const { inactiveFailsAsMissing, wrongStatusFailsWholeCall } = parts.world.readings;
    const { done: hosts, failures } = withFailures<string, HostRecord>(wanted, (each) => {
      const host = state.hostIn(cluster, each);
      if (!host) return { failure: { arn: hostArn(cluster, each), reason: 'MISSING' } };
      const { containerInstanceArn: arn } = host;
      if (host.status === 'INACTIVE')
        return { failure: { arn, reason: inactiveFailsAsMissing ? 'MISSING' : 'INACTIVE' } };
      if (host.status === 'ACTIVE' || host.status === 'DRAINING') return host;
      // "If the instance is in any other status, an error will be received."
      if (wrongStatusFailsWholeCall || wanted.length === 1)
        throw awsError(
          'InvalidParameterException',
          `Container instance ${host.id} is in status ${host.status} and cannot be updated.`,
        );
      return { failure: { arn, reason: host.status } };
    });
    for (const host of hosts) registry.setStatus(host, status, call.actor);
    return { containerInstances: hosts.flatMap((host) => journal.hosts.get(host.id) ?? []), failures };
  }

  function deregister(
    input: DeregisterContainerInstanceRequest,
    call: Call,
  ): DeregisterContainerInstanceResponse {
    const cluster = state.cluster(input.cluster);
    const host = state.hostIn(cluster, input.containerInstance ?? '');
    if (!host || host.status === 'INACTIVE' || host.status === 'DEREGISTERING')
      throw awsError(
        'InvalidParameterException',
        `Referenced container instance ${idOf(input.containerInstance ?? '')} not found.`,
      );
    const busy = [...host.tasks].some((task) => task.desiredStatus === 'RUNNING');
    if (busy && !input.force)
      throw awsError('InvalidParameterException', 'Found running tasks on the instance.');
    registry.retire(host, {
      because: 'deregistered',
      actor: call.actor,
      instanceId: host.instanceId,
      text: 'Container instance deregistration forced by user',
    });
    const containerInstance = journal.hosts.get(host.id);
    return containerInstance ? { containerInstance } : {};
  }

  function putAttributes(input: PutAttributesRequest) {
    const cluster = state.cluster(input.cluster);
    const attributes = input.attributes ?? [];
    if (attributes.length > 10)
      throw awsError(
        'InvalidParameterException',
        'You can specify up to 10 custom attributes for a resource.',
      );
    for (const attribute of attributes) {
      const host = target(cluster, attribute.targetId);
      const { name, value } = attribute;
      const others = host.attributeList.filter((other) => other.name !== name);
      registry.setAttributes(host, [...others, { name, ...(value !== undefined && { value }) }]);
      journal.touchHost(host, false);
    }
    return { attributes };
  }

  function deleteAttributes(input: DeleteAttributesRequest) {
    const cluster = state.cluster(input.cluster);
    for (const { targetId, name } of input.attributes ?? []) {
      const host = target(cluster, targetId);
      registry.setAttributes(
        host,
        host.attributeList.filter((other) => other.name !== name),
      );
      journal.touchHost(host, false);
    }
    return { attributes: input.attributes ?? [] };
  }

  function listAttributes(input: ListAttributesRequest, call: Call): ListAttributesResponse {
    const cluster = state.cluster(input.cluster);
    const found = [...cluster.hosts].flatMap((host) =>
      (journal.hosts.get(host.id, call.lagMs)?.attributes ?? []).flatMap((attribute) => {
        if (input.attributeName !== undefined && attribute.name !== input.attributeName) return [];
        if (input.attributeValue !== undefined && attribute.value !== input.attributeValue) return [];
        return [{ ...attribute, targetId: host.containerInstanceArn }];
      }),
    );
    const keys = found.map(({ targetId, name }) => `${targetId} ${name}`);
    const page = pageOfArns(keys, 'ListAttributes', input);
    const shown = new Set(page.items);
    return {
      attributes: found.filter((_, at) => shown.has(keys[at] as string)),
      ...token(page.nextToken),
    };
  }

  function target(cluster: ClusterRecord, targetId: string | undefined): HostRecord {
    const host = state.hostIn(cluster, targetId ?? '');
    if (!host)
      throw awsError(
        'TargetNotFoundException',
        'The specified target was not found. Specify a valid target.',
      );
    return host;
  }

  return {
    ListContainerInstances: list,
    DescribeContainerInstances: describe,
    UpdateContainerInstancesState: updateState,
    DeregisterContainerInstance: deregister,
    PutAttributes: putAttributes,
    DeleteAttributes: deleteAttributes,
    ListAttributes: listAttributes,
  };
}

function readFilter(filter: string) {
  try {
    return parseQuery(filter);
  } catch (error) {
    if (error instanceof QueryError) throw awsError('InvalidParameterException', error.message);
    throw error;
  }
}
