/**
 * The container instances of a large cluster. Listing them all is half of what they cost, and most are the same as at the
 * look before: those known are described, and only what registered lately is listed.
 */
import type { ContainerInstance, ECSClient } from '@aws-sdk/client-ecs';
import { present, unique } from '../batches.ts';
import {
  describeContainerInstances,
  listContainerInstanceArns,
  listContainerInstances,
} from '../container-instances.ts';
import { perContainer } from '../container-memory.ts';

/** Nothing is believed for ever: then all of them are listed again. */
const ALL_EVERY_MS = 600_000;
/** A host may be listed some time after it registered. */
const LATE_MS = 300_000;

interface Known {
  /** When all of them were listed, and when the last were, epoch milliseconds. */
  readonly allAtMs: number;
  readonly lastAtMs: number;
  readonly arns: readonly string[];
}

const known = perContainer(() => new Map<string, Known>());

/** As `listContainerInstances`. `nowMs`: when the look began. */
export async function listKnownContainerInstances(
  ecs: ECSClient,
  cluster: string,
  nowMs: number,
): Promise<ContainerInstance[]> {
  const last = known().get(cluster);
  const isDue = last === undefined || nowMs - last.allAtMs >= ALL_EVERY_MS;
  const hosts = isDue
    ? await listContainerInstances(ecs, cluster)
    : await describeContainerInstances(
        ecs,
        cluster,
        unique([...last.arns, ...(await listContainerInstanceArns(ecs, cluster, sinceFilter(last)))]),
      );
  const listed = hosts.filter((host) => host.status !== 'INACTIVE');
  known().set(cluster, {
    allAtMs: isDue ? nowMs : last.allAtMs,
    lastAtMs: nowMs,
    arns: present(listed.map((host) => host.containerInstanceArn)),
  });
  return listed;
}

/** Source: Amazon ECS developer guide, cluster-query-language (`registeredAt`, its operators and date formats). */
function sinceFilter({ lastAtMs }: Known): string {
  const since = new Date(lastAtMs - LATE_MS).toISOString().replace(/\.\d+Z$/, 'Z');
  return `registeredAt >= ${since}`;
}
