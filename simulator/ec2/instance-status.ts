/**
 * Status checks and scheduled events of instances, as DescribeInstanceStatus tells them, and what EC2 does when an
 * event's time has come. Source: Amazon EC2 user guide, monitoring-instances-status-check_sched.
 */
import type {
  DescribeInstanceStatusRequest,
  InstanceStatus,
  InstanceStatusEvent,
  ModifyInstanceEventStartTimeRequest,
} from '@aws-sdk/client-ec2';
import { awsError } from '../kernel/aws-error.ts';
import { pageOf } from '../kernel/pages.ts';
import type { Call, Range, World } from '../world.ts';
import { filterOf } from './filters.ts';
import type { Fleet } from './fleet.ts';
import { announceScheduledEvent } from './health-notice.ts';
import type { InstanceApi } from './instance-api.ts';
import { type InstanceRecord, stateShape } from './instance-record.ts';
import { EC2_PAGES } from './page-rules.ts';

/** New instances are `initializing` until their first checks; not documented, about two minutes in practice. */
const INITIALIZING_MS = 120_000;
/** "waits a few minutes" (Auto Scaling user guide, health-checks-overview). */
const IMPAIRED_SECONDS: Range = [180, 300];
/** "at least 60 minutes" ahead (Amazon EC2 user guide, schedevents_actions_reschedule). */
const SHORTEST_RESCHEDULE_MS = 3_600_000;
/** A done event stays visible for up to a week. */
const VISIBLE_AFTER_EVENT_MS = 7 * 86_400_000;

const CODES = [
  'instance-reboot',
  'instance-retirement',
  'instance-stop',
  'system-maintenance',
  'system-reboot',
] as const;
type EventCode = (typeof CODES)[number];

export class InstanceStatuses {
  readonly #world: World;
  readonly #fleet: Fleet;
  readonly #api: InstanceApi;

  constructor(world: World, fleet: Fleet, api: InstanceApi) {
    this.#world = world;
    this.#fleet = fleet;
    this.#api = api;
  }

