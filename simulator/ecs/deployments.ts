/**
 * Deployments of services: a new PRIMARY beside the old ones, complete when only its tasks are left and healthy; FAILED
 * and rolled back by the circuit breaker.
 * Source: Amazon ECS API reference, Deployment and DeploymentConfiguration; developer guide, deployment-type-ecs,
 * deployment-circuit-breaker and ecs_service_deployment_events.
 */
import type { Service } from '@aws-sdk/client-ecs';
import { breakerOf, counts, type TaskFailure, thresholdOf } from './circuit-breaker.ts';
import { resolveComplaints } from './complaints.ts';
import type { DeploymentRecord } from './deployment-record.ts';
import type { Parts } from './parts.ts';
import type { ServiceRecord, TaskRecord } from './records.ts';
import { type Definition, readDefinition } from './task-definition.ts';

/** A steady service says so again: like every message that repeats. Source: service-event-messages (six hours). */
const STEADY_EVENT_EVERY_MS = 6 * 3_600_000;

/** What a deployment begins with besides its definition. */
interface Beginning {
  /** A revision that cannot work. */
  readonly defect?: DeploymentRecord['defect'];
  /** The failed deployment that it takes back. */
  readonly rollsBack?: DeploymentRecord;
}

export class Deployments {
  readonly #parts: Parts;
  readonly #digests = new Map<string, string>();
  /** What tags name since they were moved, by image. */
  readonly #movedTags = new Map<string, string>();
  readonly #saidSteadyAtMs = new Map<ServiceRecord, number>();

  constructor(parts: Parts) {
    this.#parts = parts;
    for (const task of parts.capture.ecs.tasks)
      for (const { name, imageDigest } of task.containers ?? [])
        if (imageDigest) this.#digests.set(`${task.taskDefinitionArn}|${name}`, imageDigest);
  }

  /** Deployments as captured; a service always has a PRIMARY one. */
  adopt(service: ServiceRecord, source: Service): void {
    const { nowMs } = this.#parts.world.clock;
    for (const captured of source.deployments ?? []) {
      const definition = this.#definition(captured.taskDefinition, source);
      if (captured.status === 'INACTIVE') continue;
      const createdAtMs = captured.createdAt?.getTime() ?? nowMs;
      service.deployments.push({
        ...this.#make(service, captured.id ?? this.#newId(), definition, createdAtMs),
        status: captured.status === 'ACTIVE' ? 'ACTIVE' : 'PRIMARY',
        updatedAtMs: captured.updatedAt?.getTime() ?? createdAtMs,
        rolloutState: captured.rolloutState ?? 'COMPLETED',
        rolloutStateReason: captured.rolloutStateReason ?? '',
        failedTasks: captured.failedTasks ?? 0,
        hasRun: (captured.runningCount ?? 0) > 0,
      });
    }
    service.deployments.sort((a, b) => Number(a.status === 'ACTIVE') - Number(b.status === 'ACTIVE'));
    if (service.deployments[0]?.status !== 'PRIMARY')
      service.deployments.unshift({
        ...this.#make(service, this.#newId(), this.#definition(undefined, source), nowMs),
        rolloutState: 'COMPLETED',
      });
    for (const deployment of service.deployments)
      if (deployment.rolloutState !== 'IN_PROGRESS') deployment.finishedAtMs = deployment.updatedAtMs;
    service.pastDeployments.push(...service.deployments);
    service.lastCompleted = service.deployments.find(({ rolloutState }) => rolloutState === 'COMPLETED');
  }

