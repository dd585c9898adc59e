/** Container instances: Amazon ECS's side of a host. */
import {
  type ContainerInstance,
  type ContainerInstanceField,
  DeregisterContainerInstanceCommand,
  DescribeContainerInstancesCommand,
  type ECSClient,
  paginateListContainerInstances,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';
import { idOf, inBatches, perBatch, present } from './batches.ts';
import { isInvalid, isNotFound } from './error-codes.ts';

/** AWS's limits per call (Amazon ECS API reference). */
const DESCRIBE_MAX = 100;
const UPDATE_STATE_MAX = 10;
/** Statuses that the call accepts. */
const CHANGEABLE = new Set(['ACTIVE', 'DRAINING']);

/** What became of a request to change the status of hosts: AWS answers 200 even when it refused some of them. */
export interface StatusChange {
  /** Container instance ids now in the wanted status. */
  readonly changed: readonly string[];
  readonly refused: readonly { readonly id: string; readonly reason: string }[];
}

/** Every container instance of a cluster that AWS lists (all statuses but INACTIVE), described. */
export async function listContainerInstances(ecs: ECSClient, cluster: string): Promise<ContainerInstance[]> {
  return describeContainerInstances(ecs, cluster, await listContainerInstanceArns(ecs, cluster));
}

/** EC2's ids of these hosts; ECS Anywhere's begin otherwise. */
export function ec2InstanceIds(hosts: readonly ContainerInstance[]): string[] {
  return present(hosts.map((host) => host.ec2InstanceId)).filter((id) => id.startsWith('i-'));
}

/** `filter`: an expression of the cluster query language; all of them without it. */
export async function listContainerInstanceArns(
  ecs: ECSClient,
  cluster: string,
  filter?: string,
): Promise<string[]> {
  const arns: string[] = [];
  const query = filter === undefined ? { cluster } : { cluster, filter };
  const pages = paginateListContainerInstances({ client: ecs, pageSize: DESCRIBE_MAX }, query);
  for await (const page of pages) arns.push(...(page.containerInstanceArns ?? []));
  return arns;
}

/** EC2 instance ids a filter names at most: ours, AWS tells no limit of an expression's length. */
export const PER_FILTER = 50;

/** Those of these EC2 instances that ECS lists in the cluster by now: EC2 instance id → ARN. */
export async function registeredAmong(
  ecs: ECSClient,
  cluster: string,
  instanceIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const found = await perBatch(instanceIds, PER_FILTER, async (batch) => {
    const filter = `ec2InstanceId in [${batch.join(', ')}]`;
    return describeContainerInstances(ecs, cluster, await listContainerInstanceArns(ecs, cluster, filter));
  });
  return new Map(found.map((host) => [host.ec2InstanceId ?? '', host.containerInstanceArn ?? '']));
}

/**
 * Describes hosts by ARN. One that left between the list and this call comes back as MISSING: it is simply not there.
 *
 * @throws when AWS gives any other reason for not describing a host, so that it is never taken for gone.
 */
export function describeContainerInstances(
  ecs: ECSClient,
  cluster: string,
  arns: readonly string[],
  include?: ContainerInstanceField[],
): Promise<ContainerInstance[]> {
  return perBatch(arns, DESCRIBE_MAX, async (containerInstances) => {
    const wanted = { cluster, containerInstances, ...(include && { include }) };
    const answer = await ecs.send(new DescribeContainerInstancesCommand(wanted));
    const odd = answer.failures?.find((failure) => failure.reason !== 'MISSING');
    if (odd) throw new Error(`${odd.arn} cannot be described: ${odd.reason ?? odd.detail}`);
    return answer.containerInstances ?? [];
  });
}

/**
 * Sets hosts to ACTIVE or DRAINING, ten a call; `beforeEach` runs before every call (the claim is verified there). Safe
 * to repeat: a host already in that status counts as changed.
 *
 * A host in any other status (REGISTERING, DEREGISTERING) is an error, and AWS does not say whether of that host or of
 * the whole call (API reference, UpdateContainerInstancesState): a call refused whole is sent again without such hosts.
 *
 * @throws the SDK's service errors; a refusal of single hosts is data, not an error.
 */
export async function setContainerInstanceStatus(
  ecs: ECSClient,
  cluster: string,
  containerInstanceArns: readonly string[],
  status: 'ACTIVE' | 'DRAINING',
  beforeEach: () => Promise<void>,
): Promise<StatusChange> {
  const changed: string[] = [];
  const refused: { id: string; reason: string }[] = [];
  const send = async (containerInstances: string[]) => {
    await beforeEach();
    const answer = await ecs.send(
      new UpdateContainerInstancesStateCommand({ cluster, containerInstances, status }),
    );
    changed.push(...(answer.containerInstances ?? []).map((host) => idOf(host.containerInstanceArn)));
    refused.push(
      ...(answer.failures ?? []).map((failure) => ({
        id: idOf(failure.arn),
        reason: failure.reason ?? failure.detail ?? 'no reason given',
      })),
    );
  };
  for (const containerInstances of inBatches(containerInstanceArns, UPDATE_STATE_MAX)) {
    try {
      await send(containerInstances);
    } catch (error) {
      if (!isInvalid(error)) throw error;
      const others = (await describeContainerInstances(ecs, cluster, containerInstances)).filter(
        (host) => !CHANGEABLE.has(host.status ?? ''),
      );
      // None of them explains the refusal: it is about something else.
      if (others.length === 0) throw error;
      refused.push(
        ...others.map((host) => ({ id: idOf(host.containerInstanceArn), reason: `it is ${host.status}` })),
      );
      const without = new Set(others.map((host) => host.containerInstanceArn));
      const rest = containerInstances.filter((arn) => !without.has(arn));
      if (rest.length > 0) await send(rest);
    }
  }
  return { changed, refused };
}

/**
 * Forgets a container instance whose EC2 instance is terminated. Never for a live host: its containers would run on as
 * orphans (Amazon ECS developer guide, "Deregistering an Amazon EC2 backed container instance").
 *
 * @returns false when ECS had forgotten it already.
 */
export async function deregisterGhost(
  ecs: ECSClient,
  cluster: string,
  containerInstance: string,
): Promise<boolean> {
  try {
    await ecs.send(new DeregisterContainerInstanceCommand({ cluster, containerInstance, force: true }));
    return true;
  } catch (error) {
    // A second call for the same host is an error of the caller's, not a missing resource (API reference).
    if (isInvalid(error) || isNotFound(error)) return false;
    throw error;
  }
}
