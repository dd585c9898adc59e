/** ECS as the capture shows it: hosts with their agents, services, tasks. RUNNING tasks are healthy from the start. */
import type { Task } from '@aws-sdk/client-ecs';
import type { StopCause } from '../observation.ts';
import { clusterName, idOf } from './arn.ts';
import type { Parts } from './parts.ts';
import { type ClusterRecord, ServiceRecord, TaskRecord, type TaskStatus } from './records.ts';
import { CapturedTargets, targetsOf } from './targets.ts';
import { type Definition, readDefinition } from './task-definition.ts';
import { protect } from './task-protection.ts';
import { rebalancingOf } from './zone-rebalancing.ts';

/** A machine that has run longer than this without its agent is not expected to join any more. */
const STILL_BOOTING_MS = 15 * 60_000;

const STATUSES: readonly TaskStatus[] = [
  'PROVISIONING',
  'PENDING',
  'ACTIVATING',
  'RUNNING',
  'DEACTIVATING',
  'STOPPING',
  'DEPROVISIONING',
  'STOPPED',
];

/** Fills the state; every other service of the account is in place. Nothing is told to watchers yet. */
export function seed(parts: Parts): void {
  const { capture, state, journal, world, registry, scheduler, daemons } = parts;
  journal.quietly(() => {
    for (const source of capture.ecs.containerInstances) {
      const host = registry.adopt(source, clusterOfArn(parts, source.containerInstanceArn));
      if (!host.agentConnected && host.instanceId.startsWith('i-') && !world.ec2.instance(host.instanceId))
        host.dead = ghostOf(host.instanceId);
      journal.touchHost(host, false);
    }
    for (const source of capture.ecs.services) adoptService(parts, source);
    const targets = new CapturedTargets(capture);
    const tasks = capture.ecs.tasks.map((source) => adoptTask(parts, source));
    // Those that tell their port first: the others get what is left.
    for (const task of tasks) claimKnownTargets(task, targets);
    for (const task of tasks) settle(parts, task, targets);
    for (const { taskArn, protectionEnabled, expirationDate } of capture.ecs.protectedTasks) {
      const task = state.tasks.get(idOf(taskArn ?? ''));
      if (!task || !protectionEnabled) continue;
      const untilMs = expirationDate?.getTime() ?? world.clock.nowMs + 7_200_000;
      protect(parts, task, (untilMs - world.clock.nowMs) / 1000);
    }
    for (const service of state.services.values()) {
      service.steady =
        service.knownHealthy >= service.desired &&
        service.alive.size === service.desired &&
        !service.deploying;
      journal.serviceChanged(service, false);
    }
  });
  for (const instance of world.ec2.instances())
    if (
      instance.state === 'running' &&
      !state.hostOfInstance.has(instance.instanceId) &&
      world.clock.nowMs - instance.launchTimeMs < STILL_BOOTING_MS
    )
      registry.instanceRuns(instance);
  for (const host of state.hosts.values()) {
    const instance = world.ec2.instance(host.instanceId);
    if (instance && instance.state !== 'running' && instance.state !== 'pending')
      parts.loss.instanceChanged(instance, { kind: 'aws', name: 'captured' });
    else if (host.status === 'DRAINING' || host.status === 'ACTIVE') daemons.hostChanged(host);
  }
  for (const service of state.services.values()) {
    scheduler.look(service);
    if (service.steady) parts.zones.becameSteady(service);
  }
}

/** A registration whose machine is gone: nothing on it lives, although ECS lists it. */
function ghostOf(instanceId: string): StopCause {
  return {
    because: 'host-terminated',
    actor: { kind: 'aws', name: 'captured' },
    instanceId,
    text: `Host EC2 (instance ${instanceId}) terminated.`,
  };
}

function clusterOfArn(parts: Parts, arn: string | undefined): ClusterRecord {
  const path = arn?.split(':').at(-1)?.split('/') ?? [];
  const named = path.length > 2 ? parts.state.clusters.get(path[1] as string) : undefined;
  const [only] = parts.state.clusters.values();
  const cluster = named ?? only;
  if (!cluster) throw new Error('the capture has no ECS cluster');
  return cluster;
}

function adoptService(parts: Parts, source: Parts['capture']['ecs']['services'][number]): void {
  if (source.status === 'INACTIVE') return;
  const cluster = parts.state.cluster(source.clusterArn ?? clusterName(source.clusterArn));
  const service = new ServiceRecord(
    { ...source, availabilityZoneRebalancing: rebalancingOf(source) },
    cluster,
  );
  parts.deployments.adopt(service, source);
  service.events = (source.events ?? []).slice(0, 100);
  cluster.services.set(service.serviceName, service);
  parts.state.services.set(service.serviceArn, service);
  if (service.schedulingStrategy === 'DAEMON') parts.daemons.add(service);
}

