/** What a drain would do to each service that has tasks on outdated hosts, by the service's own settings. */
import { healthyFloor, serviceClass } from '../arithmetic.ts';
import { motionLimit } from '../budget.ts';
import type { HostFacts, ServiceFacts } from '../facts.ts';
import type { Finding } from '../plan.ts';
import type { PlanContext } from './context.ts';
import { splitFinding } from './split-findings.ts';
import { counted, namedFew } from './words.ts';

/** Deployment strategies whose tasks a drain moves in the way that we model (Amazon ECS API reference, DeploymentConfiguration). */
const KNOWN_STRATEGIES = ['ROLLING', 'BLUE_GREEN', 'LINEAR', 'CANARY'];

/** One service, and the outdated hosts that carry tasks of it. */
interface Subject {
  readonly service: ServiceFacts;
  readonly hosts: readonly { readonly host: HostFacts; readonly tasks: number }[];
  readonly context: PlanContext;
}

/** A daemon is not moved: each new host starts its own. */
const DAEMON_CHECKS = [digestGone];

const REPLICA_CHECKS: readonly ((subject: Subject) => Finding[])[] = [
  stuck,
  digestGone,
  mayStopFirst,
  coarseGrain,
  deploying,
  unknownStrategy,
  hostVolumes,
  ({ service, hosts, context }) => splitFinding(service, hosts, context),
];

/** Findings per service; one that blocks is told for each host that it keeps out. */
export function serviceFindings(outdated: readonly HostFacts[], context: PlanContext): Finding[] {
  const hostsOf = new Map<string, { host: HostFacts; tasks: number }[]>();
  for (const host of outdated) {
    const counts = new Map<string, number>();
    for (const task of context.tasksByHost.get(host.instanceId) ?? []) {
      if (task.serviceName === undefined) continue;
      counts.set(task.serviceName, (counts.get(task.serviceName) ?? 0) + 1);
    }
    for (const [name, tasks] of counts) hostsOf.set(name, [...(hostsOf.get(name) ?? []), { host, tasks }]);
  }
  const findings = [...hostsOf].flatMap(([name, hosts]) => {
    const service = context.services.get(name);
    if (service === undefined) return [];
    const checks = service.schedulingStrategy === 'DAEMON' ? DAEMON_CHECKS : REPLICA_CHECKS;
    return checks.flatMap((check) => check({ service, hosts, context }));
  });
  return [...findings, ...uncheckedDigests([...hostsOf.keys()], context)];
}

/** Neither may a replacement start before a task stops, nor may a task stop before: a drain would never end. */
function stuck({ service, hosts }: Subject): Finding[] {
  if (serviceClass(service) !== 'stuck') return [];
  const { desiredCount: desired, minimumHealthyPercent, maximumPercent, serviceName } = service;
  const enoughMax = Math.ceil(((desired + 1) * 100) / desired);
  const enoughMin = Math.floor(((desired - 1) * 100) / desired);
  return blocked(hosts, service, {
    code: 'service-stuck',
    field: 'deploymentConfiguration.maximumPercent',
    message: `${serviceName} wants ${desired} with minimumHealthyPercent ${minimumHealthyPercent} and maximumPercent ${maximumPercent}: none may stop and none may start, so a drain would never end`,
    remedy: `raise maximumPercent to at least ${enoughMax}, or lower minimumHealthyPercent to at most ${enoughMin}`,
  });
}

/** ECS pins a tag to its digest at deployment; hosts that have the layers hide that ECR no longer has them. */
function digestGone({ service, hosts, context }: Subject): Finding[] {
  const { serviceDigests, digests } = context.planFacts;
  const gone = (serviceDigests[service.serviceName] ?? []).filter((image) => digests[image] === 'missing');
  if (gone.length === 0) return [];
  return blocked(hosts, service, {
    code: 'image-digest-missing',
    field: 'containerDefinitions[].image',
    message: `${service.serviceName} runs ${gone.join(' and ')}, which ECR no longer has: a replacement could not start`,
    remedy: 'push the image again, or deploy the service with one that exists',
  });
}

