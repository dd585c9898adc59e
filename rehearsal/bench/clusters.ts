/** The clusters that figures are measured on: generated, so that anybody can measure them again. */
import { NEW_IMAGE } from '../clusters/constants.ts';
import type { ClusterSpec, ServiceSpec } from '../clusters/spec.ts';

const PARAMETER = '/golden/ecs/image-id';

/** CPU units and MiB of the mixed services, in turn: small web tasks to large workers. */
const MIXED_CPU = [128, 256, 512, 256] as const;
const MIXED_MEMORY_MIB = [512, 1024, 2048, 1536] as const;
/** Largest size of the group. */
const MAX_SIZE_OVER_HOSTS = 2.4;
/** Eight such tasks fill nine tenths of a host (m5.xlarge), so that no other old host has room for a task that moves. */
export const WELL_FILLED = { cpu: 448, memoryMiB: 1700 } as const;

export interface BenchClusterOptions {
  readonly placement?: 'spread' | 'binpack';
  /** Tasks of each service; 50 unless given. */
  readonly tasksAService?: number;
  /** Every task needs as much; mixed unless given. */
  readonly need?: { readonly cpu: number; readonly memoryMiB: number };
}

/**
 * One group of m5.xlarge in three zones, launching whatever a parameter names; services at ECS's default limits
 * (100 %/200 %), every second one behind a load balancer (three checks, 10 s apart; 60 s deregistration delay); a daemon.
 * Eight mixed tasks take nearly two thirds of a host.
 */
export function benchCluster(
  hosts: number,
  tasks: number,
  { placement = 'spread', tasksAService = 50, need }: BenchClusterOptions = {},
): ClusterSpec {
  const count = Math.max(1, Math.round(tasks / tasksAService));
  const services = Array.from(
    { length: count },
    (_, at): ServiceSpec => ({
      name: `service-${String(at + 1).padStart(3, '0')}`,
      desired: Math.floor(tasks / count),
      cpu: need?.cpu ?? inTurn(MIXED_CPU, at),
      memoryMiB: need?.memoryMiB ?? inTurn(MIXED_MEMORY_MIB, at),
      ...(at % 2 === 0 && {
        loadBalancer: { deregistrationDelaySeconds: 60, intervalSeconds: 10, healthyThreshold: 3 },
      }),
    }),
  );
  return {
    // Room for twice the hosts and some more, as the owner of a group that scales would leave.
    groups: [
      {
        name: 'hosts',
        hosts,
        imageReference: `resolve:ssm:${PARAMETER}`,
        maxSize: Math.ceil(hosts * MAX_SIZE_OVER_HOSTS),
      },
    ],
    services: [...services, { name: 'logs', desired: 0, daemon: true }],
    placement,
    parameters: { [PARAMETER]: NEW_IMAGE },
  };
}

const inTurn = (values: readonly number[], at: number) => values[at % values.length] ?? 0;

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
