/**
 * A pure little world to run `decide` to its end without the account: one group, its hosts, a scheduler that keeps to
 * ceil and floor, five seconds a turn. It is no AWS (the account of `simulator/` is): it only answers steps.
 */
import type { Facts, HostFacts, ServiceFacts, TaskFacts } from '../../functions/core/facts.ts';
import type { RunMemory } from '../../functions/core/memory.ts';
import type { Plan } from '../../functions/core/plan.ts';
import type { Step } from '../../functions/core/step.ts';
import {
  defaultGroup,
  defaultPlan,
  definition,
  host as hostFacts,
  service as serviceFacts,
} from './facts.ts';
import { firstMemory } from './model-memory.ts';
import type { ModelOptions, ModelService } from './model-options.ts';

interface WorldHost {
  readonly id: string;
  readonly image: string;
  readonly zone: string;
  readonly launchedAt: number;
  readonly joinsAt: number;
  status: 'ACTIVE' | 'DRAINING';
  lifecycle: 'Pending' | 'InService' | 'Terminating';
  endedAt?: number;
}

interface WorldTask {
  readonly arn: string;
  readonly service: string | undefined;
  readonly daemon: boolean;
  readonly host: string;
  readonly createdAt: number;
  runningAt: number;
  stoppingAt?: number;
  readonly endsAt?: number;
}

const OLD = 'ami-old';
const NEW = 'ami-new';
const START_SECONDS = 20;
const HEALTHY_SECONDS = 40;

export class ModelWorld {
  now = 0;
  readonly hosts: WorldHost[] = [];
  readonly tasks: WorldTask[] = [];
  readonly options: ModelOptions;
  readonly zones: readonly string[];
  minSize: number;
  maxSize: number;
  desired: number;
  memory: RunMemory;
  readonly plan: Plan;
  moves = 0;
  kills = 0;
  violations: string[] = [];
  launches = 0;
  peakShare = new Map<string, number>();
  #serial = 0;

  constructor(options: ModelOptions) {
    this.options = options;
    this.zones = options.zones ?? ['a', 'b', 'c'];
    for (let n = 0; n < options.hosts; n += 1)
      this.#launch(OLD, -86_400, this.zones[n % this.zones.length] ?? 'a');
    for (const host of this.hosts) host.lifecycle = 'InService';
    this.minSize = this.desired = options.hosts;
    this.maxSize = options.maxSize ?? options.hosts;
    // What fits on few hosts first, so that a world that can hold its tasks does.
    const rank = (item: ModelService) => Number(item.daemon !== true) - Number((item.ports ?? []).length > 0);
    for (const item of [...options.services].sort((a, b) => rank(a) - rank(b))) this.#seed(item);
    for (const job of options.standalone ?? []) {
      const on = this.hosts[job.host]?.id ?? '';
      this.tasks.push({
        arn: this.#next('job'),
        service: undefined,
        daemon: false,
        host: on,
        createdAt: -100,
        runningAt: -90,
        endsAt: job.endsAtSeconds,
      });
    }
    this.plan = defaultPlan({
      surge: options.surge ?? options.hosts,
      outdated: this.hosts.map((item) => item.id),
      target: NEW,
    });
    this.memory = firstMemory(options, this, NEW);
  }

