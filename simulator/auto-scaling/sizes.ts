/** Minimum, maximum and desired capacity: how AWS lets them change, and in which words it refuses. */
import { awsError } from '../kernel/aws-error.ts';
import type { Actor } from '../observation.ts';
import type { World } from '../world.ts';
import type { Activities } from './activities.ts';
import { type Group, stamp } from './group.ts';
import type { GroupStore } from './group-store.ts';

export interface SizeChange {
  readonly MinSize?: number | undefined;
  readonly MaxSize?: number | undefined;
  readonly DesiredCapacity?: number | undefined;
}

export class Sizes {
  readonly #world: World;
  readonly #store: GroupStore;
  readonly #activities: Activities;
  readonly #wake: (group: Group) => void;

  constructor(world: World, store: GroupStore, activities: Activities, wake: (group: Group) => void) {
    this.#world = world;
    this.#store = store;
    this.#activities = activities;
    this.#wake = wake;
  }

  /**
   * UpdateAutoScalingGroup's arithmetic: a desired capacity that is not given follows the bounds, a given one must fit.
   *
   * @throws `ValidationError`
   */
  update(group: Group, change: SizeChange, actor: Actor): void {
    this.#apply(group, fitted(group, change), actor, 'a user request update');
  }

  /** @throws `ValidationError` as UpdateAutoScalingGroup would, before anything is changed */
  check(group: Group, change: SizeChange): void {
    fitted(group, change);
  }

  /** @throws `ValidationError` when it is not between minimum and maximum */
  setDesired(group: Group, desired: number, actor: Actor): void {
    const { minSize, maxSize } = group;
    if (desired > maxSize) {
      throw awsError(
        'ValidationError',
        `New SetDesiredCapacity value ${desired} is above max value ${maxSize} for the AutoScalingGroup.`,
      );
    }
    if (desired < minSize) {
      throw awsError(
        'ValidationError',
        `New SetDesiredCapacity value ${desired} is below min value ${minSize} for the AutoScalingGroup.`,
      );
    }
    this.explicit(group, desired, actor, 'a user request explicitly set group desired capacity');
  }

  /** A desired capacity that is known to fit, with who says so in the next activity's cause. */
  explicit(group: Group, desired: number, actor: Actor, who: string): void {
    this.#note(
      group,
      desired,
      `${who} changing the desired capacity from ${group.desiredCapacity} to ${desired}.`,
    );
    group.desiredCapacity = desired;
    this.#done(group, actor);
  }

  /** Without a cause of its own: the activity of the terminated instance tells it. */
  decrement(group: Group, by: number, actor: Actor): void {
    group.desiredCapacity -= by;
    this.#done(group, actor);
  }

  /** A scheduled action that does not fit fails as an activity; nobody gets an error. */
  byScheduledAction(group: Group, change: SizeChange, actor: Actor): void {
    try {
      this.#apply(group, fitted(group, change), actor, 'a scheduled action update');
    } catch (error) {
      const cause = `At ${stamp(this.#world.clock.nowMs)} a scheduled action update of AutoScalingGroup constraints was tried.`;
      const message = error instanceof Error ? error.message : String(error);
      this.#activities.fail(group, 'Executing scheduled action', cause, message, group.zones[0] ?? '');
    }
  }

  #apply(group: Group, next: Required<FittedSizes>, actor: Actor, who: string): void {
    const { minSize, maxSize, desiredCapacity } = group;
    const isSame = next.min === minSize && next.max === maxSize && next.desired === desiredCapacity;
    if (isSame) return;
    this.#note(
      group,
      next.desired,
      `${who} of AutoScalingGroup constraints to min: ${next.min}, max: ${next.max}, desired: ${next.desired} changing the desired capacity from ${desiredCapacity} to ${next.desired}.`,
    );
    group.minSize = next.min;
    group.maxSize = next.max;
    group.desiredCapacity = next.desired;
    this.#done(group, actor);
  }

  #note(group: Group, desired: number, text: string): void {
    if (desired !== group.desiredCapacity) group.causes.push(`At ${stamp(this.#world.clock.nowMs)} ${text}`);
  }

  #done(group: Group, actor: Actor): void {
    group.capacityActor = actor;
    group.saidAllProtected = false;
    // Somebody asked anew: the group tries at once again.
    group.retryLaunchAtMs = 0;
    this.#store.changed(group, actor);
    this.#wake(group);
  }
}

interface FittedSizes {
  readonly min: number;
  readonly max: number;
  readonly desired: number;
}

function fitted(group: Group, change: SizeChange): FittedSizes {
  const min = change.MinSize ?? group.minSize;
  const max = change.MaxSize ?? group.maxSize;
  if (min < 0 || max < 0) throw awsError('ValidationError', 'Min and max size must not be negative');
  if (max < min) {
    throw awsError(
      'ValidationError',
      `Max bound, ${max}, must be greater than or equal to min bound, ${min}`,
    );
  }
  const desired = change.DesiredCapacity;
  if (desired !== undefined && (desired < min || desired > max)) {
    throw awsError(
      'ValidationError',
      `Desired capacity:${desired} must be between the specified min size:${min} and max size:${max}`,
    );
  }
  return { min, max, desired: desired ?? Math.min(max, Math.max(min, group.desiredCapacity)) };
}
