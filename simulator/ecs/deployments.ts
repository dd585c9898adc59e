/**
 * Deployments of services: a new PRIMARY beside the old ones, complete when only its tasks are left and healthy.
 * Source: Amazon ECS API reference, Deployment and DeploymentConfiguration.
 */
import type { Service } from '@aws-sdk/client-ecs';
import type { Parts } from './parts.ts';
import type { DeploymentRecord, ServiceRecord } from './records.ts';
import type { Definition } from './task-definition.ts';

/** A steady service says so again. */
const STEADY_EVENT_EVERY_MS = 6 * 3_600_000;

export class Deployments {
  readonly #parts: Parts;
  readonly #digests = new Map<string, string>();
  readonly #saidSteadyAtMs = new Map<ServiceRecord, number>();

  constructor(parts: Parts) {
    this.#parts = parts;
    for (const task of parts.capture.ecs.tasks)
      for (const { name, imageDigest } of task.containers ?? [])
        if (imageDigest) this.#digests.set(`${task.taskDefinitionArn}|${name}`, imageDigest);
  }

  /** Deployments as captured; a service always has a PRIMARY one. */
  adopt(service: ServiceRecord, source: Service): void {
    for (const captured of source.deployments ?? []) {
      const definition = this.#definition(captured.taskDefinition, source);
      if (captured.status === 'INACTIVE') continue;
      const createdAtMs = captured.createdAt?.getTime() ?? this.#parts.world.clock.nowMs;
      service.deployments.push({
        ...this.#make(captured.id ?? this.#newId(), definition, createdAtMs),
        status: captured.status === 'ACTIVE' ? 'ACTIVE' : 'PRIMARY',
        rolloutState: captured.rolloutState ?? 'COMPLETED',
        rolloutStateReason: captured.rolloutStateReason ?? '',
        failedTasks: captured.failedTasks ?? 0,
      });
    }
    service.deployments.sort((a, b) => Number(a.status === 'ACTIVE') - Number(b.status === 'ACTIVE'));
    if (service.deployments[0]?.status !== 'PRIMARY')
      service.deployments.unshift({
        ...this.#make(this.#newId(), this.#definition(undefined, source), this.#parts.world.clock.nowMs),
        rolloutState: 'COMPLETED',
      });
  }

  /** Starts a deployment: a new revision, the same one forced, or one that cannot work. */
  begin(service: ServiceRecord, definition: Definition, defect: DeploymentRecord['defect'] = 'none'): void {
    const { world, journal, scheduler, daemons } = this.#parts;
    for (const deployment of service.deployments) deployment.status = 'ACTIVE';
    const deployment = this.#make(this.#newId(), definition, world.clock.nowMs);
    deployment.defect = defect;
    service.deployments = [
      deployment,
      ...service.deployments.filter(({ running, pending }) => running + pending > 0),
    ];
    service.steady = false;
    journal.serviceChanged(service, false);
    journal.serviceAction(service, 'INFO', 'SERVICE_DEPLOYMENT_IN_PROGRESS', { deploymentId: deployment.id });
    scheduler.reset(service);
    if (service.schedulingStrategy === 'DAEMON') daemons.roll(service);
  }

  /** A task of the deployment failed; the circuit breaker may end it. */
  taskFailed(service: ServiceRecord, deployment: DeploymentRecord): void {
    deployment.failedTasks++;
    const breaker = service.source.deploymentConfiguration?.deploymentCircuitBreaker;
    // Source: Amazon ECS developer guide, deployment-circuit-breaker: half of the desired count, within 3 and 200.
    const threshold = Math.min(200, Math.max(3, Math.ceil(service.desired / 2)));
    if (!breaker?.enable || deployment.rolloutState !== 'IN_PROGRESS' || deployment.failedTasks < threshold)
      return;
    deployment.rolloutState = 'FAILED';
    deployment.rolloutStateReason = 'ECS deployment circuit breaker: tasks failed to start.';
    this.#parts.journal.serviceAction(service, 'ERROR', 'SERVICE_DEPLOYMENT_FAILED', {
      deploymentId: deployment.id,
      reason: deployment.rolloutStateReason,
    });
    const before = service.deployments.find(({ status }) => status === 'ACTIVE');
    if (breaker.rollback && before) this.begin(service, before.definition, before.defect);
  }

  /** Looks whether old deployments are gone and the service has come to rest. */
  review(service: ServiceRecord, complete: boolean): void {
    const { world, journal } = this.#parts;
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
      journal.serviceAction(service, 'INFO', 'SERVICE_DEPLOYMENT_COMPLETED', { deploymentId: primary.id });
      journal.serviceSays(service, `(deployment ${primary.id}) deployment completed.`);
      changed = true;
    }
    if (changed) journal.serviceChanged(service, false);
    if (isSteady && !service.steady) this.#saySteady(service);
    if (isSteady) service.unreplaced.clear();
    service.steady = isSteady;
  }

  /** The digest with which a captured task of this definition runs: later tasks get the same. */
  digestOf(definition: Definition, container: string | undefined): { readonly imageDigest?: string } {
    const imageDigest = this.#digests.get(`${definition.arn}|${container}`);
    return imageDigest === undefined ? {} : { imageDigest };
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

  #make(id: string, definition: Definition, createdAtMs: number): DeploymentRecord {
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
    };
  }

  #newId(): string {
    const digits = this.#parts.world.random.stream('ecs/ids');
    return `ecs-svc/${Array.from({ length: 19 }, (_, at) => digits.integer(at === 0 ? 1 : 0, 9)).join('')}`;
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
