/** Tasks as the decision sees them: whose, where, in what state, and healthy by ECS's own rule or not. */

import type { Service, Task, TaskDefinition } from '@aws-sdk/client-ecs';
import type { TargetHealthDescription } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { TaskClass, TaskFacts, TaskStatus } from '../../core/facts.ts';
import type { RunMemory } from '../../core/memory.ts';
import { idOf } from '../batches.ts';
import { defined } from './defined.ts';

/**
 * A task without container check and load balancer counts as healthy this long after RUNNING. Source: Amazon ECS API
 * reference, DeploymentConfiguration.minimumHealthyPercent.
 */
const SETTLED_MS = 40_000;
const SERVICE_GROUP = 'service:';

/** What a task is read against. */
export interface TaskContext {
  readonly nowMs: number;
  /** EC2 instance id by container instance id. */
  readonly instanceIds: ReadonlyMap<string, string>;
  readonly services: ReadonlyMap<string, Service>;
  readonly definitions: ReadonlyMap<string, TaskDefinition>;
  /** By target group ARN; a group that was not read says nothing against a task. */
  readonly targets: ReadonlyMap<string, readonly TargetHealthDescription[]>;
  /** End of protection by task ARN, epoch milliseconds. */
  readonly protectedUntil: ReadonlyMap<string, number>;
}

/** Name of the service that owns a task; undefined for a standalone one. */
export function serviceNameOf(task: Task): string | undefined {
  return task.group?.startsWith(SERVICE_GROUP) ? task.group.slice(SERVICE_GROUP.length) : undefined;
}

/** Of a service that was a daemon when the run was planned. */
export function isDaemonOf(memory: RunMemory, task: Task): boolean {
  return memory.daemonsAtPlan.includes(serviceNameOf(task) ?? '');
}

export function taskFacts(task: Task, context: TaskContext): TaskFacts {
  const serviceName = serviceNameOf(task);
  const service = serviceName === undefined ? undefined : context.services.get(serviceName);
  const containerInstanceId = idOf(task.containerInstanceArn);
  const instanceId = context.instanceIds.get(containerInstanceId);
  const targets = targetsOf(task, service, instanceId, context);
  const exitCodes = (task.containers ?? []).flatMap(({ exitCode }) =>
    exitCode === undefined ? [] : [exitCode],
  );
  return defined({
    taskArn: task.taskArn ?? '',
    taskDefinitionArn: task.taskDefinitionArn ?? '',
    taskClass: classOf(serviceName, service),
    serviceName,
    instanceId,
    containerInstanceArn: task.containerInstanceArn,
    capacityProviderName: task.capacityProviderName,
    lastStatus: (task.lastStatus ?? 'PROVISIONING') as TaskStatus,
    desiredStatus: task.desiredStatus === 'STOPPED' ? ('STOPPED' as const) : ('RUNNING' as const),
    healthStatus: task.healthStatus ?? ('UNKNOWN' as const),
    hasHealthCheck: hasHealthCheck(task, context) || undefined,
    createdAtMs: task.createdAt?.getTime() ?? 0,
    startedAtMs: task.startedAt?.getTime(),
    stoppingAtMs: task.stoppingAt?.getTime(),
    stopCode: task.stopCode,
    stoppedReason: task.stoppedReason,
    exitCodes: exitCodes.length === 0 ? undefined : exitCodes,
    protectedUntilMs: context.protectedUntil.get(task.taskArn ?? ''),
    targetsDeregistering: targets.filter((target) => target?.TargetHealth?.State === 'draining').length,
    healthy: isHealthy(task, targets, context),
  });
}

function classOf(serviceName: string | undefined, service: Service | undefined): TaskClass {
  if (serviceName === undefined) return 'standalone';
  return service?.schedulingStrategy === 'DAEMON' ? 'daemon' : 'replica';
}

function isHealthy(
  task: Task,
  targets: readonly (TargetHealthDescription | undefined)[],
  context: TaskContext,
): boolean {
  if (task.lastStatus !== 'RUNNING' || task.desiredStatus === 'STOPPED') return false;
  const hasCheck = hasHealthCheck(task, context);
  if (hasCheck && task.healthStatus !== 'HEALTHY') return false;
  if (targets.length > 0) return targets.every((target) => target?.TargetHealth?.State === 'healthy');
  return hasCheck || context.nowMs - (task.startedAt?.getTime() ?? context.nowMs) >= SETTLED_MS;
}

/**
 * Checks of containers that are not essential say nothing of their task: its status stays UNKNOWN. Source: Amazon ECS
 * API reference, HealthCheck ("there are only nonessential containers with health checks defined").
 */
function hasHealthCheck(task: Task, { definitions }: TaskContext): boolean {
  const definition = definitions.get(task.taskDefinitionArn ?? '');
  return (definition?.containerDefinitions ?? []).some(
    ({ healthCheck, essential }) => healthCheck !== undefined && essential !== false,
  );
}

/**
 * The task's targets, one per load balancer of its service that was read; undefined where it is not registered. A target
 * is the task's own address with awsvpc, else its host with the port that Docker bound.
 */
function targetsOf(
  task: Task,
  service: Service | undefined,
  instanceId: string | undefined,
  { targets, definitions }: TaskContext,
): (TargetHealthDescription | undefined)[] {
  const mode = definitions.get(task.taskDefinitionArn ?? '')?.networkMode;
  return (service?.loadBalancers ?? []).flatMap((balancer) => {
    const registered = targets.get(balancer.targetGroupArn ?? '');
    if (registered === undefined) return [];
    const id = mode === 'awsvpc' ? addressOf(task) : instanceId;
    const port = portOf(task, balancer.containerName, balancer.containerPort, mode);
    const ofId = id === undefined ? undefined : byId(registered).get(id);
    return [ofId?.find(({ Target }) => port === undefined || Target?.Port === port)];
  });
}

/** A list of targets by their id: every task of a service asks for its own. */
const indexes = new WeakMap<readonly TargetHealthDescription[], Map<string, TargetHealthDescription[]>>();

function byId(registered: readonly TargetHealthDescription[]): Map<string, TargetHealthDescription[]> {
  let index = indexes.get(registered);
  if (index === undefined) {
    index = Map.groupBy(registered, ({ Target }) => Target?.Id ?? '');
    indexes.set(registered, index);
  }
  return index;
}

function addressOf(task: Task): string | undefined {
  const details = task.attachments?.find(
    ({ type }) => type === 'ElasticNetworkInterface' || type === 'eni',
  )?.details;
  return (
    details?.find(({ name }) => name === 'privateIPv4Address')?.value ??
    task.containers?.flatMap(({ networkInterfaces }) => networkInterfaces ?? [])[0]?.privateIpv4Address
  );
}

function portOf(
  task: Task,
  containerName: string | undefined,
  containerPort: number | undefined,
  mode: string | undefined,
): number | undefined {
  if (mode === 'awsvpc' || mode === 'host') return containerPort;
  const container = task.containers?.find(({ name }) => name === containerName);
  return container?.networkBindings?.find((binding) => binding.containerPort === containerPort)?.hostPort;
}
