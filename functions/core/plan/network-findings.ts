/** What replacements need of the network while old and new tasks stand side by side: addresses and targets. */
import { serviceClass } from '../arithmetic.ts';
import type { HostFacts, ServiceFacts } from '../facts.ts';
import type { Finding } from '../plan.ts';
import type { PlanContext } from './context.ts';

/** Findings on the services that start replacements first and have tasks on these hosts. */
export function networkFindings(outdated: readonly HostFacts[], context: PlanContext): Finding[] {
  const hostsOf = new Map<string, Set<string>>();
  for (const { instanceId } of outdated) {
    for (const { serviceName, taskClass } of context.tasksByHost.get(instanceId) ?? []) {
      if (taskClass !== 'replica' || serviceName === undefined) continue;
      hostsOf.set(serviceName, (hostsOf.get(serviceName) ?? new Set()).add(instanceId));
    }
  }
  return [...hostsOf].flatMap(([name, hosts]) => {
    const service = context.services.get(name);
    if (service === undefined || serviceClass(service) !== 'start-first') return [];
    const lack = addressLack(service, context) ?? targetLack(service, context);
    if (lack === undefined) return [];
    return [...hosts].map(
      (instanceId): Finding => ({ severity: 'blocks', scope: 'host', instanceId, service: name, ...lack }),
    );
  });
}

type Lack = Pick<Finding, 'code' | 'field' | 'message' | 'remedy'>;

/** An awsvpc task has an address of its own in one of its service's subnets. */
function addressLack(service: ServiceFacts, { facts, definitions }: PlanContext): Lack | undefined {
  if (definitions.get(service.taskDefinitionArn)?.networkMode !== 'awsvpc' || service.subnets.length === 0) {
    return undefined;
  }
  if (service.subnets.some((subnet) => facts.freeAddresses[subnet] !== 0)) return undefined;
  return {
    code: 'no-addresses',
    field: 'networkConfiguration.awsvpcConfiguration.subnets',
    message: `the subnets of ${service.serviceName} (${service.subnets.join(', ')}) have no free address, so no replacement can start`,
    remedy: 'add a subnet to the service, or free addresses',
  };
}

/** A replacement is registered beside the task that it replaces. */
function targetLack(service: ServiceFacts, { planFacts }: PlanContext): Lack | undefined {
  const full = planFacts.targetGroups.find(
    ({ targetGroupArn, registered, limit }) =>
      service.targetGroupArns.includes(targetGroupArn) && limit !== undefined && registered >= limit,
  );
  if (full === undefined) return undefined;
  return {
    code: 'target-group-full',
    field: 'loadBalancers[].targetGroupArn',
    message: `${full.targetGroupArn} of ${service.serviceName} has ${full.registered} targets and may have ${full.limit}`,
    remedy: 'ask for a higher quota of targets per target group',
  };
}
