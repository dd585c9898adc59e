/**
 * How many tasks of a service are in motion because of us, and how many are healthy: counters that follow each task.
 *
 * In motion (design.md §7.6, decisions.md rule 7) = its tasks on hosts that we drain which nobody told to stop yet, and
 * those gone because of us without a healthy replacement yet. A replacement that is healthy before the old task stops
 * (start-first) ends the motion: so the count is never more than what is missing elsewhere of `desired`.
 */
import type { StopCause } from '../../simulator/observation.ts';

/** A task that went and whose place nobody healthy has taken yet. */
export interface Vacancy {
  readonly taskArn: string;
  readonly zone: string;
  /** Gone because of us. */
  readonly ours: boolean;
  readonly cause: StopCause | undefined;
  readonly sinceMs: number;
}

/** What one live task adds to its service's counters. */
export interface Share {
  readonly healthy: boolean;
  readonly onDrainingHost: boolean;
}

export class ServiceMotion {
  readonly serviceName: string;
  readonly cluster: string;
  desired: number;
  /** As it was first seen. */
  readonly desiredFirst: number;
  /** Highest so far. */
  desiredMost: number;
  /** Most tasks of it that a host carried when we drained it. */
  carriedMost = 0;
  minimumHealthyPercent: number;
  maximumPercent: number;
  /** Tasks that should run, in whatever state. */
  live = 0;
  /** Of those, healthy ones. */
  healthy = 0;
  /** Of those, on hosts that we do not drain. */
  #healthyElsewhere = 0;
  /** Tasks that should run, on hosts that we drain. */
  onDrainingHosts = 0;
  #vacancies: Vacancy[] = [];

  constructor(of: {
    readonly serviceName: string;
    readonly cluster: string;
    readonly desired: number;
    readonly minimumHealthyPercent: number;
    readonly maximumPercent: number;
  }) {
    this.serviceName = of.serviceName;
    this.cluster = of.cluster;
    this.desired = of.desired;
    this.desiredFirst = of.desired;
    this.desiredMost = of.desired;
    this.minimumHealthyPercent = of.minimumHealthyPercent;
    this.maximumPercent = of.maximumPercent;
  }

  /** Lower limit of healthy tasks. Source: Amazon ECS developer guide, deployment-type-ecs (rounded up). */
  get allowedMinimum(): number {
    return Math.ceil((this.desired * this.minimumHealthyPercent) / 100);
  }

  /** The scheduler can start a replacement before it stops the old task (rounded down, same source). */
  get startsFirst(): boolean {
    return Math.floor((this.desired * this.maximumPercent) / 100) > this.desired;
  }

  /** decisions.md rule 6. */
  get mayStopFirst(): boolean {
    return this.allowedMinimum < this.desired;
  }

  /** Tasks on hosts that we drain whose replacement has no place yet. */
  get unplaced(): number {
    const elsewhere = this.live - this.onDrainingHosts;
    return Math.max(0, Math.min(this.onDrainingHosts, this.desired - elsewhere));
  }

  get vacancies(): readonly Vacancy[] {
    return this.#vacancies;
  }

  get goneBecauseOfUs(): number {
    return this.#vacancies.filter((vacancy) => vacancy.ours).length;
  }

  get inMotion(): number {
    const missingElsewhere = Math.max(0, this.desired - this.#healthyElsewhere);
    return Math.min(missingElsewhere, this.onDrainingHosts + this.goneBecauseOfUs);
  }

  add(share: Share): void {
    this.#count(share, 1);
  }

  remove(share: Share): void {
    this.#count(share, -1);
  }

  /** A task goes. Call after its share is removed. */
  leave(vacancy: Vacancy): void {
    this.#vacancies.push(vacancy);
    this.#forgetFilled();
  }

  /** A task became healthy for the first time. Call after its share is added. */
  arrive(replaces: string | undefined): void {
    const exact = this.#vacancies.findIndex((vacancy) => vacancy.taskArn === replaces);
    if (exact >= 0) this.#vacancies.splice(exact, 1);
    else if (replaces === undefined) this.#vacancies.shift();
    this.#forgetFilled();
  }

  setDesired(desired: number): void {
    this.desired = desired;
    this.desiredMost = Math.max(this.desiredMost, desired);
    this.#forgetFilled();
  }

  #count(share: Share, by: 1 | -1): void {
    this.live += by;
    if (share.healthy) this.healthy += by;
    if (share.healthy && !share.onDrainingHost) this.#healthyElsewhere += by;
    if (share.onDrainingHost) this.onDrainingHosts += by;
  }

  /** No more places are empty than healthy tasks are missing; the youngest was filled before it fell empty. */
  #forgetFilled(): void {
    const missing = Math.max(0, this.desired - this.healthy);
    if (this.#vacancies.length > missing) this.#vacancies.length = missing;
  }
}
