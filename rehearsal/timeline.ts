/**
 * What a rehearsal looked like over time, gathered from what the account tells its watchers: the report's charts and
 * the progress line are drawn from it. It decides nothing and judges nothing.
 */
import type { Observation } from '../simulator/observation.ts';

/**
 * Where a host is on its way. `launched` is new and not ready yet; `serving` old and untouched; `drained` has no task left
 * but daemons'.
 */
export const HOST_STAGES = ['serving', 'draining', 'drained', 'launched', 'ready', 'terminated'] as const;
export type HostStage = (typeof HOST_STAGES)[number];

export interface HostPoint {
  readonly t: number;
  readonly counts: Readonly<Record<HostStage, number>>;
}

export interface ServicePoint {
  readonly t: number;
  readonly healthy: number;
  readonly desired: number;
}

export interface CapacityPoint {
  readonly t: number;
  readonly instances: number;
  readonly desiredCapacity: number;
}

export interface HostSpan {
  readonly instanceId: string;
  readonly zone: string;
  readonly isNew: boolean;
  /** When it entered each stage, seconds from the start. */
  readonly stages: { stage: HostStage; t: number }[];
}

interface HostState {
  readonly span: HostSpan;
  ec2: string;
  status: string;
  connected: boolean;
  /** ARNs of its tasks that are not STOPPED, daemons' left out. */
  readonly tasks: Set<string>;
}

export class Timeline {
  readonly hosts: HostPoint[] = [];
  readonly capacity: CapacityPoint[] = [];
  readonly services = new Map<string, ServicePoint[]>();
  readonly faults: { t: number; text: string }[] = [];
  readonly #hosts = new Map<string, HostState>();
  readonly #desiredCapacity = new Map<string, number>();
  readonly #counts = { serving: 0, draining: 0, drained: 0, launched: 0, ready: 0, terminated: 0 };
  #started = false;

  /** Every host's way, in the order in which they appeared. */
  get spans(): readonly HostSpan[] {
    return [...this.#hosts.values()].map((host) => host.span);
  }

  /** From here on, a host that appears is new. */
  start(): void {
    this.#started = true;
    this.#point(0);
  }

  observe(observation: Observation, t: number): void {
    switch (observation.kind) {
      case 'host':
        this.#hostOf(observation.instanceId, observation.zone).ec2 = observation.state;
        this.#stage(observation.instanceId, t);
        break;
      case 'container-instance': {
        const host = this.#hosts.get(observation.instanceId);
        if (!host) return;
        host.status = observation.status;
        host.connected = observation.agentConnected;
        this.#stage(observation.instanceId, t);
        break;
      }
      case 'task': {
        const host = observation.instanceId === null ? undefined : this.#hosts.get(observation.instanceId);
        if (!host || observation.daemon) return;
        if (observation.lastStatus === 'STOPPED') host.tasks.delete(observation.taskArn);
        else host.tasks.add(observation.taskArn);
        this.#stage(host.span.instanceId, t);
        break;
      }
      case 'group':
        this.#desiredCapacity.set(observation.group, observation.desiredCapacity);
        this.#point(t);
        break;
      case 'service': {
        const points = this.services.get(observation.serviceName) ?? [];
        points.push({ t, healthy: observation.healthy, desired: observation.desired });
        this.services.set(observation.serviceName, points);
        break;
      }
      case 'fault':
        this.faults.push({ t, text: `${observation.fault} ${observation.instanceId ?? ''}`.trim() });
        break;
    }
  }

  #hostOf(instanceId: string, zone: string): HostState {
    const known = this.#hosts.get(instanceId);
    if (known) return known;
    const span = { instanceId, zone, isNew: this.#started, stages: [] };
    const made = { span, ec2: 'pending', status: '', connected: false, tasks: new Set<string>() };
    this.#hosts.set(instanceId, made);
    return made;
  }

  #stage(instanceId: string, t: number): void {
    const host = this.#hosts.get(instanceId);
    if (!host) return;
    const stage = stageOf(host);
    const before = host.span.stages.at(-1)?.stage;
    if (before === stage) return;
    if (before !== undefined) this.#counts[before]--;
    this.#counts[stage]++;
    host.span.stages.push({ stage, t });
    if (this.#started) this.#point(t);
  }

  #point(t: number): void {
    if (!this.#started) return;
    replaceAt(this.hosts, { t, counts: { ...this.#counts } });
    const instances = this.#hosts.size - this.#counts.terminated;
    const desiredCapacity = [...this.#desiredCapacity.values()].reduce((sum, desired) => sum + desired, 0);
    replaceAt(this.capacity, { t, instances, desiredCapacity });
  }
}

function stageOf(host: HostState): HostStage {
  if (!isUp(host.ec2)) return 'terminated';
  if (host.status === 'DRAINING') return host.tasks.size > 0 ? 'draining' : 'drained';
  if (!host.span.isNew) return 'serving';
  return host.status === 'ACTIVE' ? 'ready' : 'launched';
}

function isUp(ec2State: string): boolean {
  return ec2State === 'pending' || ec2State === 'running';
}

/** Adds a point, or takes the place of the last one when nothing passed between them. */
function replaceAt<P extends { readonly t: number }>(points: P[], point: P): void {
  if (points.at(-1)?.t === point.t) points.pop();
  points.push(point);
}