  /** Starts a deployment: a new revision, the same one forced, or a rollback. */
  begin(service: ServiceRecord, definition: Definition, { defect, rollsBack }: Beginning = {}): void {
    const { world, journal, scheduler, daemons, zones } = this.#parts;
    const { nowMs } = world.clock;
    if (this.#resolveTags(definition) && definition === service.deployments[0]?.definition)
      service.codeChanges++;
    for (const deployment of service.deployments) {
      deployment.status = 'ACTIVE';
      deployment.finishedAtMs ??= nowMs;
    }
    const deployment = this.#make(service, this.#newId(), definition, nowMs, rollsBack?.id);
    deployment.defect = defect ?? 'none';
    if (rollsBack)
      deployment.rolloutStateReason = `ECS deployment circuit breaker: rolling back to deploymentId ${deployment.id}.`;
    service.deployments = [
      deployment,
      ...service.deployments.filter(({ running, pending }) => running + pending > 0),
    ];
    service.pastDeployments.push(deployment);
    service.steady = false;
    resolveComplaints(service);
    zones.stop(service);
    journal.serviceChanged(service, false);
    this.#emit(service, deployment, 'INFO', 'SERVICE_DEPLOYMENT_IN_PROGRESS');
    scheduler.reset(service);
    if (service.schedulingStrategy === 'DAEMON') daemons.roll(service);
  }

  /** Registers the definition anew, as a pipeline does before it deploys: same content, next revision of its family. */
  nextRevision(definition: Definition): Definition {
    const { state, world } = this.#parts;
    let newest = 0;
    for (const { family, source } of state.definitions.values())
      if (family === definition.family) newest = Math.max(newest, source.revision ?? 0);
    const next = readDefinition({
      ...definition.source,
      taskDefinitionArn: `${definition.arn.replace(/:\d+$/, '')}:${newest + 1}`,
      revision: newest + 1,
      status: 'ACTIVE',
      registeredAt: new Date(world.clock.nowMs),
    });
    state.definitions.set(next.arn, next);
    for (const { name } of definition.source.containerDefinitions ?? []) {
      const digest = this.#digests.get(`${definition.arn}|${name}`);
      if (digest !== undefined) this.#digests.set(`${next.arn}|${name}`, digest);
    }
    return next;
  }

  /** "Once a service deployment has one or more successfully running tasks, the failed task count resets to zero." */
  taskRan(deployment: DeploymentRecord): void {
    if (deployment.hasRun) return;
    deployment.hasRun = true;
    deployment.failedTasks = 0;
  }

  /** A task that gets healthy sets the count back, unless the breaker is told not to. Source: resetOnHealthyTask. */
  taskHealthy(service: ServiceRecord, { deployment }: TaskRecord): void {
    if (deployment === service.primary && breakerOf(service)?.resetOnHealthyTask !== false)
      deployment.failedTasks = 0;
  }

  startFailed(service: ServiceRecord, deployment: DeploymentRecord): void {
    this.#taskFailed(service, deployment, 'start');
  }

  checkFailed(service: ServiceRecord, deployment: DeploymentRecord | null): void {
    this.#taskFailed(service, deployment, 'check');
  }

  /** An essential container ended by itself; whether that counts is unconfirmed. */
  taskExited(service: ServiceRecord, deployment: DeploymentRecord | null): void {
    if (this.#parts.world.readings.exitCountsAsFailedTask) this.#taskFailed(service, deployment, 'exit');
  }

  /** Looks whether old deployments are gone and the service has come to rest. */
  review(service: ServiceRecord, complete: boolean): void {
    const { world, journal, zones } = this.#parts;
    const { primary } = service;
    const left = service.deployments.filter(
      (deployment) => deployment === primary || deployment.running + deployment.pending > 0,
    );
    const isSteady =
      complete &&
      left.length === 1 &&
      service.alive.size === service.desired &&
      service.knownHealthy >= service.desired;
    let changed = left.length !== service.deployments.length;
    service.deployments = left;
    if (isSteady && primary.rolloutState === 'IN_PROGRESS') {
      primary.rolloutState = 'COMPLETED';
      primary.rolloutStateReason = `ECS deployment ${primary.id} completed.`;
      primary.updatedAtMs = world.clock.nowMs;
      primary.finishedAtMs = world.clock.nowMs;
      service.lastCompleted = primary;
      this.#emit(service, primary, 'INFO', 'SERVICE_DEPLOYMENT_COMPLETED');
      journal.serviceSays(service, `(deployment ${primary.id}) deployment completed.`);
      changed = true;
    }
    if (changed) journal.serviceChanged(service, false);
    if (isSteady && !service.steady) {
      this.#saySteady(service);
      zones.becameSteady(service);
    }
    if (isSteady) {
      service.unreplaced.clear();
      resolveComplaints(service);
    }
    service.steady = isSteady;
  }

  /** The digest with which a captured task of this definition runs: later tasks get the same. */
  digestOf(definition: Definition, container: string | undefined): { readonly imageDigest?: string } {
    const imageDigest = this.#digests.get(`${definition.arn}|${container}`);
    return imageDigest === undefined ? {} : { imageDigest };
  }

  /** A push moved the tag of this image: the next deployment finds another one behind it. */
  tagMoved(image: string, imageDigest: string): void {
    this.#movedTags.set(image, imageDigest);
  }

  /**
   * Each deployment resolves its tags anew, and all its tasks get what they named then. Source: Amazon ECS developer guide,
   * deployment-type-ecs, "Container image resolution".
   *
   * @returns whether a tag named another image than before
   */
  #resolveTags(definition: Definition): boolean {
    let changed = false;
    for (const { name, image = '' } of definition.source.containerDefinitions ?? []) {
      const key = `${definition.arn}|${name}`;
      const moved = this.#movedTags.get(image);
      if (moved === undefined || this.#digests.get(key) === moved) continue;
      this.#digests.set(key, moved);
      changed = true;
    }
    return changed;
  }

  /** The circuit breaker may end the deployment, and go back to the last one that completed. */
  #taskFailed(service: ServiceRecord, deployment: DeploymentRecord | null, failure: TaskFailure): void {
    if (deployment === null || deployment !== service.primary || !counts(deployment, failure)) return;
    deployment.failedTasks++;
    const breaker = breakerOf(service);
    const isOver = deployment.rolloutState !== 'IN_PROGRESS' || deployment.failedTasks < thresholdOf(service);
    if (!breaker || isOver) return;
    const { world, journal } = this.#parts;
    deployment.rolloutState = 'FAILED';
    deployment.rolloutStateReason = 'ECS deployment circuit breaker: tasks failed to start.';
    deployment.updatedAtMs = world.clock.nowMs;
    deployment.finishedAtMs = world.clock.nowMs;
    this.#emit(service, deployment, 'ERROR', 'SERVICE_DEPLOYMENT_FAILED');
    journal.serviceSays(service, `(deployment ${deployment.id}) deployment failed: tasks failed to start.`);
    const target = service.lastCompleted;
    if (!breaker.rollback || !target) return;
    // While it is on its way back no deployment is COMPLETED: a rollback that fails has nothing to go back to.
    service.lastCompleted = undefined;
    journal.serviceSays(service, `rolling back to deployment ${target.id}.`);
    this.begin(service, target.definition, { defect: target.defect, rollsBack: deployment });
  }

  #emit(service: ServiceRecord, deployment: DeploymentRecord, type: 'INFO' | 'ERROR', name: string): void {
    const { id, rolloutStateReason } = deployment;
    this.#parts.journal.deploymentEvent(service, {
      eventType: type,
      eventName: name,
      deploymentId: id,
      reason: rolloutStateReason,
    });
  }

  #saySteady(service: ServiceRecord): void {
    const { world, journal } = this.#parts;
    const { nowMs } = world.clock;
    this.#saidSteadyAtMs.set(service, nowMs);
    journal.serviceSays(service, 'has reached a steady state.');
    journal.serviceAction(service, 'INFO', 'SERVICE_STEADY_STATE');
    world.clock.at(nowMs + STEADY_EVENT_EVERY_MS, () => {
      if (service.steady && this.#saidSteadyAtMs.get(service) === nowMs) this.#saySteady(service);
    });
  }

  #make(
    service: ServiceRecord,
    id: string,
    definition: Definition,
    createdAtMs: number,
    rollsBack?: string,
  ): DeploymentRecord {
    return {
      id,
      definition,
      createdAtMs,
      status: 'PRIMARY',
      updatedAtMs: createdAtMs,
      rolloutState: 'IN_PROGRESS',
      rolloutStateReason: `ECS deployment ${id} in progress.`,
      failedTasks: 0,
      running: 0,
      pending: 0,
      defect: 'none',
      revisionArn: this.#revisionArn(service, definition, createdAtMs),
      sourceRevisionArn: service.deployments[0]?.revisionArn,
      serviceDeploymentArn: `${this.#arn('service-deployment', service)}/${this.#digits(21)}`,
      rollsBack,
      finishedAtMs: undefined,
      hasRun: false,
    };
  }

  /** The captured revision with this definition, else a new one. */
  #revisionArn(service: ServiceRecord, { arn }: Definition, createdAtMs: number): string {
    const { world, capture } = this.#parts;
    const captured = capture.ecs.serviceRevisions.find(
      ({ serviceArn, taskDefinition }) => serviceArn === service.serviceArn && taskDefinition === arn,
    );
    if (captured?.serviceRevisionArn && createdAtMs <= world.clock.startMs)
      return captured.serviceRevisionArn;
    return `${this.#arn('service-revision', service)}/${this.#digits(19)}`;
  }

  #arn(kind: 'service-deployment' | 'service-revision', service: ServiceRecord): string {
    const { region, accountId } = this.#parts.world;
    return `arn:aws:ecs:${region}:${accountId}:${kind}/${service.cluster}/${service.serviceName}`;
  }

  #newId(): string {
    return `ecs-svc/${digitsFrom(this.#parts.world.random.stream('ecs/ids'), 19)}`;
  }

  #digits(count: number): string {
    return digitsFrom(this.#parts.world.random.stream('ecs/service-deployments'), count);
  }

  /** Services of other controllers name their definition in their task sets only. */
  #definition(arn: string | undefined, source: Service): Definition {
    const group = `service:${source.serviceName}`;
    const named = [
      arn,
      source.taskDefinition,
      source.taskSets?.[0]?.taskDefinition,
      this.#parts.capture.ecs.tasks.find((task) => task.group === group)?.taskDefinitionArn,
    ];
    for (const name of named) {
      const definition = name === undefined ? undefined : this.#parts.state.definition(name);
      if (definition) return definition;
    }
    throw new Error(`the capture has no task definition of the service ${source.serviceName}`);
  }
}

function digitsFrom(stream: { integer(least: number, most: number): number }, count: number): string {
  return Array.from({ length: count }, (_, at) => stream.integer(at === 0 ? 1 : 0, 9)).join('');
}
