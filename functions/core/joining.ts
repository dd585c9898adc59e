/**
 * Named hosts with a deadline that come while a run is at work: it takes them into its plan and replaces them first (design:
 * "One at a time, whatever the reason"). Pure. What a run cannot take stays with the request, which waits for the run's end.
 */
import type { Facts } from './facts.ts';
import type { HostMemory, Join, RunMemory, ServiceMemory } from './memory.ts';
import type { Plan } from './plan.ts';

export interface Joined {
  readonly plan: Plan;
  /** With the hosts as they are remembered from now on. */
  readonly memory: RunMemory;
  /** What of the memory is new. */
  readonly hosts: readonly HostMemory[];
  readonly services: readonly ServiceMemory[];
  /** Those that are answered by this. */
  readonly joins: readonly Join[];
  /** Instance ids that the plan did not have before. */
  readonly added: readonly string[];
}

/** @returns undefined when nobody asks, or the run takes nothing any more because it ends */
export function joinHosts({ memory, tasks, hosts }: Facts, plan: Plan, nowMs: number): Joined | undefined {
  const open = (memory.joins ?? []).filter((join) => join.takenAtMs === undefined);
  if (open.length === 0 || memory.phase !== 'rolling' || memory.control !== undefined) return undefined;
  const known = new Map(memory.hosts.map((host) => [host.instanceId, host]));
  const zones = new Map(hosts.map((host) => [host.instanceId, host.zone]));
  const outdated = new Map(plan.groups.map((group) => [group.autoScalingGroupName, new Set(group.outdated)]));
  const planned = new Map(
    plan.groups.flatMap((group) => group.outdated.map((id) => [id, group.autoScalingGroupName] as const)),
  );
  const changed = new Map<string, HostMemory>();
  const added: string[] = [];
  for (const { deadlineMs, hosts: named } of open) {
    for (const { instanceId, autoScalingGroupName, imageIds } of named) {
      const isPlanned = planned.has(instanceId);
      const name = planned.get(instanceId) ?? autoScalingGroupName ?? '';
      const group = plan.groups.find((one) => one.autoScalingGroupName === name);
      const isSameTarget = group !== undefined && isSame(group.target.imageIds, imageIds ?? []);
      if (!isPlanned && (group === undefined || group.referenceOnly || !isSameTarget)) continue;
      const zone = zones.get(instanceId);
      const before: HostMemory = (isPlanned && (changed.get(instanceId) ?? known.get(instanceId))) || {
        instanceId,
        role: 'outdated',
        autoScalingGroupName: name,
        ...(zone !== undefined && { zone }),
      };
      changed.set(instanceId, {
        ...before,
        deadlineMs: Math.min(deadlineMs, before.deadlineMs ?? Number.POSITIVE_INFINITY),
      });
      if (isPlanned) continue;
      planned.set(instanceId, name);
      outdated.get(name)?.add(instanceId);
      added.push(instanceId);
    }
  }
  const isAdded = new Set(added);
  const moving = tasks.filter(
    (task) => task.desiredStatus === 'RUNNING' && isAdded.has(task.instanceId ?? ''),
  );
  const byService = Map.groupBy(moving, (task) => task.serviceName);
  const services = memory.services.flatMap((service) => {
    const more = byService.get(service.serviceName)?.length ?? 0;
    return more === 0 ? [] : [{ ...service, tasksOnOutdated: service.tasksOnOutdated + more }];
  });
  const patched = new Map(services.map((service) => [service.serviceName, service]));
  return {
    plan: {
      ...plan,
      groups: plan.groups.map((group) => ({
        ...group,
        outdated: [...(outdated.get(group.autoScalingGroupName) ?? [])].sort(),
      })),
    },
    memory: {
      ...memory,
      hosts: [...memory.hosts.filter((host) => !changed.has(host.instanceId)), ...changed.values()],
      services: memory.services.map((service) => patched.get(service.serviceName) ?? service),
    },
    hosts: [...changed.values()],
    services,
    joins: open.map((join) => ({ ...join, takenAtMs: nowMs })),
    added,
  };
}

/** Named hosts that are not gone: what a request still asks for when the run is over that took them. */
export function leftOf(instances: readonly string[], { hosts }: Pick<RunMemory, 'hosts'>): string[] {
  const gone = new Set(hosts.filter((host) => host.goneSinceMs !== undefined).map((host) => host.instanceId));
  return instances.filter((instanceId) => !gone.has(instanceId));
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((one) => others.includes(one));
}
