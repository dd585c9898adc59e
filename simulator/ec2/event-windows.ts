/** Event windows as captured; nobody makes or changes one here. What they mean to Fargate is `ecs/fargate/event-windows.ts`. */
import type { DescribeInstanceEventWindowsRequest, InstanceEventWindow } from '@aws-sdk/client-ec2';
import { awsError, NotSimulated } from '../kernel/aws-error.ts';
import { pageOf } from '../kernel/pages.ts';
import { EC2_PAGES } from './page-rules.ts';

/** Source: Amazon EC2 API reference, DescribeInstanceEventWindows: MaxResults "between 20 and 500", not with ids. */
const PAGES = { ...EC2_PAGES, defaultLimit: 500, maxLimit: 500, minLimit: 20 };

/** @throws `InvalidParameterValue`, `InvalidParameterCombination`, `InvalidInstanceEventWindowID.NotFound` */
export function describeInstanceEventWindows(
  windows: readonly InstanceEventWindow[],
  { InstanceEventWindowIds: ids, MaxResults, NextToken, Filters }: DescribeInstanceEventWindowsRequest,
) {
  if (Filters?.length) throw new NotSimulated('EC2.DescribeInstanceEventWindows with Filters');
  if (ids && MaxResults !== undefined)
    throw awsError(
      'InvalidParameterCombination',
      'The parameter instanceEventWindowIds cannot be used with the parameter maxResults',
    );
  const unknown = ids?.find((id) => !windows.some((window) => window.InstanceEventWindowId === id));
  if (unknown !== undefined)
    throw awsError(
      'InvalidInstanceEventWindowID.NotFound',
      `The instance event window ID '${unknown}' does not exist`,
    );
  const found = windows.filter(({ InstanceEventWindowId: id = '' }) => !ids || ids.includes(id));
  const page = pageOf(
    found,
    (window) => window.InstanceEventWindowId ?? '',
    'DescribeInstanceEventWindows',
    { limit: MaxResults, nextToken: NextToken },
    PAGES,
  );
  return { InstanceEventWindows: page.items, NextToken: page.nextToken };
}
