/**
 * Scheduled actions: at their time they set the group's sizes, unless ScheduledActions is suspended; a missed one is
 * lost. Source: Amazon EC2 Auto Scaling user guide, ec2-auto-scaling-scheduled-scaling, as-suspend-resume-processes.
 */
import type {
  DeleteScheduledActionType,
  DescribeScheduledActionsType,
  PutScheduledUpdateGroupActionType,
  ScheduledUpdateGroupAction,
} from '@aws-sdk/client-auto-scaling';
import { awsError } from '../kernel/aws-error.ts';
import { LaggingStore } from '../kernel/lagging-store.ts';
import { pageOf } from '../kernel/pages.ts';
import type { Actor } from '../observation.ts';
import type { Call, World } from '../world.ts';
import { nextCron } from './cron.ts';
import { type Group, isSuspended, type ScheduledAction } from './group.ts';
import type { GroupStore } from './group-store.ts';
import { PAGES } from './page-rules.ts';
import type { Sizes } from './sizes.ts';

const SCHEDULED: Actor = { kind: 'aws', name: 'scheduled-action' };

export class ScheduledActions {
  readonly #world: World;
  readonly #store: GroupStore;
  readonly #sizes: Sizes;
  /** What reads see, by group and name. */
  readonly #pictures: LaggingStore<ScheduledUpdateGroupAction>;

  constructor(world: World, store: GroupStore, sizes: Sizes) {
    this.#world = world;
    this.#pictures = new LaggingStore(world.clock);
    this.#store = store;
    this.#sizes = sizes;
  }

  seed(group: Group): void {
    for (const [name, action] of group.scheduled) this.#arm(group, name, action);
  }

  put(input: PutScheduledUpdateGroupActionType): object {
    const group = this.#store.get(input.AutoScalingGroupName);
    const name = input.ScheduledActionName ?? '';
    const startTime = input.StartTime ?? input.Time;
    if (startTime && startTime.getTime() <= this.#world.clock.nowMs) {
      throw awsError('ValidationError', 'Given start time is in the past');
    }
    if (!startTime && input.Recurrence === undefined) {
      throw awsError('ValidationError', 'Either the start time or the recurrence must be specified');
    }
    const before = group.scheduled.get(name);
    this.#world.clock.cancel(before?.timer);
    const { Time: _time, ...rest } = input;
    const shape: ScheduledUpdateGroupAction = {
      ...rest,
      ...(startTime && { StartTime: startTime, Time: startTime }),
      ScheduledActionARN: `${group.arn.replace(':autoScalingGroup:', ':scheduledUpdateGroupAction:')}:scheduledActionName/${name}`,
    };
    const action: ScheduledAction = { shape, timer: undefined };
    group.scheduled.set(name, action);
    this.#arm(group, name, action);
    return {};
  }

  delete(input: DeleteScheduledActionType): object {
    const group = this.#store.get(input.AutoScalingGroupName);
    const name = input.ScheduledActionName ?? '';
    const action = group.scheduled.get(name);
    if (!action) throw awsError('ValidationError', 'Scheduled action name not found');
    this.#world.clock.cancel(action.timer);
    this.#remove(group, name);
    return {};
  }

  /** One-time actions are listed until they are done; recurring ones with their next time. */
  describe(input: DescribeScheduledActionsType, call: Call) {
    const groups = new Set(
      input.AutoScalingGroupName === undefined
        ? this.#store.all().map(({ name }) => name)
        : [this.#store.get(input.AutoScalingGroupName).name],
    );
    const names = input.ScheduledActionNames?.length ? new Set(input.ScheduledActionNames) : undefined;
    const found = this.#pictures
      .list(call.lagMs)
      .filter(({ AutoScalingGroupName: group = '' }) => groups.has(group))
      .filter((shape) => !names || names.has(shape.ScheduledActionName ?? ''))
      .filter(({ StartTime: at }) => (!names && at && input.StartTime ? at >= input.StartTime : true))
      .filter(({ StartTime: at }) => (!names && at && input.EndTime ? at <= input.EndTime : true));
    const page = pageOf(
      found,
      (shape) => `${shape.AutoScalingGroupName}/${shape.ScheduledActionName}`,
      `DescribeScheduledActions/${input.AutoScalingGroupName ?? ''}`,
      { limit: input.MaxRecords, nextToken: input.NextToken },
      { ...PAGES, defaultLimit: 50, maxLimit: 100 },
    );
    return {
      ScheduledUpdateGroupActions: page.items.map((shape) => ({ ...shape })),
      NextToken: page.nextToken,
    };
  }

  #remove(group: Group, name: string): void {
    group.scheduled.delete(name);
    this.#pictures.remove(`${group.name}/${name}`);
  }

  #arm(group: Group, name: string, action: ScheduledAction): void {
    const nextMs = this.#nextTime(action.shape);
    if (nextMs !== undefined)
      action.shape = { ...action.shape, StartTime: new Date(nextMs), Time: new Date(nextMs) };
    this.#pictures.put(`${group.name}/${name}`, action.shape);
    if (nextMs === undefined) return;
    action.timer = this.#world.clock.at(nextMs, () => this.#fall(group, name, action));
  }

  #nextTime(shape: ScheduledUpdateGroupAction): number | undefined {
    const nowMs = this.#world.clock.nowMs;
    const startMs = shape.StartTime?.getTime();
    if (startMs !== undefined && startMs > nowMs) return startMs;
    if (shape.Recurrence === undefined) return undefined;
    const nextMs = nextCron(shape.Recurrence, nowMs, shape.TimeZone);
    const endMs = shape.EndTime?.getTime() ?? Number.POSITIVE_INFINITY;
    return nextMs !== undefined && nextMs <= endMs ? nextMs : undefined;
  }

  #fall(group: Group, name: string, action: ScheduledAction): void {
    if (group.scheduled.get(name) !== action) return;
    const { MinSize, MaxSize, DesiredCapacity, Recurrence } = action.shape;
    if (Recurrence === undefined) this.#remove(group, name);
    else this.#arm(group, name, action);
    // Only actions whose time has not passed are considered on resume: this one is lost.
    if (isSuspended(group, 'ScheduledActions')) return;
    this.#sizes.byScheduledAction(group, { MinSize, MaxSize, DesiredCapacity }, SCHEDULED);
  }
}
