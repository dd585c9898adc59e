/**
 * AWS Fargate under ECS: platform versions and their revisions, capacity, launch rate, Spot. Tasks have no host of the
 * cluster; each has an interface in a subnet of its own network configuration.
 * Sources: Amazon ECS developer guide, platform-fargate (a new task always gets the newest revision of its platform
 * version), fargate-capacity-providers (Spot), task-maintenance.
 */
import type { Parts } from '../parts.ts';
import type { ServiceRecord, TaskRecord } from '../records.ts';
import { LaunchRate } from './launch-rate.ts';
import { FargateRetirement } from './retirement.ts';

/** `fargateTaskRetirementWaitPeriod`'s default, days. Source: prepare-task-retirement. */
const DEFAULT_WAIT_DAYS = 7;
const DAY_MS = 86_400_000;

export const FARGATE_SPOT = 'FARGATE_SPOT';

export class Fargate {
  readonly retirement: FargateRetirement;
  readonly #parts: Parts;
  readonly #rates = new Map<string, LaunchRate>();
  /** Revision of the platform version that each task runs on; the newest is the last that was released. */
  readonly #revisions = new WeakMap<TaskRecord, number>();
  #newestRevision = 1;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.retirement = new FargateRetirement(parts);
  }

  /** A new task: newest revision, provider by the strategy, a subnet of its own network configuration. */
  place(task: TaskRecord): void {
    const { ec2, random } = this.#parts.world;
    this.#revisions.set(task, this.#newestRevision);
    if (task.service) task.capacityProviderName ??= this.#providerOf(task.service);
    const { awsvpcConfiguration } =
      task.service?.source.networkConfiguration ?? task.networkConfiguration ?? {};
    const subnets = awsvpcConfiguration?.subnets ?? [];
    if (subnets.length > 0) task.subnet = random.stream('ecs/fargate-subnets').pick(subnets);
    task.ownZone = task.subnet === undefined ? undefined : ec2.zoneOfSubnet(task.subnet);
  }

  /** A captured task, where its interface and its zone say. */
  adopt(task: TaskRecord): void {
    const details = (task.source.attachments ?? []).flatMap((attachment) => attachment.details ?? []);
    task.subnet = details.find(({ name }) => name === 'subnetId')?.value;
    if (task.lastStatus !== 'STOPPED') task.addressSubnet = task.subnet;
    task.ownZone =
      task.source.availabilityZone ??
      (task.subnet === undefined ? undefined : this.#parts.world.ec2.zoneOfSubnet(task.subnet));
  }

  /** Milliseconds until the launch rate lets it start. */
  launchDelayMs(task: TaskRecord): number {
    return this.#rate(task.capacityProviderName).take(this.#parts.world.clock.nowMs);
  }

  /** A launch right now would be refused. */
  isThrottled(capacityProvider: string | undefined): boolean {
    return this.#rate(capacityProvider).waitMs(this.#parts.world.clock.nowMs) > 0;
  }

  /** AWS releases a revision and retires the older ones, after the account's wait period. */
  releaseRevision(): void {
    this.#newestRevision++;
    const setting = this.#parts.capture.ecs.accountSettings.find(
      ({ name }) => name === 'fargateTaskRetirementWaitPeriod',
    );
    const waitDays = Number(setting?.value ?? DEFAULT_WAIT_DAYS);
    const startMs = this.#parts.world.clock.nowMs + waitDays * DAY_MS;
    for (const task of this.#parts.state.aliveTasks)
      if (task.fargate && this.revisionOf(task) < this.#newestRevision) this.retirement.retire(task, startMs);
  }

  /** 1 for captured ones: the first that is retired. */
  revisionOf(task: TaskRecord): number {
    return this.#revisions.get(task) ?? 1;
  }

  /**
   * Spot capacity is taken back: warning and stop signal at once, SIGKILL after stopTimeout.
   *
   * @throws when the task is none of FARGATE_SPOT
   */
  interrupt(task: TaskRecord): void {
    if (task.capacityProviderName !== FARGATE_SPOT) throw new Error(`${task.taskArn} is not on Fargate Spot`);
    this.#parts.stopper.stop(
      task,
      {
        because: 'host-terminated',
        actor: { kind: 'aws', name: 'fargate-spot' },
        text: 'Your Spot Task was interrupted.',
      },
      'SpotInterruption',
    );
  }

  /** FARGATE or FARGATE_SPOT by the service's strategy: the base first, then whoever is furthest behind its share. */
  #providerOf(service: ServiceRecord): string | undefined {
    const strategy = service.source.capacityProviderStrategy ?? [];
    const counts = new Map<string | undefined, number>();
    for (const { capacityProviderName: name } of service.alive) counts.set(name, (counts.get(name) ?? 0) + 1);
    const countOf = (name: string | undefined) => counts.get(name) ?? 0;
    const based = strategy.find(({ capacityProvider, base = 0 }) => base > countOf(capacityProvider));
    const [next] = strategy
      .filter(({ weight = 0 }) => weight > 0)
      .map(({ capacityProvider, base = 0, weight = 1 }) => ({
        capacityProvider,
        load: (countOf(capacityProvider) - base + 1) / weight,
      }))
      .sort((a, b) => a.load - b.load);
    return (based ?? next ?? strategy[0])?.capacityProvider;
  }

  #rate(capacityProvider: string | undefined): LaunchRate {
    const kind = capacityProvider === FARGATE_SPOT ? FARGATE_SPOT : 'FARGATE';
    const rate = this.#rates.get(kind) ?? new LaunchRate();
    this.#rates.set(kind, rate);
    return rate;
  }
}
