/** The clusters that figures are measured on: generated, so that anybody can measure them again. */
import { NEW_IMAGE } from '../clusters/constants.ts';
import type { ClusterSpec, ServiceSpec } from '../clusters/spec.ts';

const PARAMETER = '/golden/ecs/image-id';
const TASKS_A_SERVICE = 20;
/** Eight such tasks fill nine tenths of a host (m5.xlarge), so that no other old host has room for a task that moves. */
export const WELL_FILLED = { cpu: 448, memoryMiB: 1700 } as const;
/** Eight such tasks take half of it. */
export const HALF_FILLED = { cpu: 256, memoryMiB: 512 } as const;

export interface BenchClusterOptions {
  readonly placement?: 'spread' | 'binpack';
  readonly need?: { readonly cpu: number; readonly memoryMiB: number };
}

/**
 * One group in three zones, launching whatever a parameter names; services of twenty tasks at ECS's default limits
 * (100 %/200 %), every second one behind a load balancer, every fifth with a container health check; and a daemon.
 */
export function benchCluster(hosts: number, tasks: number, options: BenchClusterOptions = {}): ClusterSpec {
  return {
    groups: [{ name: 'hosts', hosts, imageReference: `resolve:ssm:${PARAMETER}` }],
    services: [...services(tasks, options.need ?? WELL_FILLED), { name: 'agent', desired: 0, daemon: true }],
    placement: options.placement ?? 'spread',
    parameters: { [PARAMETER]: NEW_IMAGE },
  };
}

function services(tasks: number, need: { readonly cpu: number; readonly memoryMiB: number }): ServiceSpec[] {
  const count = Math.max(1, Math.round(tasks / TASKS_A_SERVICE));
  return Array.from({ length: count }, (_, at) => ({
    name: `service-${String(at + 1).padStart(3, '0')}`,
    desired: Math.floor(tasks / count),
    ...need,
    ...(at % 2 === 0 && { loadBalancer: { deregistrationDelaySeconds: 60 } }),
    ...(at % 5 === 4 && { containerHealthCheck: true }),
  }));
}

/** Connections of a service that take long to end, seconds: longer than Lambda runs, well within what ELB allows (3600). */
const LONG_CONNECTIONS_SECONDS = 1200;

/**
 * What makes rolling hard, on twelve hosts: connections that take 20 minutes to end, a service that may stop first, one
 * on a static port, a job that a person started, a service of one task.
 */
export const AWKWARD: ClusterSpec = {
  groups: [{ name: 'hosts', hosts: 12, imageReference: `resolve:ssm:${PARAMETER}` }],
  services: [
    { name: 'sockets', desired: 12, loadBalancer: { deregistrationDelaySeconds: LONG_CONNECTIONS_SECONDS } },
    { name: 'workers', desired: 24, minimumHealthyPercent: 50, cpu: 512, memoryMiB: 1024 },
    { name: 'proxy', desired: 9, hostPort: 8443 },
    { name: 'singleton', desired: 1, containerHealthCheck: true },
    { name: 'agent', desired: 0, daemon: true },
  ],
  standalone: [{ family: 'nightly-report', cpu: 512, memoryMiB: 1024 }],
  parameters: { [PARAMETER]: NEW_IMAGE },
};

/** When the job of `AWKWARD` ends by itself, seconds. */
export const JOB_ENDS_SECONDS = 5400;