  /** What AWS would say now, and what the ledger remembers. */
  facts(): Facts {
    const nowMs = this.now * 1000;
    return {
      observedAtMs: nowMs,
      clusterArn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/prod',
      clusterName: 'prod',
      clusterTags: {},
      defaultCapacityProviders: [],
      groups: [
        {
          ...defaultGroup(NEW),
          zones: this.zones,
          minSize: this.minSize,
          maxSize: this.maxSize,
          desiredCapacity: this.desired,
        },
      ],
      hosts: this.hosts
        .filter((item) => item.endedAt === undefined || this.now - item.endedAt < 300)
        .map((item) => this.#host(item)),
      services: this.options.services.map((item) => this.#service(item)),
      tasks: this.tasks.map((task) => this.#task(task)),
      taskDefinitions: this.options.services.map((item) =>
        definition(item.name, {
          cpu: item.cpu ?? 100,
          memoryMiB: item.memoryMiB ?? 200,
          ports: item.ports ?? [],
        }),
      ),
      alarms: [],
      subnetZones: {},
      freeAddresses: {},
      memory: this.memory,
    };
  }

  /** The ledger first, then the acts, as the state machine does. */
  apply(step: Step): void {
    const { run, hosts, groups, services } = step.remember;
    const merge = <T>(old: readonly T[], changed: readonly T[], key: (item: T) => string) => {
      const all = new Map(old.map((item) => [key(item), item]));
      for (const item of changed) all.set(key(item), item);
      return [...all.values()];
    };
    this.memory = JSON.parse(
      JSON.stringify({
        ...this.memory,
        ...run,
        hosts: merge(this.memory.hosts, hosts, (item) => item.instanceId),
        groups: merge(this.memory.groups, groups, (item) => item.autoScalingGroupName),
        services: merge(this.memory.services, services, (item) => item.serviceName),
      }),
    );
    for (const act of step.register) {
      if (act.desiredCapacity < this.#members().length)
        this.violations.push(`sizes below what stands at ${this.now}`);
      [this.minSize, this.maxSize, this.desired] = [act.minSize, act.maxSize, act.desiredCapacity];
    }
    for (const act of step.activate) this.#find(act.instanceId).status = 'ACTIVE';
    for (const act of step.drain) this.#find(act.instanceId).status = 'DRAINING';
    for (const act of step.terminate) this.#terminate(act.instanceId, act.decrement, act.minSizeBefore);
  }

  /** Five seconds pass. */
  turn(): void {
    this.now += 5;
    for (const item of this.hosts) {
      if (item.lifecycle === 'Pending' && this.now >= item.launchedAt + 30) item.lifecycle = 'InService';
      if (item.lifecycle === 'Terminating' && item.endedAt === undefined) item.endedAt = this.now + 30;
    }
    while (this.#members().length < this.desired) {
      const zone = [...this.zones].sort((a, b) => this.#inZone(a) - this.#inZone(b))[0] ?? 'a';
      this.#launch(NEW, this.now, zone);
    }
    this.#endTasks();
    for (const item of this.options.services) this.#schedule(item);
    this.#watch();
  }

  #members = () => this.hosts.filter((item) => item.lifecycle !== 'Terminating');
  #inZone = (zone: string) => this.#members().filter((item) => item.zone === zone).length;
  #find(id: string): WorldHost {
    const found = this.hosts.find((item) => item.id === id);
    if (found === undefined) throw new Error(`no host ${id}`);
    return found;
  }
  #next(prefix: string): string {
    this.#serial += 1;
    return `${prefix}-${String(this.#serial).padStart(5, '0')}`;
  }

  #launch(image: string, at: number, zone: string): void {
    if (image === NEW) this.launches += 1;
    const seconds = image === NEW ? (this.options.registerSeconds?.(this.launches) ?? 60) : 0;
    this.hosts.push({
      id: this.#next('i'),
      image,
      zone,
      launchedAt: at,
      joinsAt: at + seconds,
      status: 'ACTIVE',
      lifecycle: 'Pending',
    });
  }

  #terminate(id: string, decrement: boolean, minSizeBefore: number | undefined): void {
    const item = this.#find(id);
    const left = this.tasks.filter((task) => task.host === id && !task.daemon);
    if (left.length > 0) this.violations.push(`terminated ${id} with ${left.length} tasks at ${this.now}`);
    this.kills += left.length;
    if (minSizeBefore !== undefined) this.minSize = minSizeBefore;
    if (decrement) {
      this.desired -= 1;
      if (this.desired < this.minSize) this.violations.push(`decrement under min at ${this.now}`);
    }
    item.lifecycle = 'Terminating';
    this.tasks.splice(0, this.tasks.length, ...this.tasks.filter((task) => task.host !== id));
  }

  #seed(item: ModelService): void {
    const count = item.daemon === true ? this.hosts.length : item.desired;
    for (let n = 0; n < count; n += 1) {
      const on = item.daemon === true ? this.hosts[n] : this.#choose(item, this.hosts);
      if (on === undefined) throw new Error(`no room for ${item.name}`);
      this.tasks.push({
        arn: this.#next(item.name),
        service: item.name,
        daemon: item.daemon === true,
        host: on.id,
        createdAt: -1000,
        runningAt: -900,
      });
    }
  }

