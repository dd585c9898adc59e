/**
 * Amazon CloudWatch alarms: described, and set to a state by whoever scripts it; nothing is measured.
 * Source: Amazon CloudWatch API reference, DescribeAlarms (100 names, 100 records a page, 50 by default); user guide,
 * cloudwatch-and-eventbridge (CloudWatch Alarm State Change).
 */
import type { DescribeAlarmsInput, MetricAlarm, StateValue } from '@aws-sdk/client-cloudwatch';
import { awsError } from '../kernel/aws-error.ts';
import type { VirtualClock } from '../kernel/clock.ts';
import { LaggingStore } from '../kernel/lagging-store.ts';
import { pageOf } from '../kernel/pages.ts';
import type { AlarmsPort, Call, EventBusPort, OperationRegistry } from '../world.ts';

export interface CloudWatchParts {
  readonly clock: VirtualClock;
  readonly registry: OperationRegistry;
  readonly bus: EventBusPort;
  readonly accountId: string;
  readonly region: string;
}

const MAX_NAMES = 100;
const PAGES = {
  defaultLimit: 50,
  maxLimit: 100,
  limitError: 'ValidationError',
  tokenError: 'InvalidNextToken',
};

export class Alarms implements AlarmsPort {
  readonly #parts: CloudWatchParts;
  readonly #alarms = new Map<string, MetricAlarm>();
  /** What reads see. */
  readonly #pictures: LaggingStore<MetricAlarm>;

  constructor(parts: CloudWatchParts, alarms: readonly MetricAlarm[]) {
    this.#parts = parts;
    this.#pictures = new LaggingStore(parts.clock);
    for (const alarm of alarms) if (alarm.AlarmName) this.#keep(alarm.AlarmName, alarm);
    parts.registry.register('CloudWatch', {
      DescribeAlarms: (input: DescribeAlarmsInput, call: Call) => this.#describe(input, call.lagMs),
    });
  }

  stateOf(name: string): StateValue | undefined {
    return this.#alarms.get(name)?.StateValue;
  }

  nameLike(prefix: string): string | undefined {
    for (const name of this.#alarms.keys()) if (name.startsWith(prefix)) return name;
    return undefined;
  }

  put(alarm: MetricAlarm): void {
    const { AlarmName: name = '' } = alarm;
    const before = this.#alarms.get(name);
    this.#keep(name, {
      AlarmArn: this.#arnOf(name),
      StateValue: 'INSUFFICIENT_DATA',
      ...before,
      ...alarm,
    });
  }

  remove(name: string): void {
    this.#alarms.delete(name);
    this.#pictures.remove(name);
  }

  /** Sets an alarm's state; one that did not exist is made. Its change of state is told on the bus. */
  setState(name: string, value: StateValue, reason: string): void {
    const { clock, bus } = this.#parts;
    const before = this.#alarms.get(name);
    const arn = before?.AlarmArn ?? this.#arnOf(name);
    const at = new Date(clock.nowMs);
    const was = before?.StateValue ?? 'INSUFFICIENT_DATA';
    this.#keep(name, {
      ...before,
      AlarmName: name,
      AlarmArn: arn,
      StateValue: value,
      StateReason: reason,
      StateUpdatedTimestamp: at,
      StateTransitionedTimestamp: was === value ? (before?.StateTransitionedTimestamp ?? at) : at,
    });
    if (was === value) return;
    bus.emit({
      source: 'aws.cloudwatch',
      detailType: 'CloudWatch Alarm State Change',
      resources: [arn],
      detail: {
        alarmName: name,
        configuration: configurationOf(before),
        previousState: stateOf(was, before?.StateReason, before?.StateUpdatedTimestamp),
        state: stateOf(value, reason, at),
      },
      // "CloudWatch guarantees the delivery of alarm state change events" (cloudwatch-and-eventbridge).
      delivery: 'durable',
    });
  }

  #keep(name: string, alarm: MetricAlarm): void {
    this.#alarms.set(name, alarm);
    this.#pictures.put(name, alarm);
  }

  #arnOf(name: string): string {
    const { accountId, region } = this.#parts;
    return `arn:aws:cloudwatch:${region}:${accountId}:alarm:${name}`;
  }

  #describe(input: DescribeAlarmsInput, lagMs: number): object {
    if (input.AlarmNames && input.AlarmNamePrefix) {
      throw awsError('ValidationError', 'AlarmNamePrefix and AlarmNames are mutually exclusive');
    }
    if ((input.AlarmNames?.length ?? 0) > MAX_NAMES) {
      throw awsError('ValidationError', `AlarmNames must have length less than or equal to ${MAX_NAMES}`);
    }
    const names = input.AlarmNames && new Set(input.AlarmNames);
    const found = this.#pictures
      .list(lagMs)
      .filter(
        ({ AlarmName = '', StateValue }) =>
          (!names || names.has(AlarmName)) &&
          AlarmName.startsWith(input.AlarmNamePrefix ?? '') &&
          (input.StateValue === undefined || input.StateValue === StateValue),
      );
    const page = pageOf(
      found,
      ({ AlarmName = '' }) => AlarmName,
      `DescribeAlarms/${JSON.stringify([input.AlarmNames, input.AlarmNamePrefix, input.StateValue])}`,
      { limit: input.MaxRecords, nextToken: input.NextToken },
      PAGES,
    );
    return { MetricAlarms: page.items, CompositeAlarms: [], NextToken: page.nextToken };
  }
}

/** What the event says of the alarm itself. Source: cloudwatch-and-eventbridge, state change of a single-metric alarm. */
function configurationOf(alarm: MetricAlarm | undefined): Readonly<Record<string, unknown>> {
  const { AlarmDescription: description, MetricName: name, Namespace: namespace } = alarm ?? {};
  const dimensions = Object.fromEntries((alarm?.Dimensions ?? []).map(({ Name, Value }) => [Name, Value]));
  const metricStat = {
    metric: { dimensions, name, namespace },
    period: alarm?.Period,
    stat: alarm?.Statistic,
  };
  return {
    ...(description !== undefined && { description }),
    metrics: name === undefined ? [] : [{ id: 'm1', metricStat, returnData: true }],
  };
}

/** Its time stamps end in +0000, unlike those of other events. */
function stateOf(value: StateValue, reason: string | undefined, at: Date | undefined): object {
  const timestamp = at?.toISOString().replace('Z', '+0000');
  return { reason: reason ?? '', ...(timestamp !== undefined && { timestamp }), value };
}