  /** Captured events that have not happened yet will. */
  seed(): void {
    for (const record of this.#fleet.all()) {
      if (record.impaired.instance || record.impaired.system) {
        const seconds = this.#world.random.stream('ec2/events').between(IMPAIRED_SECONDS);
        this.#world.clock.after(seconds * 1000, () =>
          this.#world.autoScaling.considerUnhealthy(record.instanceId),
        );
      }
      for (const event of record.events) this.#arm(record, event);
    }
  }

  /**
   * EC2 schedules an event for the instance, as for a retirement. The instance's host may be gone by then already.
   *
   * @throws when the code is none of EC2's
   */
  schedule(instanceId: string, code: string, notBeforeMs: number, deadlineMs?: number): void {
    const known = CODES.find((name) => name === code);
    if (!known) throw new Error(`${code} is not an event code of EC2: ${CODES.join(', ')}`);
    const record = this.#fleet.get(instanceId);
    if (!record || record.state === 'terminated') return;
    const event: InstanceStatusEvent = {
      InstanceEventId: `instance-event-0${this.#world.random.stream('ec2/events').hex(16)}`,
      Code: known,
      Description: DESCRIPTIONS[known],
      NotBefore: new Date(notBeforeMs),
      ...(deadlineMs !== undefined && { NotBeforeDeadline: new Date(deadlineMs) }),
    };
    record.events.push(event);
    announceScheduledEvent(this.#world, record, event);
    this.#arm(record, event);
  }

  /** EC2 calls off what it has scheduled for the instance and not done yet. @returns whether there was anything */
  callOff(instanceId: string): boolean {
    const record = this.#fleet.get(instanceId);
    const scheduled = record?.events.filter((event) => !event.Description?.startsWith('[')) ?? [];
    if (record === undefined) return false;
    for (const event of scheduled) {
      announceScheduledEvent(this.#world, record, event, true);
      const forget = () => record.events.splice(record.events.indexOf(event), 1);
      if (!this.#world.readings.cancelledEventsStayVisible) {
        forget();
        continue;
      }
      event.Description = `[Canceled] ${event.Description ?? ''}`;
      this.#world.clock.after(VISIBLE_AFTER_EVENT_MS, forget);
    }
    return scheduled.length > 0;
  }

  /**
   * Only an event with a deadline can be moved: to at least an hour from now, and before the deadline.
   * Source: Amazon EC2 user guide, schedevents_actions_reschedule.
   *
   * @throws `InvalidInstanceID.NotFound`, `InvalidParameterValue`
   */
  modifyInstanceEventStartTime(input: ModifyInstanceEventStartTimeRequest) {
    this.#api.visible([input.InstanceId ?? ''], 0);
    const record = this.#fleet.get(input.InstanceId ?? '');
    const event = record?.events.find((known) => known.InstanceEventId === input.InstanceEventId);
    if (!record || !event || event.Description?.startsWith('[')) {
      throw awsError(
        'InvalidParameterValue',
        `The instance event ID '${input.InstanceEventId}' does not exist`,
      );
    }
    const notBeforeMs = new Date(input.NotBefore ?? 0).getTime();
    const nowMs = this.#world.clock.nowMs;
    if (!event.NotBeforeDeadline) {
      throw awsError(
        'InvalidParameterValue',
        `The instance event '${event.InstanceEventId}' cannot be rescheduled`,
      );
    }
    if (
      notBeforeMs < nowMs + SHORTEST_RESCHEDULE_MS ||
      (event.NotBefore?.getTime() ?? 0) - nowMs < SHORTEST_RESCHEDULE_MS
    ) {
      throw awsError(
        'InvalidParameterValue',
        'An event can only be moved at least 60 minutes before it starts',
      );
    }
    if (notBeforeMs > event.NotBeforeDeadline.getTime()) {
      throw awsError(
        'InvalidParameterValue',
        'The new start time must not be later than the deadline of the event',
      );
    }
    event.NotBefore = new Date(notBeforeMs);
    announceScheduledEvent(this.#world, record, event);
    this.#world.clock.at(notBeforeMs, () => this.#happen(record, event));
    return { Event: { ...event } };
  }

  describeInstanceStatus(input: DescribeInstanceStatusRequest, call: Call) {
    const ids = input.InstanceIds?.length ? input.InstanceIds : undefined;
    if (ids && ids.length > 100) {
      throw awsError('InvalidParameterValue', 'The maximum number of instance IDs is 100');
    }
    if (ids && input.MaxResults !== undefined) {
      throw awsError(
        'InvalidParameterCombination',
        'The parameter instancesSet cannot be used with the parameter maxResults',
      );
    }
    const matches = filterOf<InstanceStatus & { Tags?: undefined }>('DescribeInstanceStatus', input.Filters, {
      'availability-zone': (status) => status.AvailabilityZone,
      'instance-state-name': (status) => status.InstanceState?.Name,
      'instance-status.status': (status) => status.InstanceStatus?.Status,
      'system-status.status': (status) => status.SystemStatus?.Status,
      'event.code': (status) => status.Events?.map((event) => event.Code),
      'event.instance-event-id': (status) => status.Events?.map((event) => event.InstanceEventId),
    });
    const described = ids ? this.#api.visible(ids, call.lagMs) : this.#fleet.pictures.list(call.lagMs);
    const found = described
      .filter(({ State }) => input.IncludeAllInstances || State?.Name === 'running')
      .flatMap(({ InstanceId, State }) => {
        const record = this.#fleet.get(InstanceId ?? '');
        return record ? [this.#status(record, State?.Name ?? record.state)] : [];
      })
      .filter(matches);
    const page = pageOf(
      found,
      (status) => status.InstanceId ?? '',
      'DescribeInstanceStatus',
      { limit: input.MaxResults, nextToken: input.NextToken },
      { ...EC2_PAGES, defaultLimit: 100, maxLimit: 1000 },
    );
    return { InstanceStatuses: page.items, NextToken: page.nextToken };
  }

  #status(record: InstanceRecord, state: string): InstanceStatus {
    const summary = (isImpaired: boolean) => {
      const isNew = this.#world.clock.nowMs - (record.runningSinceMs ?? 0) < INITIALIZING_MS;
      const status =
        state !== 'running' ? 'not-applicable' : isImpaired ? 'impaired' : isNew ? 'initializing' : 'ok';
      const reachability = isImpaired ? 'failed' : isNew ? 'initializing' : 'passed';
      return state === 'running'
        ? {
            Status: status as 'ok',
            Details: [{ Name: 'reachability' as const, Status: reachability as 'passed' }],
          }
        : { Status: status as 'ok' };
    };
    return {
      InstanceId: record.instanceId,
      AvailabilityZone: record.zone,
      InstanceState: stateShape(state as InstanceRecord['state']),
      InstanceStatus: summary(record.impaired.instance),
      SystemStatus: summary(record.impaired.system),
      ...(record.events.length > 0 && { Events: record.events.map((event) => ({ ...event })) }),
    };
  }

  #arm(record: InstanceRecord, event: InstanceStatusEvent): void {
    if (!event.NotBefore || event.Description?.startsWith('[')) return;
    const nowMs = this.#world.clock.nowMs;
    const notBeforeMs = event.NotBefore.getTime();
    this.#world.clock.at(notBeforeMs, () => this.#happen(record, event));
    // "If one of your instances is affected by a scheduled event, Amazon EC2 Auto Scaling considers the instance to be
    // unhealthy and replaces it" (health-checks-overview). UNCONFIRMED when.
    const drawnMs = this.#world.random.stream('ec2/events').between([nowMs, Math.max(nowMs, notBeforeMs)]);
    const noticedMs = this.#world.readings.eventReplacesFromNotice ? drawnMs : Math.max(nowMs, notBeforeMs);
    this.#world.clock.at(noticedMs, () => {
      const isCalledOff = event.Description?.startsWith('[Canceled]') ?? false;
      if (record.events.includes(event) && !isCalledOff)
        this.#world.autoScaling.considerUnhealthy(record.instanceId);
    });
  }

  #happen(record: InstanceRecord, event: InstanceStatusEvent): void {
    if (!record.events.includes(event) || event.Description?.startsWith('[')) return;
    // Somebody moved it.
    if ((event.NotBefore?.getTime() ?? 0) > this.#world.clock.nowMs) return;
    const aws = { kind: 'aws', name: event.Code ?? 'event' } as const;
    const reason = {
      Code: 'Server.ScheduledStop',
      Message: 'Server.ScheduledStop: Stopped due to a scheduled retirement',
    };
    // Source: Amazon EC2 user guide, instance-retirement: an EBS root is stopped, an instance-store root terminated.
    if (event.Code === 'instance-retirement' && record.description.RootDeviceType === 'instance-store') {
      this.#fleet.end(record, aws, reason);
    } else if (event.Code === 'instance-retirement' || event.Code === 'instance-stop') {
      this.#fleet.halt(record, aws, reason);
    }
    event.Description = `[Completed] ${event.Description ?? ''}`;
    announceScheduledEvent(this.#world, record, event);
    this.#world.clock.after(VISIBLE_AFTER_EVENT_MS, () =>
      record.events.splice(record.events.indexOf(event), 1),
    );
  }
}

const DESCRIPTIONS: Readonly<Record<EventCode, string>> = {
  'instance-reboot': 'The instance is scheduled for a reboot',
  'instance-retirement': 'The instance is running on degraded hardware',
  'instance-stop': 'The instance is running on degraded hardware',
  'system-maintenance': 'scheduled maintenance',
  'system-reboot': 'scheduled reboot',
};
