/**
 * The step while it is being decided: acts collected so far, and memory as it will be written. Rules read memory from
 * here, so that what an earlier rule noted in this very look counts for the later ones.
 */
import type { Facts } from './facts.ts';
import type { GroupMemory, HostMemory, RunMemory, ServiceMemory } from './memory.ts';
import type { NotificationKind } from './notification-kinds.ts';
import type { Ending } from './outcome.ts';
import type { Hold, HostAction, QuiesceAction, RegisterAction, Step, TerminateAction } from './step.ts';

export type RunNotes = Partial<Omit<RunMemory, 'groups' | 'hosts' | 'services'>>;

/** A patch: `undefined` takes the field away. */
export type Patch<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** Some 35 bytes each, in an item that may have 400 KB (Amazon DynamoDB developer guide, "Quotas"). */
const TOLD_MAX = 5000;

export class Draft {
  readonly register: RegisterAction[] = [];
  readonly activate: HostAction[] = [];
  readonly drain: HostAction[] = [];
  readonly terminate: TerminateAction[] = [];
  readonly stopTasks: { readonly taskArn: string; readonly reason: string }[] = [];
  readonly deregister: HostAction[] = [];
  readonly quiesce: QuiesceAction[] = [];
  readonly endQuiesce: Omit<QuiesceAction, 'untilMs'>[] = [];
  readonly holds = new Map<string, Hold>();
  readonly notify: Step['notify'][number][] = [];
  /** Waits with a known end, epoch milliseconds: they are no stall, and the next look need not come before the first. */
  readonly waits: { readonly untilMs: number; readonly what: string }[] = [];
  phase: Step['phase'] | undefined;
  reason: string | undefined;
  end: Ending | undefined;
  restore = false;
  pinBack = false;

  readonly #memory: RunMemory;
  readonly #hosts: Map<string, HostMemory>;
  readonly #groups: Map<string, GroupMemory>;
  readonly #services: Map<string, ServiceMemory>;
  readonly #changedHosts = new Set<string>();
  readonly #changedGroups = new Set<string>();
  readonly #changedServices = new Set<string>();
  #run: RunNotes = {};

  constructor(facts: Facts) {
    this.#memory = facts.memory;
    this.#hosts = new Map(facts.memory.hosts.map((host) => [host.instanceId, host]));
    this.#groups = new Map(facts.memory.groups.map((group) => [group.autoScalingGroupName, group]));
    this.#services = new Map(facts.memory.services.map((service) => [service.serviceName, service]));
  }

  get run(): Omit<RunMemory, 'groups' | 'hosts' | 'services'> {
    return { ...this.#memory, ...this.#run };
  }

  host(instanceId: string): HostMemory | undefined {
    return this.#hosts.get(instanceId);
  }

  group(name: string): GroupMemory | undefined {
    return this.#groups.get(name);
  }

  service(name: string): ServiceMemory | undefined {
    return this.#services.get(name);
  }

  noteRun(notes: RunNotes): void {
    this.#run = { ...this.#run, ...notes };
  }

  noteHost(instanceId: string, base: HostMemory, patch: Patch<HostMemory>): HostMemory {
    const next = patched(this.#hosts.get(instanceId) ?? base, patch);
    this.#hosts.set(instanceId, next);
    this.#changedHosts.add(instanceId);
    return next;
  }

  /** Memory of a group that the ledger does not know yet; written only once something of it changes. */
  seedGroup(memory: GroupMemory): void {
    this.#groups.set(memory.autoScalingGroupName, memory);
  }

  noteGroup(name: string, patch: Patch<GroupMemory>): void {
    const before = this.#groups.get(name);
    if (before === undefined) return;
    this.#groups.set(name, patched(before, patch));
    this.#changedGroups.add(name);
  }

  noteService(name: string, base: ServiceMemory, patch: Patch<ServiceMemory>): void {
    this.#services.set(name, patched(this.#services.get(name) ?? base, patch));
    this.#changedServices.add(name);
  }

  hold(hold: Hold): void {
    if (!this.holds.has(hold.instanceId)) this.holds.set(hold.instanceId, hold);
  }

  /** Tells people once: the ledger remembers what was told. */
  tell(
    kind: NotificationKind,
    message: string,
    instanceId?: string,
    detail?: Readonly<Record<string, unknown>>,
  ): void {
    const key = instanceId === undefined ? kind : `${kind} ${instanceId}`;
    const told = this.run.told ?? [];
    if (told.includes(key)) return;
    this.noteRun({ told: [...told, key].slice(-TOLD_MAX) });
    this.notify.push({
      kind,
      message,
      ...(instanceId !== undefined && { instanceId }),
      ...(detail !== undefined && { detail }),
    });
  }

  remembered(): Step['remember'] {
    const pick = <T>(names: ReadonlySet<string>, from: ReadonlyMap<string, T>) =>
      [...names].sort().flatMap((name) => from.get(name) ?? []);
    return {
      ...(Object.keys(this.#run).length > 0 && { run: this.#run }),
      groups: pick(this.#changedGroups, this.#groups),
      hosts: pick(this.#changedHosts, this.#hosts),
      services: pick(this.#changedServices, this.#services),
    };
  }
}

/** `undefined` takes a field away. */
export function patched<T extends object>(before: T, patch: Patch<T>): T {
  const next = { ...before, ...patch };
  return Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined)) as T;
}
