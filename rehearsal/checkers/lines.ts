/** What the chronicle keeps of one host and of one task. Only the chronicle writes them. */
import type { HostObservation, StopCause } from '../../simulator/observation.ts';
import type { Share } from './service-motion.ts';

export class HostLine {
  readonly instanceId: string;
  readonly image: string;
  readonly group: string | null;
  readonly zone: string;
  readonly wasThereAtStart: boolean;
  readonly launchedAtMs: number;
  state: HostObservation['state'] = 'pending';
  lifecycleState: string | null = null;
  /** Once it joined; undefined before. */
  cluster: string | undefined;
  status: string | undefined;
  statusAtStart: string | undefined;
  agentConnected = false;
  agentLostAtMs: number | undefined;
  /** First time that its agent was connected. */
  connectedAtMs: number | undefined;
  size: { readonly cpu: number; readonly memoryMiB: number } | undefined;
  runningAtMs: number | undefined;
  registeredAtMs: number | undefined;
  drainingSinceMs: number | undefined;
  /** DRAINING now, or when it ended, because we said so. */
  drainedByUs = false;
  /** First time that we drained it. */
  drainedByUsAtMs: number | undefined;
  /** Its machine ends because of us; its tasks are lost, though ECS learns of it later. */
  endedByUs = false;
  endedAtMs: number | undefined;
  terminatedAtMs: number | undefined;
  /** Tasks on it that are not STOPPED. */
  readonly tasks = new Set<TaskLine>();

  constructor(
    of: {
      readonly instanceId: string;
      readonly imageId: string;
      readonly group: string | null;
      readonly zone: string;
    },
    wasThereAtStart: boolean,
    atMs: number,
  ) {
    this.instanceId = of.instanceId;
    this.image = of.imageId;
    this.group = of.group;
    this.zone = of.zone;
    this.wasThereAtStart = wasThereAtStart;
    this.launchedAtMs = atMs;
  }

  get isUp(): boolean {
    return this.state === 'pending' || this.state === 'running';
  }

  /** Tasks that a kill would hurt: not STOPPED, and no daemon. */
  get tasksToLose(): TaskLine[] {
    return [...this.tasks].filter((task) => !task.daemon);
  }

  /** Replica tasks that run and that nobody told to stop. */
  get tasksToMove(): TaskLine[] {
    return [...this.tasks].filter(
      (task) => !task.daemon && task.serviceName !== undefined && task.leftAtMs === undefined,
    );
  }
}

export class TaskLine {
  readonly taskArn: string;
  readonly cluster: string;
  readonly group: string;
  readonly serviceName: string | undefined;
  readonly daemon: boolean;
  readonly replaces: string | undefined;
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly createdAtMs: number;
  /** It was created while we watched. */
  readonly metDuringRun: boolean;
  host: HostLine | undefined;
  placedAtMs: number | undefined;
  placedBesideStopping = false;
  lastStatus = 'PROVISIONING';
  healthy = false;
  startedAtMs: number | null = null;
  arrivedAtMs: number | undefined;
  leftAtMs: number | undefined;
  stoppedAtMs: number | undefined;
  cause: StopCause | undefined;
  /** End of its scale-in protection, and since when it has it without a gap; undefined when nobody protects it. */
  protection: { readonly untilMs: number; readonly sinceMs: number } | undefined;

  constructor(
    of: {
      readonly taskArn: string;
      readonly cluster: string;
      readonly group: string;
      readonly daemon: boolean;
      readonly replaces?: string;
      readonly cpu: number;
      readonly memoryMiB: number;
    },
    createdAtMs: number,
    metDuringRun: boolean,
  ) {
    this.taskArn = of.taskArn;
    this.cluster = of.cluster;
    this.group = of.group;
    this.serviceName = of.group.startsWith('service:') ? of.group.slice('service:'.length) : undefined;
    this.daemon = of.daemon;
    this.replaces = of.replaces;
    this.cpu = of.cpu;
    this.memoryMiB = of.memoryMiB;
    this.createdAtMs = createdAtMs;
    this.metDuringRun = metDuringRun;
  }

  isProtectedAt(atMs: number): boolean {
    return this.protection !== undefined && this.protection.untilMs > atMs;
  }

  get share(): Share {
    return {
      healthy: this.healthy,
      onDrainingHost: this.host?.drainedByUs === true || this.host?.endedByUs === true,
    };
  }
}
