/**
 * An account on a stage: a test says line by line what happens, and the judge sees truth and lines as the embedded
 * account would show them. Nothing happens by itself.
 */
import type { JudgedEnding, JudgedRun, JudgedSettings } from '../../../rehearsal/checkers/checker.ts';
import { Judge, type Judgement } from '../../../rehearsal/checkers/judge.ts';
import type { Actor, Observation, StopCause } from '../../../simulator/observation.ts';
import type {
  ContainerInstanceTruth,
  GroupTruth,
  HostTruth,
  LaunchTemplateTruth,
  ServiceTruth,
  TaskTruth,
  Truth,
} from '../../../simulator/truth.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export const US: Actor = { kind: 'function', name: 'wrong' };
export const AWS: Actor = { kind: 'aws', name: 'service-scheduler' };
export const OLD = 'ami-00000000000000001';
export const NEW = 'ami-00000000000000002';

export const DEFAULT_SETTINGS: JudgedSettings = {
  maxTasksInMotionPercent: 25,
  canaryInstances: 1,
  bakeSeconds: 300,
  surgeInstances: (_group, outdated) => outdated,
  standaloneTasks: 'wait',
  protectedTasks: 'wait',
  onDrainTimeout: 'hold',
};

export interface HostOptions {
  readonly image?: string;
  readonly zone?: string;
  readonly group?: string | null;
  readonly cpu?: number;
  readonly memoryMiB?: number;
  readonly capacityProvider?: string;
}

export interface TaskOptions {
  readonly on: string;
  /** Service; a standalone task of family `job` when absent. */
  readonly of?: string;
  readonly daemon?: boolean;
  readonly replaces?: string;
  readonly lastStatus?: string;
  readonly healthy?: boolean;
  readonly cpu?: number;
  readonly memoryMiB?: number;
}

export class StagedAccount implements Truth {
  nowMs = Date.parse('2026-11-22T12:00:00Z');
  readonly startMs = this.nowMs;
  readonly #hosts = new Map<string, Writable<HostTruth>>();
  readonly #instances = new Map<string, Writable<ContainerInstanceTruth>>();
  readonly #tasks = new Map<string, Writable<TaskTruth>>();
  readonly #services = new Map<string, Writable<ServiceTruth>>();
  readonly #groups = new Map<string, Writable<GroupTruth>>();
  readonly #templates = new Map<string, Writable<LaunchTemplateTruth>>();
  #judge: Judge | undefined;

