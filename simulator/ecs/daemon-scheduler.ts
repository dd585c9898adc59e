/**
 * DAEMON services: one task on each ACTIVE host that their constraints allow, first on a new host and last to stop on a
 * DRAINING one. Source: Amazon ECS developer guide, ecs_service-options and managed-instance-draining.
 */
import type { StopCause } from '../observation.ts';
import type { Parts } from './parts.ts';
import { allows, refusalOf } from './placement.ts';
import type { HostRecord, ServiceRecord, TaskRecord } from './records.ts';
import { requestOf, unplacedText } from './service-starts.ts';

const REACTION_SECONDS = [0.5, 2.5] as const;
const RETRY_SECONDS = 30;
/** A daemon that dies as soon as it starts is not started again at once. */
const RESTART_SECONDS = [1, 5] as const;
const SCHEDULER = { kind: 'aws', name: 'service-scheduler' } as const;

export class DaemonScheduler {
  readonly #parts: Parts;
  readonly #daemons = new Map<string, ServiceRecord[]>();
  readonly #looking = new Set<HostRecord>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  add(service: ServiceRecord): void {
    const services = this.#daemons.get(service.cluster) ?? [];
    services.push(service);
    this.#daemons.set(service.cluster, services);
  }

  /** The agent is back: what it lacks can be started now. */
  hostConnected(host: HostRecord): void {
    if (host.status === 'ACTIVE') this.#fill(host);
  }

  /** The host's status changed: daemons of a host that turned ACTIVE claim their room before all others. */
  hostChanged(host: HostRecord): void {
    if (host.status === 'ACTIVE') this.#fill(host);
    else this.#lookLater(host, REACTION_SECONDS);
    for (const service of this.#daemons.get(host.cluster) ?? []) this.#recount(service);
  }

  /** A task on some host changed: a daemon to start again, or the last other task gone. */
  taskChanged(task: TaskRecord): void {
    const { host } = task;
    if (!host || task.desiredStatus === 'RUNNING') return;
    if (host.status === 'DRAINING' && task.lastStatus === 'STOPPED') this.#lookLater(host, REACTION_SECONDS);
    else if (task.daemon && host.status === 'ACTIVE') this.#lookLater(host, RESTART_SECONDS);
  }

  /** A new deployment of a daemon: old ones go within the lower limit, new ones follow on the same host. */
  roll(service: ServiceRecord): void {
    const { clock, random } = this.#parts.world;
    let spare = service.knownHealthy - service.lowerLimit;
    let old = 0;
    for (const task of [...service.alive]) {
      if (task.deployment === service.primary) continue;
      old++;
      if (task.knownHealthy && spare-- <= 0) continue;
      this.#stop(task, { because: 'deployment', actor: SCHEDULER, ...on(task.host), text: textOf(service) });
    }
    this.#parts.deployments.review(service, old === 0 && service.alive.size >= service.desired);
    if (service.deploying)
      clock.after(random.stream('ecs/daemons').between(RESTART_SECONDS) * 1000, () => this.roll(service));
  }

  #lookLater(host: HostRecord, range: readonly [number, number]): void {
    if (this.#looking.has(host)) return;
    this.#looking.add(host);
    const { clock, random } = this.#parts.world;
    clock.after(random.stream('ecs/daemons').between(range) * 1000, () => {
      this.#looking.delete(host);
      if (host.status === 'ACTIVE') this.#fill(host);
      else if (host.status === 'DRAINING') this.#empty(host);
    });
  }

  #fill(host: HostRecord): void {
    if (host.dead || !host.agentConnected) return;
    const { world, starter, journal } = this.#parts;
    for (const service of this.#daemons.get(host.cluster) ?? []) {
      if ((service.perHost.get(host) ?? 0) > 0 || service.source.status === 'DRAINING') continue;
      const request = requestOf(service, undefined, world.ec2);
      if (!allows(host, request)) continue;
      const refusal = refusalOf(host, request);
      if (refusal) {
        journal.serviceSays(service, unplacedText(refusal, host));
        journal.serviceAction(service, 'ERROR', 'SERVICE_TASK_PLACEMENT_FAILURE', {
          containerInstanceArns: [host.containerInstanceArn],
          reason: refusal,
        });
        this.#lookLater(host, [RETRY_SECONDS, RETRY_SECONDS + 1]);
        continue;
      }
      starter.create(
        {
          cluster: service.clusterRecord,
          service,
          deployment: service.primary,
          definition: service.primary.definition,
          group: `service:${service.serviceName}`,
          startedBy: service.primary.id,
        },
        host,
      );
    }
  }

  /** Daemons stop once nothing else is left on the host. */
  #empty(host: HostRecord): void {
    for (const task of host.tasks) if (!task.daemon) return;
    for (const task of [...host.tasks]) {
      if (!task.service) continue;
      this.#stop(task, {
        because: 'drain',
        actor: host.drainActor ?? SCHEDULER,
        instanceId: host.instanceId,
        text: textOf(task.service),
      });
    }
  }

  #stop(task: TaskRecord, cause: StopCause): void {
    this.#parts.stopper.stop(task, cause, 'ServiceSchedulerInitiated');
  }

  /** A daemon's desired count is the number of hosts that it belongs on. */
  #recount(service: ServiceRecord): void {
    const request = { ...requestOf(service, undefined, this.#parts.world.ec2), zones: null };
    let count = 0;
    for (const host of service.clusterRecord.hosts)
      if (host.status === 'ACTIVE' && allows(host, request)) count++;
    if (count === service.desired) return;
    service.desired = count;
    this.#parts.journal.serviceChanged(service, true);
  }
}

function textOf(service: ServiceRecord): string {
  return `Scaling activity initiated by (deployment ${service.primary.id})`;
}

function on(host: HostRecord | null): { readonly instanceId?: string } {
  return host ? { instanceId: host.instanceId } : {};
}
