import {
  type Activity,
  AutoScalingClient,
  DescribeScalingActivitiesCommand,
} from '@aws-sdk/client-auto-scaling';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { beginAsNewContainer } from '../../functions/aws/container-memory.ts';
import { listFailedLaunches } from '../../functions/aws/scaling-activities.ts';

const START_MS = Date.parse('2026-11-22T12:00:00Z');
const PAGE = 100;
const autoScaling = mockClient(AutoScalingClient);
const client = new AutoScalingClient();
/** Newest first, as AWS lists them. */
let activities: Activity[] = [];

const activity = (id: string, seconds: number, rest: Partial<Activity> = {}): Activity => ({
  ActivityId: id,
  AutoScalingGroupName: 'web',
  Description: 'Launching a new EC2 instance: i-1',
  Cause: '',
  StartTime: new Date(START_MS + seconds * 1000),
  StatusCode: 'Successful',
  ...rest,
});
const idsFound = async () =>
  (await listFailedLaunches(client, 'web', START_MS)).map(({ ActivityId }) => ActivityId);
const pagesRead = () => autoScaling.commandCalls(DescribeScalingActivitiesCommand).length;

describe('failed launches', () => {
  beforeEach(() => {
    beginAsNewContainer();
    activities = [];
    autoScaling.reset();
    autoScaling.on(DescribeScalingActivitiesCommand).callsFake(({ NextToken = '0' }) => {
      const from = Number(NextToken);
      const more = from + PAGE < activities.length;
      return {
        Activities: activities.slice(from, from + PAGE),
        ...(more && { NextToken: String(from + PAGE) }),
      };
    });
  });

  it('are those since the run began, whatever became of the others', async () => {
    activities = [
      activity('running', 30, { StatusCode: 'InProgress' }),
      activity('cancelled', 20, { StatusCode: 'Cancelled' }),
      activity('end', 15, { StatusCode: 'Failed', Description: 'Terminating EC2 instance: i-1' }),
      activity('failed', 10, { StatusCode: 'Failed' }),
      activity('old', -10, { StatusCode: 'Failed' }),
    ];
    expect(await idsFound()).toEqual(['cancelled', 'failed']);
  });

  it('are read back only to where the look before left off, and none is lost or told twice', async () => {
    const many = Array.from({ length: 1000 }, (_, n) => activity(`early-${n}`, 1000 - n));
    activities = [activity('first', 1001, { StatusCode: 'Failed' }), ...many];
    expect(await idsFound()).toEqual(['first']);
    expect(pagesRead()).toBe(11);

    autoScaling.resetHistory();
    activities = [activity('second', 2000, { StatusCode: 'Failed' }), ...activities];
    expect(await idsFound()).toEqual(['second', 'first']);
    expect(await idsFound()).toEqual(['second', 'first']);
    expect(pagesRead()).toBeLessThanOrEqual(2 * 4);
  });

  it('are found where a launch of long ago fails only now', async () => {
    const slow = activity('slow', 0, { StatusCode: 'InProgress' });
    activities = [...Array.from({ length: 500 }, (_, n) => activity(`after-${n}`, 5000 - n)), slow];
    expect(await idsFound()).toEqual([]);
    activities = [...activities.slice(0, -1), { ...slow, StatusCode: 'Failed' }];
    expect(await idsFound()).toEqual(['slow']);
  });
});
