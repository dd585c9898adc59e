/**
 * CPUReservation and MemoryReservation of a cluster, percent: what tasks reserve of what hosts registered. Hosts that drain
 * count, those of every group together, and there is no value while no task runs.
 * Source: Amazon ECS developer guide, available-metrics ("Only Amazon EC2 instances in ACTIVE or DRAINING status will affect
 * CPU reservation metrics"; "If a cluster … has no running tasks, no metrics will be reported").
 */
import type { ReservationMetric } from '../world.ts';
import type { ClusterRecord } from './records.ts';

export function clusterReservation(cluster: ClusterRecord, metric: ReservationMetric): number | undefined {
  let [taken, whole, isRunning] = [0, 0, false];
  for (const { status, registered, claimed, tasks } of cluster.hosts) {
    if (status !== 'ACTIVE' && status !== 'DRAINING') continue;
    taken += metric === 'CPUReservation' ? claimed.cpu : claimed.memoryMiB;
    whole += metric === 'CPUReservation' ? registered.cpu : registered.memoryMiB;
    for (const { lastStatus } of tasks) isRunning ||= lastStatus === 'RUNNING';
  }
  return isRunning && whole > 0 ? (taken / whole) * 100 : undefined;
}
