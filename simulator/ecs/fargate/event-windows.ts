/**
 * EC2 event windows as they hold for Fargate's retirements: weekly hours, in UTC, associated by the tags that ECS gives
 * its tasks. Sources: Amazon ECS developer guide, prepare-task-retirement (the service's window goes before the
 * cluster's, that before the one of all Fargate tasks, and without any the wait period counts; best effort); Amazon EC2
 * API reference, InstanceEventWindow (whole hours of the week, or a cron expression `* HOURS * * DAYS`).
 */
import type { InstanceEventWindow, InstanceEventWindowTimeRange } from '@aws-sdk/client-ec2';
import type { Capture } from '../../capture/capture.ts';
import type { TaskRecord } from '../records.ts';

const HOUR_MS = 3_600_000;
const HOURS_A_WEEK = 168;
/** 1970-01-01 was a Thursday: this many hours into a week that begins on Sunday. */
const EPOCH_HOUR = 4 * 24;

const DAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

interface Window {
  readonly tags: readonly { readonly Key?: string; readonly Value?: string }[];
  readonly hours: ReadonlySet<number>;
}

export class EventWindows {
  readonly #windows: readonly Window[];

  /** Without the account setting `fargateEventWindows` the windows concern instances only. */
  constructor(capture: Capture) {
    const isEnabled = capture.ecs.accountSettings.some(
      ({ name, value }) => name === 'fargateEventWindows' && value === 'enabled',
    );
    this.#windows = isEnabled ? capture.ec2.eventWindows.filter(isActive).map(readWindow) : [];
  }

  /** The first moment from `fromMs` on at which this task may be retired. */
  firstOpenMs(task: TaskRecord, fromMs: number): number {
    const window = this.#windowOf(task);
    if (!window || window.hours.size === 0) return fromMs;
    let hour = Math.floor(fromMs / HOUR_MS);
    while (!window.hours.has((hour + EPOCH_HOUR) % HOURS_A_WEEK)) hour++;
    return Math.max(fromMs, hour * HOUR_MS);
  }

  #windowOf(task: TaskRecord): Window | undefined {
    const tagged = (key: string, value: string | undefined) =>
      value === undefined
        ? undefined
        : this.#windows.find(({ tags }) => tags.some((tag) => tag.Key === key && tag.Value === value));
    return (
      tagged('aws:ecs:serviceArn', task.service?.serviceArn) ??
      tagged('aws:ecs:clusterArn', task.clusterRecord.arn) ??
      tagged('aws:ecs:fargateTask', 'true')
    );
  }
}

function isActive(window: InstanceEventWindow): boolean {
  return window.State === undefined || window.State === 'active' || window.State === 'creating';
}

function readWindow(window: InstanceEventWindow): Window {
  const hours = new Set<number>();
  for (const range of window.TimeRanges ?? []) addRange(hours, range);
  if (window.CronExpression) addCron(hours, window.CronExpression);
  return { tags: (window.AssociationTarget?.Tags ?? []) as Window['tags'], hours };
}

/** From the start hour up to the end hour, over the end of the week if need be. */
function addRange(hours: Set<number>, range: InstanceEventWindowTimeRange): void {
  const start = DAYS.indexOf(range.StartWeekDay ?? '') * 24 + (range.StartHour ?? 0);
  const end = DAYS.indexOf(range.EndWeekDay ?? '') * 24 + (range.EndHour ?? 0);
  if (start < 0 || end < 0) return;
  for (let hour = start % HOURS_A_WEEK; hour !== end % HOURS_A_WEEK; hour = (hour + 1) % HOURS_A_WEEK)
    hours.add(hour);
}

function addCron(hours: Set<number>, expression: string): void {
  const [, hourField = '*', , , dayField = '*'] = expression.trim().split(/\s+/);
  for (const day of numbersOf(dayField, 7))
    for (const hour of numbersOf(hourField, 24)) hours.add((day % 7) * 24 + hour);
}

/** `*`, `5`, `21-23`, `MON,WED`, from 0 up to `count`. */
function numbersOf(field: string, count: number): number[] {
  if (field === '*') return Array.from({ length: count }, (_, at) => at);
  return field.split(',').flatMap((part) => {
    const [from = Number.NaN, to = from] = part.split('-').map(numberOf);
    return Number.isNaN(from) ? [] : Array.from({ length: to - from + 1 }, (_, at) => from + at);
  });
}

function numberOf(text: string): number {
  const day = DAYS.findIndex((name) => name.startsWith(text.toLowerCase()));
  return /^[a-z]/i.test(text) && day >= 0 ? day : Number.parseInt(text, 10);
}
