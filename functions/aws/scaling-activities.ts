/**
 * Scaling activities of a group that failed to launch. The list goes back six weeks, newest first, and a run of thousands of
 * hosts adds thousands: what has ended is read once, and each look begins where the last one left off.
 */
import {
  type Activity,
  type AutoScalingClient,
  paginateDescribeScalingActivities,
} from '@aws-sdk/client-auto-scaling';
import { perContainer } from './container-memory.ts';

/** AWS's limit per call (Amazon EC2 Auto Scaling API reference, DescribeScalingActivities). */
const PAGE = 100;
/** Statuses that never change again (the same, Activity.StatusCode). */
const ENDED = new Set(['Successful', 'Failed', 'Cancelled']);
/** Nothing says that an activity is listed as soon as it begins: one that began so long before is looked for once more. */
const LATE_MS = 300_000;

interface Known {
  readonly sinceMs: number;
  /** Whatever began before has ended, and is in `failed` if it failed; epoch milliseconds. */
  readonly untilMs: number;
  readonly failed: readonly Activity[];
}

const known = perContainer(() => new Map<string, Known>());

/** Launches that began since `sinceMs` (epoch milliseconds) and failed or were cancelled, newest first. */
export async function listFailedLaunches(
  autoScaling: AutoScalingClient,
  AutoScalingGroupName: string,
  sinceMs: number,
): Promise<readonly Activity[]> {
  const last = known().get(AutoScalingGroupName);
  const before = last?.sinceMs === sinceMs ? last : { sinceMs, untilMs: sinceMs, failed: [] };
  const found: Activity[] = [];
  const pages = paginateDescribeScalingActivities(
    { client: autoScaling, pageSize: PAGE },
    { AutoScalingGroupName },
  );
  for await (const { Activities = [] } of pages) {
    found.push(...Activities.filter((activity) => startOf(activity) >= before.untilMs));
    // Newest first: the first older one ends the search.
    if (Activities.some((activity) => startOf(activity) < before.untilMs)) break;
  }
  const failed = [
    ...found.filter(isFailedLaunch),
    ...before.failed.filter((activity) => startOf(activity) < before.untilMs),
  ];
  const starts = found.map(startOf);
  const open = found.filter(({ StatusCode = '' }) => !ENDED.has(StatusCode)).map(startOf);
  const newestMs = starts.reduce((latest, startMs) => Math.max(latest, startMs), before.untilMs) - LATE_MS;
  const untilMs = Math.max(
    before.untilMs,
    open.reduce((oldest, startMs) => Math.min(oldest, startMs), newestMs),
  );
  known().set(AutoScalingGroupName, { sinceMs, untilMs, failed });
  return failed;
}

const startOf = ({ StartTime }: Activity) => StartTime?.getTime() ?? 0;

function isFailedLaunch({ StatusCode, Description }: Activity): boolean {
  return (
    (StatusCode === 'Failed' || StatusCode === 'Cancelled') && Boolean(Description?.startsWith('Launching'))
  );
}
