/**
 * I5, of a base: rule 8's room for a service whose strategy asks for a base of tasks on one capacity provider is room there.
 * Whether ECS starts a replacement for that provider is its own choice; but whoever drains a host of it without room for the
 * base on the provider's other hosts leaves ECS none, and the base is undercut or its tasks wait in PROVISIONING.
 *
 * Only what is certain is told: what stays on the provider counts whatever its health, and so does all that is free on any
 * host of it that is not to be replaced.
 */
import type { ServiceTruth } from '../../simulator/truth.ts';
import { type CheckContext, type CheckerFactory, isOurs, Verdicts } from './checker.ts';
import { roomOn, slotsOf } from './i03-capacity-comes-first.ts';
import type { HostLine, TaskLine } from './lines.ts';

export const basesKeepTheirRoom: CheckerFactory = (context) => {
  const verdicts = new Verdicts('I5', context.startedAtMs);

  return {
    invariant: 'I5',
    violations: verdicts.violations,
    observe(_observation, atMs, change) {
      if (change?.kind !== 'drain' || !isOurs(change.by) || !context.outdated.has(change.host.instanceId))
        return;
      const provider = providerOf(change.host, context);
      if (provider === undefined) return;
      for (const service of context.truth.services()) {
        const base = service.strategy?.find((share) => share.capacityProvider === provider)?.base ?? 0;
        const lack = base === 0 ? undefined : lackOf(service, base, change.host, provider, context, atMs);
        if (lack === undefined) continue;
        verdicts.add(
          atMs,
          `base ${change.host.instanceId} ${service.serviceName}`,
          `${change.host.instanceId} of ${provider} was drained by ${change.by?.name}: ${service.serviceName} wants ${base} ` +
            `task(s) there at least, ${lack}`,
        );
      }
    },
  };
};

function providerOf({ instanceId }: HostLine, { truth }: CheckContext): string | undefined {
  return truth.containerInstanceOf(instanceId)?.capacityProviderName;
}

function lackOf(
  service: ServiceTruth,
  base: number,
  drained: HostLine,
  provider: string,
  context: CheckContext,
  atMs: number,
): string | undefined {
  const seenBeforeMs = atMs - context.graceMs;
  const isOfService = (task: TaskLine) =>
    task.serviceName === service.serviceName && (task.leftAtMs ?? atMs) >= seenBeforeMs;
  const moving = drained.tasksToMove.filter(
    (task) => isOfService(task) && (task.placedAtMs ?? 0) <= seenBeforeMs,
  );
  const [one] = moving;
  if (one === undefined) return undefined;
  let staying = 0;
  let leaving = 0;
  let slots = 0;
  for (const host of context.chronicle.hosts.values()) {
    // One that somebody else ended just now was there in the picture that the drain was decided from.
    const isThere = host.isUp || (!host.endedByUs && (host.endedAtMs ?? 0) >= seenBeforeMs);
    if (!isThere || providerOf(host, context) !== provider) continue;
    const own = [...host.tasks].filter(isOfService).length;
    if (host.drainedByUs) {
      leaving += own;
      continue;
    }
    staying += own;
    const isOld = context.outdated.has(host.instanceId);
    if (!isOld && host.status === 'ACTIVE') slots += slotsOf(one, roomOn(host));
  }
  const needed = Math.min(base, staying + leaving);
  return staying + slots < needed
    ? `${staying} stay, room on hosts that stay is for ${slots}, and ${moving.length} leave`
    : undefined;
}
