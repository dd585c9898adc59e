/**
 * Scaling activities: what a group did, since when and why, in AWS's words.
 * Source: Amazon EC2 Auto Scaling user guide, as-verify-scaling-activity and the ts-* pages.
 */
import type { Activity, DescribeScalingActivitiesType } from '@aws-sdk/client-auto-scaling';
import { awsError } from '../kernel/aws-error.ts';
import { pageOf } from '../kernel/pages.ts';
import type { World } from '../world.ts';
import { type Group, stamp } from './group.ts';
import { PAGES } from './page-rules.ts';

/** "scaling activities for the last six weeks" (API reference, DescribeScalingActivities). */
const KEPT_MS = 42 * 86_400_000;
/** Between what was tried and why it failed. */
const STATUS_REASON = '.  Status Reason: ';

export class Activities {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  start(
    group: Group,
    description: string,
    cause: string,
    place: { readonly subnetId?: string | undefined; readonly zone: string },
  ): Activity {
    const random = this.#world.random.stream('auto-scaling/activities');
    const activity: Activity = {
      ActivityId: `${random.hex(8)}-${random.hex(4)}-4${random.hex(3)}-a${random.hex(3)}-${random.hex(12)}`,
      AutoScalingGroupName: group.name,
      AutoScalingGroupARN: group.arn,
      Description: description,
      Cause: cause,
      StartTime: new Date(this.#world.clock.nowMs),
      StatusCode: 'InProgress',
      Progress: 0,
      Details: JSON.stringify({
        ...(place.subnetId !== undefined && { 'Subnet ID': place.subnetId }),
        'Availability Zone': place.zone,
      }),
    };
    group.activities.push(activity);
    return activity;
  }

  end(activity: Activity | undefined, status: 'Successful' | 'Failed' | 'Cancelled', message?: string): void {
    if (!activity || activity.EndTime) return;
    activity.StatusCode = status;
    activity.Progress = 100;
    activity.EndTime = new Date(this.#world.clock.nowMs);
    if (message !== undefined) {
      activity.StatusMessage = message;
      if (status === 'Failed') activity.Description = `${activity.Description}${STATUS_REASON}${message}`;
    }
  }

  /** An activity that failed before it had an instance. */
  fail(group: Group, description: string, cause: string, message: string, zone: string): Activity {
    const activity = this.start(group, description, cause, { zone });
    this.end(activity, 'Failed', message);
    return activity;
  }

  /** What was asked of the group since the last activity, then what the group makes of it. */
  because(group: Group, text: string): string {
    const asked = group.causes.splice(0);
    return [...asked, `At ${stamp(this.#world.clock.nowMs)} ${text}`].join('  ');
  }

  describe(groups: readonly Group[], input: DescribeScalingActivitiesType, lagMs = 0) {
    const ids = input.ActivityIds?.length ? new Set(input.ActivityIds) : undefined;
    const oldestMs = this.#world.clock.nowMs - KEPT_MS;
    const seenMs = this.#world.clock.nowMs - lagMs;
    const found: Activity[] = [];
    for (const group of groups) {
      for (let at = group.activities.length - 1; at >= 0; at--) {
        const activity = group.activities[at] as Activity;
        if ((activity.StartTime?.getTime() ?? 0) < oldestMs) break;
        if (timeOf(activity) > seenMs) continue;
        if (!ids || ids.has(activity.ActivityId ?? '')) found.push(asOf(activity, seenMs));
      }
    }
    if (ids && found.length < ids.size) {
      throw awsError('ValidationError', 'At least one of the activity ids is not found');
    }
    if (groups.length > 1) found.sort((a, b) => timeOf(b) - timeOf(a));
    const page = pageOf(
      found,
      (activity) => activity.ActivityId ?? '',
      `DescribeScalingActivities/${input.AutoScalingGroupName ?? ''}`,
      { limit: input.MaxRecords, nextToken: input.NextToken },
      { ...PAGES, defaultLimit: 100, maxLimit: 100 },
    );
    return { Activities: page.items.map((activity) => ({ ...activity })), NextToken: page.nextToken };
  }
}

/** Before its end it was under way, and nobody knew how it would end. */
function asOf(activity: Activity, seenMs: number): Activity {
  const { EndTime, StatusMessage, ...begun } = activity;
  if (!EndTime || EndTime.getTime() <= seenMs) return activity;
  return {
    ...begun,
    Description: begun.Description?.split(STATUS_REASON)[0],
    StatusCode: 'InProgress',
    Progress: 0,
  };
}

function timeOf(activity: Activity): number {
  return activity.StartTime?.getTime() ?? 0;
}
