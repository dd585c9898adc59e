/**
 * Retirement of Fargate tasks whose platform version revision AWS takes out of use.
 *
 * It begins with a notice of AWS Health, waits for the notice's start time (and the event window of the task), and then
 * has service tasks replaced by their scheduler, within the service's percents, and standalone tasks stopped for good.
 * A task that was replaced or stopped before is not touched: whatever took its place runs on the newest revision. It
 * ends when all that the notice names are gone; Health then closes it, up to a day later.
 * Source: Amazon ECS developer guide, task-maintenance and prepare-task-retirement.
 */
import type { StopCause } from '../../observation.ts';
import type { Range } from '../../world.ts';
import type { Parts } from '../parts.ts';
import type { TaskRecord } from '../records.ts';
import { EventWindows } from './event-windows.ts';
import { type Notice, type NoticeEntity, noticeEvents } from './health-notice.ts';

/** "on or after" the date: no figure is documented. */
const BEGINS_WITHIN_SECONDS: Range = [0, 900];
/** "up to 24 hours" until an entity shows as RESOLVED. */
const RESOLVED_AFTER_SECONDS: Range = [60, 86_400];

const MAINTENANCE_TEXT = 'ECS is performing maintenance on the underlying infrastructure hosting the task';

/** An entity's tasks that are still there. */
interface Affected {
  readonly notice: Notice;
  readonly entity: NoticeEntity;
  readonly tasks: Set<TaskRecord>;
}

export class FargateRetirement {
  readonly #parts: Parts;
  readonly #windows: EventWindows;
  /** Asked for at this moment and not yet announced, by start time. */
  readonly #gathering = new Map<number, Set<TaskRecord>>();
  readonly #affected = new Map<TaskRecord, Affected>();
  readonly #telling = new Set<Notice>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#windows = new EventWindows(parts.capture);
  }

  /** Tasks retired at the same moment for the same time share a notice. */
  retire(task: TaskRecord, startMs: number): void {
    if (!task.fargate || task.desiredStatus === 'STOPPED' || this.#affected.has(task)) return;
    const gathered = this.#gathering.get(startMs);
    if (gathered) {
      gathered.add(task);
      return;
    }
    const tasks = new Set([task]);
    this.#gathering.set(startMs, tasks);
    this.#parts.world.clock.after(0, () => {
      this.#gathering.delete(startMs);
      this.#announce(
        [...tasks].filter((each) => each.service),
        'services',
        startMs,
      );
      this.#announce(
        [...tasks].filter((each) => !each.service),
        'tasks',
        startMs,
      );
    });
  }

  /** Told of every stopped task. */
  taskStopped(task: TaskRecord): void {
    const affected = this.#affected.get(task);
    if (!affected) return;
    this.#affected.delete(task);
    affected.tasks.delete(task);
    if (affected.tasks.size > 0) return;
    const { clock, random } = this.#parts.world;
    const seconds = random.stream('ecs/fargate-health').between(RESOLVED_AFTER_SECONDS);
    clock.after(seconds * 1000, () => {
      affected.entity.isResolved = true;
      affected.entity.changedAtMs = clock.nowMs;
      this.#tellSoon(affected.notice);
    });
  }

  #announce(tasks: readonly TaskRecord[], of: Notice['of'], startMs: number): void {
    if (tasks.length === 0) return;
    const { clock, random } = this.#parts.world;
    const ids = random.stream('ecs/fargate-health');
    const entities = new Map<string, NoticeEntity>();
    const tasksOf = new Map<NoticeEntity, Set<TaskRecord>>();
    for (const task of tasks) {
      const value = task.service ? `${task.cluster}|${task.service.serviceName}` : task.taskArn;
      const entity = entities.get(value) ?? { value, isResolved: false, changedAtMs: clock.nowMs };
      entities.set(value, entity);
      tasksOf.set(entity, (tasksOf.get(entity) ?? new Set()).add(task));
    }
    const notice: Notice = {
      id: ids.hex(16),
      communicationId: ids.hex(56),
      of,
      startMs,
      entities: [...entities.values()],
    };
    for (const [entity, left] of tasksOf)
      for (const task of left) this.#affected.set(task, { notice, entity, tasks: left });
    this.#tell(notice);
    // From upcoming to open.
    if (startMs > clock.nowMs) clock.at(startMs, () => this.#tellSoon(notice));
    const begins = random.stream('ecs/fargate-retirement').between(BEGINS_WITHIN_SECONDS) * 1000;
    for (const task of tasks)
      clock.at(this.#windows.firstOpenMs(task, Math.max(startMs, clock.nowMs)) + begins, () =>
        this.#begin(task),
      );
  }

  #begin(task: TaskRecord): void {
    if (task.desiredStatus === 'STOPPED') return;
    if (task.service) {
      task.underMaintenance = true;
      this.#parts.scheduler.look(task.service);
    } else this.#parts.stopper.stop(task, maintenanceCause(), 'TerminationNotice');
  }

  /** What changes together is told together. */
  #tellSoon(notice: Notice): void {
    if (this.#telling.has(notice)) return;
    this.#telling.add(notice);
    this.#parts.world.clock.after(0, () => {
      this.#telling.delete(notice);
      this.#tell(notice);
    });
  }

  #tell(notice: Notice): void {
    const { accountId, region, bus, clock } = this.#parts.world;
    for (const event of noticeEvents(notice, { accountId, region, nowMs: clock.nowMs })) bus.emit(event);
  }
}

export function maintenanceCause(): StopCause {
  return { because: 'maintenance', actor: { kind: 'aws', name: 'fargate' }, text: MAINTENANCE_TEXT };
}