/** ECS may stop a task before its replacement is up: the service's owner allowed it, a drain makes use of it. */
function mayStopFirst({ service }: Subject): Finding[] {
  if (serviceClass(service) !== 'may-stop-first') return [];
  const { desiredCount: desired, minimumHealthyPercent, serviceName } = service;
  const floor = healthyFloor(desired, minimumHealthyPercent);
  return [
    {
      severity: floor === 0 ? 'outage' : 'note',
      scope: 'service',
      code: floor === 0 ? 'service-may-be-down' : 'service-may-stop-first',
      service: serviceName,
      field: 'deploymentConfiguration.minimumHealthyPercent',
      message:
        floor === 0
          ? `${serviceName} has minimumHealthyPercent ${minimumHealthyPercent}: ECS may stop all ${desired} before a replacement is up`
          : `${serviceName} has minimumHealthyPercent ${minimumHealthyPercent}: ECS may stop tasks first, down to ${floor} of ${desired}`,
      remedy:
        'raise minimumHealthyPercent to 100 and maximumPercent above it, so that replacements start first',
    },
  ];
}

/** Hosts are the grain: one that carries more than the share in motion moves all the same, alone. */
function coarseGrain({ service, hosts, context }: Subject): Finding[] {
  const limit = motionLimit(service, context.settings.maxTasksInMotionPercent);
  const most = hosts.reduce((found, item) => (item.tasks > found.tasks ? item : found));
  if (most.tasks <= limit) return [];
  const mayStop = serviceClass(service) === 'may-stop-first';
  return [
    {
      severity: mayStop ? 'outage' : 'note',
      scope: 'service',
      code: 'host-carries-more-than-share',
      instanceId: most.host.instanceId,
      service: service.serviceName,
      field: 'maxTasksInMotionPercent',
      message: `${most.host.instanceId} carries ${most.tasks} of ${counted(service.desiredCount, 'task')} of ${service.serviceName}, more than the ${limit} that may move at a time: they move together${mayStop ? ', and ECS may stop them before their replacements are up' : ''}`,
      remedy: 'spread the service over more hosts',
    },
  ];
}

function deploying({ service }: Subject): Finding[] {
  if (!service.deploying) return [];
  return [
    {
      severity: 'note',
      scope: 'service',
      code: 'service-deploying',
      service: service.serviceName,
      field: 'deployments',
      message: `${service.serviceName} is being deployed: its hosts are not drained until that has ended`,
      remedy: 'let the deployment end',
    },
  ];
}

function unknownStrategy({ service }: Subject): Finding[] {
  if (KNOWN_STRATEGIES.includes(service.deploymentStrategy)) return [];
  return [
    {
      severity: 'note',
      scope: 'service',
      code: 'deployment-strategy-unknown',
      service: service.serviceName,
      field: 'deploymentConfiguration.strategy',
      message: `${service.serviceName} uses the deployment strategy ${service.deploymentStrategy}, which this version does not know: its tasks are moved as those of a rolling one`,
      remedy: 'watch the service during the trial',
    },
  ];
}

/** What a task wrote to its host's disk stays there. */
function hostVolumes({ service, context }: Subject): Finding[] {
  const volumes = context.definitions.get(service.taskDefinitionArn)?.hostVolumes ?? [];
  if (volumes.length === 0) return [];
  return [
    {
      severity: 'note',
      scope: 'service',
      code: 'host-volumes',
      service: service.serviceName,
      field: 'volumes[].host.sourcePath',
      message: `${service.serviceName} uses ${volumes.join(', ')} of its host: what is stored there goes with the host`,
      remedy: 'nothing, if it is a cache or a socket; else store it on EFS or elsewhere',
    },
  ];
}

function uncheckedDigests(services: readonly string[], { planFacts }: PlanContext): Finding[] {
  const unknown = services.filter((name) =>
    (planFacts.serviceDigests[name] ?? []).some((image) => planFacts.digests[image] === undefined),
  );
  if (unknown.length === 0) return [];
  return [
    {
      severity: 'note',
      scope: 'run',
      code: 'image-digests-unknown',
      field: 'containerDefinitions[].image',
      message: `whether ECR still has the pinned images of ${namedFew(unknown, 'service')} could not be read`,
      remedy: 'let this role call ecr:DescribeImages on the repositories',
    },
  ];
}

function blocked(
  hosts: Subject['hosts'],
  service: ServiceFacts,
  sentence: Pick<Finding, 'code' | 'field' | 'message' | 'remedy'>,
): Finding[] {
  return hosts.map(({ host }) => ({
    severity: 'blocks',
    scope: 'host',
    instanceId: host.instanceId,
    ...(host.autoScalingGroupName !== undefined && { autoScalingGroupName: host.autoScalingGroupName }),
    service: service.serviceName,
    ...sentence,
  }));
}
