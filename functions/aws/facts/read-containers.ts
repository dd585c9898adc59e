/**
 * The container instances of a large cluster. Listing them all is half of what they cost, and most are the same as at the
 * look before: those known are described, and only what registered lately is listed.
 */
import type { Cluster, ContainerInstance, ECSClient } from '@aws-sdk/client-ecs';
import { present, unique } from '../batches.ts';
import { describeContainerInstances, listContainerInstanceArns } from '../container-instances.ts';
import { perContainer } from '../container-memory.ts';

/** Nothing is believed for ever: then all of them are listed again. */
const ALL_EVERY_MS = 3_600_000;
/** And where ECS counts more than are known, but not at each look: its count may be of another moment. */
const MISSING_EVERY_MS = 600_000;
/** A host may be listed some time after it registered. */
const LATE_MS = 300_000;

interface Known {
  /** When all of them were listed, and when the last were, epoch milliseconds. */
  readonly allAtMs: number;
  readonly lastAtMs: number;
  readonly arns: readonly string[];
}

const known = perContainer(() => new Map<string, Known>());

/**
 * As `listContainerInstances`. `cluster`: as it was described at this look; `registeredContainerInstancesCount` counts those
 * that are ACTIVE or DRAINING (Amazon ECS API reference, Cluster). `nowMs`: when the look began.
 */
export async function listKnownContainerInstances(
  ecs: ECSClient,
  { clusterName = '', registeredContainerInstancesCount: registered = 0 }: Cluster,
  nowMs: number,
): Promise<ContainerInstance[]> {
  const last = known().get(clusterName);
  const describe = async (arns: readonly string[]) =>
    (await describeContainerInstances(ecs, clusterName, arns)).filter((host) => host.status !== 'INACTIVE');
  const sinceMs = nowMs - (last?.allAtMs ?? 0);
  let isWhole = last === undefined || sinceMs >= ALL_EVERY_MS;
  const listed = await listContainerInstanceArns(ecs, clusterName, isWhole ? undefined : sinceFilter(last));
  const hosts = await describe(unique([...(last?.arns ?? []), ...listed]));
  if (!isWhole && sinceMs >= MISSING_EVERY_MS && hosts.filter(isRegistered).length < registered) {
    isWhole = true;
    const arns = new Set(hosts.map((host) => host.containerInstanceArn));
    const others = await listContainerInstanceArns(ecs, clusterName);
    hosts.push(...(await describe(others.filter((arn) => !arns.has(arn)))));
  }
  known().set(clusterName, {
    allAtMs: isWhole ? nowMs : (last?.allAtMs ?? nowMs),
    lastAtMs: nowMs,
    arns: present(hosts.map((host) => host.containerInstanceArn)),
  });
  return hosts;
}

const isRegistered = ({ status }: ContainerInstance) => status === 'ACTIVE' || status === 'DRAINING';

/** Source: Amazon ECS developer guide, cluster-query-language (`registeredAt`, its operators and date formats). */
function sinceFilter(last: Known | undefined): string {
  const since = new Date((last?.lastAtMs ?? 0) - LATE_MS).toISOString().replace(/\.\d+Z$/, 'Z');
  return `registeredAt >= ${since}`;
}
