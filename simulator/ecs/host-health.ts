/**
 * A host's health as ECS tells it with CONTAINER_INSTANCE_HEALTH: the checks of an instance on EC2, and the most severe
 * of their statuses. Sources: Amazon ECS developer guide, container-instance-health (agents from 1.57.0 on; the order of
 * severity) and ecs_container_instance_health_events.
 */
import type { ContainerInstanceHealthStatus, InstanceHealthCheckState } from '@aws-sdk/client-ecs';
import type { HostRecord } from './records.ts';
import { isAtLeast } from './trunks.ts';

const FIRST_AGENT = [1, 57, 0];

const BY_SEVERITY: readonly InstanceHealthCheckState[] = [
  'IMPAIRED',
  'INSUFFICIENT_DATA',
  'INITIALIZING',
  'OK',
];

/** What the agent last told, or that it tells nothing. */
export type HostHealth = 'INITIALIZING' | 'OK' | 'silent';

/** Undefined for agents that run no checks. */
export function healthOf(host: HostRecord): ContainerInstanceHealthStatus | undefined {
  const version = host.source.versionInfo?.agentVersion;
  if (version !== undefined && !isAtLeast(version, FIRST_AGENT)) return undefined;
  const { health, healthChangedAtMs } = host;
  const runtime: InstanceHealthCheckState = health === 'silent' ? 'INSUFFICIENT_DATA' : health;
  const connectivity: InstanceHealthCheckState = health === 'silent' ? 'IMPAIRED' : health;
  const lastStatusChange = new Date(healthChangedAtMs);
  const details = [
    { type: 'CONTAINER_RUNTIME' as const, status: runtime, lastUpdated: lastStatusChange, lastStatusChange },
    {
      type: 'AGENT_CONNECTIVITY' as const,
      status: connectivity,
      lastUpdated: lastStatusChange,
      lastStatusChange,
    },
  ];
  const overallStatus = BY_SEVERITY.find((severity) => details.some(({ status }) => status === severity));
  return { ...(overallStatus && { overallStatus }), details };
}