function adoptTask(parts: Parts, source: Task): TaskRecord {
  const { state, world } = parts;
  const taskArn = source.taskArn ?? '';
  const cluster = source.clusterArn ? state.cluster(source.clusterArn) : clusterOfArn(parts, taskArn);
  const service = source.group?.startsWith('service:')
    ? (cluster.services.get(source.group.slice('service:'.length)) ?? null)
    : null;
  const deployment =
    service?.deployments.find(({ id }) => id === source.startedBy) ??
    service?.deployments.find(({ definition }) => definition.arn === source.taskDefinitionArn) ??
    service?.primary ??
    null;
  const task = new TaskRecord(
    {
      id: idOf(taskArn),
      taskArn,
      group: source.group ?? `family:${idOf(source.taskDefinitionArn ?? '').split(':')[0]}`,
      order: state.nextOrder(),
      createdAtMs: source.createdAt?.getTime() ?? world.clock.nowMs,
      startedBy: source.startedBy ?? deployment?.id,
    },
    cluster,
    service,
    deployment,
    definitionOf(parts, source),
    source,
  );
  task.containers = source.containers ?? [];
  task.version = source.version ?? 1;
  task.address = addressOf(source);
  const status = STATUSES.find((each) => each === source.lastStatus) ?? 'RUNNING';
  task.lastStatus = status;
  const stopping = STATUSES.indexOf(status) > STATUSES.indexOf('RUNNING');
  task.desiredStatus = source.desiredStatus === 'STOPPED' || stopping ? 'STOPPED' : 'RUNNING';
  task.pullStartedAtMs = source.pullStartedAt?.getTime() ?? null;
  task.pullStoppedAtMs = source.pullStoppedAt?.getTime() ?? null;
  task.executionStoppedAtMs = source.executionStoppedAt?.getTime() ?? null;
  task.runningAtMs = source.startedAt?.getTime() ?? (status === 'RUNNING' ? task.createdAtMs : null);
  task.stoppingAtMs = source.stoppingAt?.getTime() ?? null;
  task.stoppedAtMs = source.stoppedAt?.getTime() ?? null;
  task.stopCode = source.stopCode;
  task.host = (source.containerInstanceArn && state.hosts.get(idOf(source.containerInstanceArn))) || null;
  task.capacityProviderName =
    source.capacityProviderName ?? (service?.strategy.length ? task.host?.capacityProviderName : undefined);
  return task;
}

/** The registered definition, else as much as the task itself tells. */
function definitionOf(parts: Parts, source: Task): Definition {
  const known = parts.state.definitions.get(source.taskDefinitionArn ?? '');
  if (known) return known;
  const made = readDefinition({
    ...(source.taskDefinitionArn !== undefined && { taskDefinitionArn: source.taskDefinitionArn }),
    family: idOf(source.taskDefinitionArn ?? '').split(':')[0],
    cpu: source.cpu ?? '0',
    memory: source.memory ?? '0',
    networkMode: addressOf(source) === undefined ? 'bridge' : 'awsvpc',
  });
  parts.state.definitions.set(made.arn, made);
  return made;
}

function addressOf(source: Task): string | undefined {
  for (const { details } of source.attachments ?? [])
    for (const { name, value } of details ?? []) if (name === 'privateIPv4Address') return value;
  for (const { networkInterfaces } of source.containers ?? [])
    for (const { privateIpv4Address } of networkInterfaces ?? []) return privateIpv4Address;
  return undefined;
}

function claimKnownTargets(task: TaskRecord, targets: CapturedTargets): void {
  if (task.lastStatus === 'STOPPED') return;
  task.targets = targetsOf(task);
  for (const target of task.targets) targets.claim(target);
}

/** Takes its room, and goes on with whatever it was doing. */
function settle(parts: Parts, task: TaskRecord, captured: CapturedTargets): void {
  const { journal, world, starter, stopper, health } = parts;
  const { host, definition, lastStatus } = task;
  if (task.fargate) parts.fargate.adopt(task);
  if (task.desiredStatus === 'RUNNING') host?.claimed.add(definition.needs);
  if (lastStatus !== 'STOPPED' && definition.needs.eni && host) {
    host.enisInUse++;
    task.addressSubnet = host.attributes['ecs.subnet-id'];
  }
  const started = STATUSES.indexOf(lastStatus) >= STATUSES.indexOf('RUNNING') && lastStatus !== 'STOPPED';
  if (started && lastStatus !== 'DEPROVISIONING') {
    host?.held.add(definition.needs);
    host?.cachedImages.add(definition.arn);
    task.begun = true;
  }
  if (lastStatus === 'RUNNING' && task.desiredStatus === 'RUNNING') {
    completeTargets(task, captured, parts);
    task.healthy = !host?.dead;
    task.knownHealthy = true;
    task.containerHealthy = definition.healthCheckSeconds !== null;
    task.aged = true;
  }
  journal.addTask(task);
  if (task.desiredStatus === 'STOPPED') {
    if (lastStatus === 'STOPPED') world.clock.after(3_600_000, () => journal.forgetTask(task));
    else {
      task.cause = {
        because: 'stop-task',
        actor: { kind: 'aws', name: 'captured' },
        text: task.source.stoppedReason ?? '',
      };
      stopper.resume(task);
    }
  } else if (lastStatus === 'RUNNING') {
    for (const target of task.targets) {
      health.watch(task, target);
      if (!world.loadBalancing.isHealthy(target.targetGroupArn, target))
        world.loadBalancing.adopt(target.targetGroupArn, { ...target, zone: host?.zone ?? '' });
    }
  } else if (host || task.fargate) {
    // It starts its way to RUNNING anew: the capture does not tell how far the agent had come.
    starter.resume(task);
  }
}

/** A task whose bindings the capture lacks gets a captured target of its host, so that the two sides agree. */
function completeTargets(task: TaskRecord, captured: CapturedTargets, parts: Parts): void {
  const balancers = task.service?.source.loadBalancers ?? [];
  for (const { targetGroupArn, containerPort } of balancers) {
    if (!targetGroupArn || task.targets.some((target) => target.targetGroupArn === targetGroupArn)) continue;
    if (task.definition.needs.eni) task.address ??= parts.starter.nextAddress();
    const id = task.address ?? task.instanceId;
    if (id === null || containerPort === undefined) continue;
    const dynamic = parts.world.random.stream('ecs/ports').integer(32_768, 60_999);
    const port = captured.take(targetGroupArn, id) ?? (task.definition.needs.eni ? containerPort : dynamic);
    task.targets.push({ targetGroupArn, id, port });
  }
}
