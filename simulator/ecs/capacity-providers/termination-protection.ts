/**
 * Managed termination protection: hosts with tasks keep their protection from scale-in, those that hold daemons only lose
 * it. Needs managed scaling, and a group that protects its new instances.
 * Source: Amazon ECS developer guide, managed-termination-protection; containers-roadmap issue 2814, hosts whose
 * protection stayed on although only daemons were left.
 */
import type { World } from '../../world.ts';
import type { HostRecord } from '../records.ts';

const PROTECTION = { kind: 'aws', name: 'managed-termination-protection' } as const;

/** Once a minute over the hosts of one provider. */
export function protectBusyHosts(world: World, hosts: readonly HostRecord[]): void {
  const { autoScaling, readings } = world;
  for (const host of hosts) {
    const isProtected = autoScaling.isProtectedFromScaleIn(host.instanceId);
    const wanted = hasTasks(host) || (isProtected && host.tasks.size > 0 && readings.daemonsKeepProtection);
    if (isProtected !== wanted) autoScaling.setProtection(host.instanceId, wanted, PROTECTION);
  }
}

/** Of any kind but daemons, with a capacity provider or without. */
function hasTasks(host: HostRecord): boolean {
  for (const task of host.tasks) if (!task.daemon) return true;
  return false;
}