  #free(host: WorldHost): { cpu: number; memoryMiB: number; ports: string[] } {
    const free = {
      cpu: this.options.cpu ?? 2048,
      memoryMiB: this.options.memoryMiB ?? 4096,
      ports: [] as string[],
    };
    for (const task of this.tasks) {
      if (task.host !== host.id || task.stoppingAt !== undefined) continue;
      const item = this.options.services.find((other) => other.name === task.service);
      free.cpu -= item?.cpu ?? 100;
      free.memoryMiB -= item?.memoryMiB ?? 200;
      free.ports.push(...(item?.ports ?? []));
    }
    return free;
  }

  #choose(item: ModelService, hosts: readonly WorldHost[]): WorldHost | undefined {
    const fitting = hosts.filter((host) => {
      const free = this.#free(host);
      const fits = free.cpu >= (item.cpu ?? 100) && free.memoryMiB >= (item.memoryMiB ?? 200);
      return fits && !(item.ports ?? []).some((port) => free.ports.includes(port));
    });
    const own = (host: WorldHost) =>
      this.tasks.filter(
        (task) => task.host === host.id && task.service === item.name && task.stoppingAt === undefined,
      ).length;
    const inZone = (zone: string) =>
      this.tasks.filter(
        (task) =>
          task.service === item.name && task.stoppingAt === undefined && this.#find(task.host).zone === zone,
      ).length;
    const score = (host: WorldHost) =>
      this.options.pack === 'binpack' ? this.#free(host).memoryMiB : inZone(host.zone) * 1000 + own(host);
    return fitting.sort((a, b) => score(a) - score(b))[0];
  }

  #active(): WorldHost[] {
    return this.hosts.filter(
      (item) => item.lifecycle === 'InService' && item.status === 'ACTIVE' && this.now >= item.joinsAt,
    );
  }

  #schedule(item: ModelService): void {
    if (item.daemon === true) {
      for (const host of this.#active()) {
        if (
          this.tasks.some(
            (task) => task.host === host.id && task.service === item.name && task.stoppingAt === undefined,
          )
        )
          continue;
        this.#start(item, host);
      }
      for (const task of this.tasks) {
        const busy = this.tasks.some((other) => other.host === task.host && !other.daemon);
        if (task.service === item.name && this.#find(task.host).status === 'DRAINING' && !busy)
          task.stoppingAt ??= this.now;
      }
      return;
    }
    const ceiling = Math.floor((item.desired * (item.max ?? 200)) / 100);
    const floor = Math.ceil((item.desired * (item.min ?? 100)) / 100);
    const mine = this.tasks.filter((task) => task.service === item.name && task.stoppingAt === undefined);
    const leaving = mine.filter((task) => this.#find(task.host).status === 'DRAINING');
    let staying = mine.length - leaving.length;
    let total = mine.length;
    while (staying < item.desired && total < ceiling) {
      const on = this.#choose(item, this.#active());
      if (on === undefined) break;
      this.#start(item, on);
      this.moves += 1;
      staying += 1;
      total += 1;
    }
    let healthy = mine.filter((task) => this.#healthy(task)).length;
    for (const task of leaving) {
      const counts = this.#healthy(task);
      if (counts && healthy - 1 < floor) continue;
      task.stoppingAt = this.now;
      if (counts) healthy -= 1;
    }
  }

  #start(item: ModelService, on: WorldHost): void {
    this.tasks.push({
      arn: this.#next(item.name),
      service: item.name,
      daemon: item.daemon === true,
      host: on.id,
      createdAt: this.now,
      runningAt: this.now + START_SECONDS,
    });
  }

  #healthy = (task: WorldTask) =>
    task.stoppingAt === undefined && this.now >= task.runningAt + (task.createdAt < 0 ? 0 : HEALTHY_SECONDS);

  #endTasks(): void {
    const stays = this.tasks.filter((task) => {
      if (task.endsAt !== undefined) return this.now < task.endsAt;
      const item = this.options.services.find((other) => other.name === task.service);
      return task.stoppingAt === undefined || this.now < task.stoppingAt + (item?.stopSeconds ?? 30);
    });
    this.tasks.splice(0, this.tasks.length, ...stays);
  }

  /** I2 and I13, watched at every turn. */
  #watch(): void {
    for (const item of this.options.services) {
      if (item.daemon === true) continue;
      const mine = this.tasks.filter((task) => task.service === item.name && task.stoppingAt === undefined);
      const healthy = mine.filter((task) => this.#healthy(task)).length;
      if (healthy < Math.ceil((item.desired * (item.min ?? 100)) / 100)) {
        this.violations.push(`${item.name} has ${healthy} healthy at ${this.now}`);
      }
      const elsewhere = mine.filter(
        (task) => this.#healthy(task) && this.#find(task.host).status !== 'DRAINING',
      ).length;
      const share = (item.desired - elsewhere) / item.desired;
      this.peakShare.set(item.name, Math.max(this.peakShare.get(item.name) ?? 0, share));
    }
  }

  #host(item: WorldHost): HostFacts {
    const free = this.#free(item);
    const joined = this.now >= item.joinsAt && item.endedAt === undefined;
    return hostFacts(item.id, {
      imageId: item.image,
      zone: item.zone,
      ec2State:
        item.endedAt === undefined ? 'running' : this.now >= item.endedAt ? 'terminated' : 'shutting-down',
      launchTimeMs: item.launchedAt * 1000,
      lifecycleState: item.lifecycle,
      joined,
      status: item.status,
      free,
      registered: { cpu: this.options.cpu ?? 2048, memoryMiB: this.options.memoryMiB ?? 4096 },
    });
  }

  #service(item: ModelService): ServiceFacts {
    return serviceFacts(item.name, {
      schedulingStrategy: item.daemon === true ? 'DAEMON' : 'REPLICA',
      desiredCount: item.desired,
      minimumHealthyPercent: item.min ?? 100,
      maximumPercent: item.max ?? 200,
    });
  }

  #task(task: WorldTask): TaskFacts {
    const running = this.now >= task.runningAt;
    return {
      taskArn: task.arn,
      taskDefinitionArn: task.service ?? 'job',
      taskClass: task.service === undefined ? 'standalone' : task.daemon ? 'daemon' : 'replica',
      ...(task.service !== undefined && { serviceName: task.service }),
      instanceId: task.host,
      lastStatus: task.stoppingAt !== undefined ? 'STOPPING' : running ? 'RUNNING' : 'PENDING',
      desiredStatus: task.stoppingAt === undefined ? 'RUNNING' : 'STOPPED',
      healthStatus: 'UNKNOWN',
      createdAtMs: task.createdAt * 1000,
      targetsDeregistering: 0,
      healthy: this.#healthy(task),
      ...(task.stoppingAt !== undefined && { stoppingAtMs: task.stoppingAt * 1000 }),
    };
  }
}
