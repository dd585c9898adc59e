/** What a single outdated host carries that a drain does not simply move. */
import type { HostFacts, TaskFacts } from '../facts.ts';
import type { Finding } from '../plan.ts';
import { groupSettings, type PlanContext } from './context.ts';
import { exemptionFindings } from './exempted.ts';
import { counted } from './words.ts';

export function hostFindings(host: HostFacts, context: PlanContext): Finding[] {
  const tasks = context.tasksByHost.get(host.instanceId) ?? [];
  return [
    ...exemptionFindings(host),
    ...terminationProtection(host),
    ...terminateFirst(host, tasks, context),
    ...protectedTasks(host, tasks, context),
    ...standaloneTasks(host, tasks, context),
  ];
}

/** Auto Scaling would end it all the same; whoever set the flag did not mean that. */
function terminationProtection(host: HostFacts): Finding[] {
  if (host.apiTerminationProtected !== true) return [];
  return [
    {
      ...about(host),
      severity: 'blocks',
      code: 'termination-protected',
      field: 'DisableApiTermination',
      message: `${host.instanceId} is protected from termination`,
      remedy: 'turn off its termination protection',
    },
  ];
}

/**
 * Auto Scaling takes an instance with a scheduled event for unhealthy and replaces it, ending it first; AWS does not say
 * when. Not `blocks`: to keep the host out of the run would leave it to just that. Source: Amazon EC2 Auto Scaling user
 * guide, health-checks-overview and instance-maintenance-policy.
 */
function terminateFirst(host: HostFacts, tasks: readonly TaskFacts[], context: PlanContext): Finding[] {
  const group = context.groups.get(host.autoScalingGroupName ?? '');
  if (context.request.reason !== 'retirement' || group === undefined || group.managedDraining) return [];
  if (!tasks.some(({ taskClass }) => taskClass !== 'daemon')) return [];
  return [
    {
      ...about(host),
      severity: 'outage',
      code: 'ends-first',
      field: 'managedDraining',
      message: `Auto Scaling may replace ${host.instanceId} itself because of what EC2 has scheduled for it, and ends it with its tasks: managed draining is off`,
      remedy: `turn on managedDraining of the capacity provider of ${group.autoScalingGroupName}: its hosts are then drained whoever ends them`,
    },
  ];
}

function protectedTasks(host: HostFacts, tasks: readonly TaskFacts[], context: PlanContext): Finding[] {
  const guarded = tasks.filter(
    ({ protectedUntilMs, taskClass }) => taskClass === 'replica' && (protectedUntilMs ?? 0) > context.nowMs,
  );
  if (guarded.length === 0) return [];
  const { protectedTasks: policy, protectedTimeoutSeconds } = groupSettings(
    context,
    host.autoScalingGroupName ?? '',
  );
  const until = Math.max(...guarded.map(({ protectedUntilMs }) => protectedUntilMs ?? 0));
  const services = [...new Set(guarded.flatMap(({ serviceName }) => serviceName ?? []))];
  const what: Record<typeof policy, string> = {
    wait: `the host stays ACTIVE until none is, at most ${protectedTimeoutSeconds} s`,
    hold: 'the host is held',
    stop: `after at most ${protectedTimeoutSeconds} s the host drains and they are stopped`,
  };
  return [
    {
      ...about(host),
      severity: policy === 'hold' ? 'blocks' : 'note',
      code: 'protected-tasks',
      ...(services[0] !== undefined && { service: services[0] }),
      field: 'protectedTasks',
      message: `${host.instanceId} has ${counted(guarded.length, 'protected task')} of ${services.join(', ')}, the last until ${new Date(until).toISOString()}: ${what[policy]}`,
      remedy: 'let the service end its protection, or choose another protectedTasks',
    },
  ];
}

/** ECS's drain does not touch tasks that belong to no service. */
function standaloneTasks(host: HostFacts, tasks: readonly TaskFacts[], context: PlanContext): Finding[] {
  const lone = tasks.filter(({ taskClass }) => taskClass === 'standalone');
  if (lone.length === 0) return [];
  const families = [...new Set(lone.map(({ taskDefinitionArn }) => familyOf(taskDefinitionArn)))].sort();
  const { standaloneTasks: policy, standaloneTimeoutSeconds } = groupSettings(
    context,
    host.autoScalingGroupName ?? '',
  );
  const what: Record<typeof policy, string> = {
    wait: `the host drains and waits for them, at most ${standaloneTimeoutSeconds} s, then it is held`,
    hold: 'the host is held',
    stop: `the host drains; after ${standaloneTimeoutSeconds} s they are stopped`,
  };
  return [
    {
      ...about(host),
      severity: policy === 'hold' ? 'blocks' : 'note',
      code: 'standalone-tasks',
      field: 'standaloneTasks',
      message: `${host.instanceId} has ${counted(lone.length, 'task')} of no service (${families.join(', ')}): ${what[policy]}`,
      remedy: 'let them end, or choose another standaloneTasks',
    },
  ];
}

function about(host: HostFacts): Pick<Finding, 'scope' | 'instanceId' | 'autoScalingGroupName'> {
  return {
    scope: 'host',
    instanceId: host.instanceId,
    ...(host.autoScalingGroupName !== undefined && { autoScalingGroupName: host.autoScalingGroupName }),
  };
}

/** `job:3` of a task definition's ARN. */
const familyOf = (arn: string) => arn.slice(arn.lastIndexOf('/') + 1);