  hosts = () => [...this.#hosts.values()];
  host = (instanceId: string) => this.#hosts.get(instanceId);
  containerInstances = () => [...this.#instances.values()];
  containerInstanceOf = (instanceId: string) => this.#instances.get(instanceId);
  tasks = () => [...this.#tasks.values()].filter((task) => task.lastStatus !== 'STOPPED');
  task = (taskArn: string) => this.#tasks.get(taskArn);
  tasksOn = (instanceId: string) => this.tasks().filter((task) => task.instanceId === instanceId);
  services = () => [...this.#services.values()];
  groups = () => [...this.#groups.values()];
  launchTemplates = () => [...this.#templates.values()];

  /** The stage is set: from here on everything is watched. */
  watch(over: Partial<JudgedRun> & { readonly settings?: JudgedSettings } = {}): Judge {
    const outdated = this.hosts().filter((host) => host.imageId === OLD);
    const run: JudgedRun = {
      truth: this,
      startedAtMs: this.startMs,
      cluster: 'prod',
      clusters: new Set(['prod']),
      groups: new Set(['web']),
      handsOff: new Set(),
      targetImages: new Set([NEW]),
      outdated: new Set(outdated.map((host) => host.instanceId)),
      overridesWindow: () => false,
      redeployable: new Set(),
      scheduledActions: [],
      settings: DEFAULT_SETTINGS,
      isOpen: () => true,
      graceMs: 0,
      tickMs: 60_000,
      ...over,
    };
    this.#judge = new Judge(run);
    return this.#judge;
  }

  end(over: Partial<JudgedEnding> = {}): Judgement {
    const ending = { outcome: 'SUCCEEDED', stillRunning: false, mode: 'roll', ...over };
    return (this.#judge as Judge).end(ending, this.nowMs);
  }

  /** Invariants told so far, each once. */
  get told(): string[] {
    return [...new Set((this.#judge as Judge).violations.map((violation) => violation.invariant))];
  }

  wait(seconds: number): void {
    this.nowMs += seconds * 1000;
  }

  tell(observation: Observation): void {
    this.#judge?.observe(observation, this.nowMs);
  }

  group(name: string, over: Partial<GroupTruth> = {}, by: Actor = US): void {
    const known = this.#groups.get(name);
    const group: Writable<GroupTruth> = {
      group: name,
      minSize: 2,
      maxSize: 10,
      desiredCapacity: 2,
      suspendedProcesses: [],
      newInstancesProtectedFromScaleIn: false,
      launchSource: `{"LaunchTemplateId":"lt-${name}","Version":"1"}`,
      launchImages: [OLD],
      warmPool: null,
      tags: {},
      instanceIds: [],
      ...known,
      ...over,
    };
    this.#groups.set(name, group);
    const { minSize, maxSize, desiredCapacity } = group;
    this.tell({ kind: 'group', group: name, minSize, maxSize, desiredCapacity, actor: by });
  }

  template(launchTemplateId: string, defaultVersion: number): void {
    this.#templates.set(launchTemplateId, { launchTemplateId, defaultVersion, latestVersion: 9 });
  }

  service(serviceName: string, desired: number, min = 100, max = 200): void {
    this.#services.set(serviceName, {
      serviceName,
      serviceArn: `arn:aws:ecs:eu-west-1:111122223333:service/prod/${serviceName}`,
      cluster: 'prod',
      schedulingStrategy: 'REPLICA',
      desired,
      healthy: 0,
      minimumHealthyPercent: min,
      maximumPercent: max,
      taskDefinitionArn: `arn:aws:ecs:eu-west-1:111122223333:task-definition/${serviceName}:1`,
      deploying: false,
    });
    const healthy = this.tasks().filter((task) => task.serviceName === serviceName && task.healthy).length;
    this.tell({ kind: 'service', serviceName, cluster: 'prod', desired, healthy });
  }

  changeService(serviceName: string, over: Partial<ServiceTruth>): void {
    Object.assign(this.#services.get(serviceName) ?? {}, over);
  }

  /** A host that runs and has joined; `boot` brings one up step by step. */
  addHost(instanceId: string, options: HostOptions = {}): void {
    this.launch(instanceId, options);
    this.hostState(instanceId, 'running');
    this.status(instanceId, 'ACTIVE');
  }

  launch(
    instanceId: string,
    { image = OLD, zone = 'eu-west-1a', group = 'web', capacityProvider, ...size }: HostOptions = {},
  ): void {
    this.#hosts.set(instanceId, {
      instanceId,
      imageId: image,
      instanceType: 'm5.large',
      group,
      zone,
      state: 'pending',
      launchTimeMs: this.nowMs,
      lifecycleState: group === null ? null : 'InService',
      protectedFromScaleIn: false,
      containerInstanceArn: null,
    });
    if (capacityProvider !== undefined) this.#providers.set(instanceId, capacityProvider);
    this.#sizes.set(instanceId, { cpu: size.cpu ?? 2048, memoryMiB: size.memoryMiB ?? 8192 });
    this.hostState(instanceId, 'pending');
  }

  readonly #providers = new Map<string, string>();
  readonly #sizes = new Map<string, { readonly cpu: number; readonly memoryMiB: number }>();

  hostState(instanceId: string, state: HostTruth['state'], by?: Actor): void {
    const host = this.#host(instanceId);
    host.state = state;
    const { imageId: image, group, zone } = host;
    this.tell({ kind: 'host', instanceId, image, group, zone, state, ...(by && { actor: by }) });
  }

  changeHost(instanceId: string, over: Partial<HostTruth>): void {
    Object.assign(this.#host(instanceId), over);
  }

  protectHost(instanceId: string): void {
    const host = this.#hosts.get(instanceId);
    if (host) host.protectedFromScaleIn = true;
  }

  status(instanceId: string, status: string, by?: Actor): void {
    const containerInstanceArn = arnOf(instanceId);
    const size = this.#sizes.get(instanceId) ?? { cpu: 0, memoryMiB: 0 };
    this.#instances.set(instanceId, {
      containerInstanceArn,
      instanceId,
      cluster: 'prod',
      status,
      agentConnected: true,
      registeredAtMs: this.nowMs,
      capacityProviderName: this.#providers.get(instanceId),
      attributes: {},
      tags: this.#instances.get(instanceId)?.tags ?? [],
      reallyFree: size,
      registered: size,
    });
    const line = { instanceId, containerInstanceArn, cluster: 'prod', status, agentConnected: true };
    this.tell({ kind: 'container-instance', ...line, ...(by && { actor: by }) });
  }

  loseAgent(instanceId: string): void {
    const containerInstanceArn = arnOf(instanceId);
    const line = { instanceId, containerInstanceArn, cluster: 'prod', status: 'ACTIVE' };
    this.tell({ kind: 'container-instance', ...line, agentConnected: false });
  }

  /** As it stands after a call; the call itself is said with `call`. */
  tagHost(instanceId: string, tags: ContainerInstanceTruth['tags']): void {
    const host = this.#instances.get(instanceId);
    if (host) host.tags = tags;
  }

  drain(instanceId: string, by: Actor = US): void {
    this.status(instanceId, 'DRAINING', by);
  }

  /** A task that runs and is healthy; `startTask` and `change` bring one up step by step. */
  addTask(taskArn: string, options: TaskOptions): void {
    this.startTask(taskArn, options);
    this.change(taskArn, { lastStatus: options.lastStatus ?? 'RUNNING', healthy: options.healthy ?? true });
  }

  startTask(
    taskArn: string,
    { on, of, daemon = false, replaces, cpu = 256, memoryMiB = 512 }: TaskOptions,
  ): void {
    this.#tasks.set(taskArn, {
      taskArn,
      group: of === undefined ? 'family:job' : `service:${of}`,
      cluster: 'prod',
      serviceName: of ?? null,
      daemon,
      instanceId: on,
      lastStatus: 'PENDING',
      desiredStatus: 'RUNNING',
      healthy: false,
      createdAtMs: this.nowMs,
      runningAtMs: null,
      stoppedAtMs: null,
      protectedUntilMs: null,
      taskDefinitionArn: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/any:1',
      cause: null,
      replaces: replaces ?? null,
      cpu,
      memoryMiB,
      targetsDeregistering: 0,
    });
    this.change(taskArn, {});
  }

  change(taskArn: string, over: Partial<TaskTruth>): void {
    const task = this.#tasks.get(taskArn);
    if (!task) throw new Error(`no task ${taskArn} on the stage`);
    Object.assign(task, over);
    if (task.lastStatus === 'RUNNING') task.runningAtMs ??= this.nowMs;
    const { group, cluster, instanceId, lastStatus, desiredStatus, healthy, daemon, cause, replaces } = task;
    this.tell({
      kind: 'task',
      taskArn,
      group,
      cluster,
      instanceId,
      lastStatus,
      desiredStatus,
      healthy,
      daemon,
      ...(cause && { cause }),
      ...(replaces !== null && { replaces }),
    });
  }

  protect(taskArn: string, forSeconds: number): void {
    this.change(taskArn, { protectedUntilMs: this.nowMs + forSeconds * 1000 });
  }

  /** Told to stop: its place is empty, its containers are not gone yet. */
  stop(taskArn: string, because: StopCause['because'] = 'drain', actor: Actor = US): void {
    const instanceId = this.#tasks.get(taskArn)?.instanceId ?? '';
    const cause = { because, actor, instanceId, text: 'said on the stage' };
    this.change(taskArn, { lastStatus: 'STOPPING', desiredStatus: 'STOPPED', healthy: false, cause });
  }

  gone(taskArn: string): void {
    this.change(taskArn, { lastStatus: 'STOPPED', desiredStatus: 'STOPPED', healthy: false });
  }

  /** The task dies by itself. */
  die(taskArn: string): void {
    const cause = {
      because: 'exit',
      actor: { kind: 'aws', name: 'agent' },
      exitCode: 1,
      text: 'exit 1',
    } as const;
    this.change(taskArn, { lastStatus: 'STOPPED', desiredStatus: 'STOPPED', healthy: false, cause });
  }

  /** A start-first move: the replacement comes, is healthy, then the old task goes. */
  move(taskArn: string, to: string, replacement: string): void {
    const { serviceName } = this.#tasks.get(taskArn) ?? {};
    this.addTask(replacement, { on: to, of: serviceName ?? '', replaces: taskArn });
    this.stop(taskArn);
    this.gone(taskArn);
  }

  call(
    operation: string,
    input: unknown = {},
    options: { answer?: string; output?: unknown; by?: string } = {},
  ): void {
    const { answer = 'ok', output, by = 'wrong' } = options;
    this.tell({ kind: 'call', function: by, operation, answer, input, output });
  }

  #host(instanceId: string): Writable<HostTruth> {
    const host = this.#hosts.get(instanceId);
    if (!host) throw new Error(`no host ${instanceId} on the stage`);
    return host;
  }
}

export function arnOf(instanceId: string): string {
  return `arn:aws:ecs:eu-west-1:111122223333:container-instance/prod/${instanceId}`;
}
