/**
 * Operations that the product calls and the emulator does not have, each with what `gateway.ts` answers in its place: AWS's
 * own answer where there is nothing to list, in the protocol of its service. contract/lacking.test.ts asks the emulator for
 * each of them: one that it has learned must leave this table.
 */
export interface Lacking {
  /** By IAM's names. */
  readonly action: string;
  /** What the product asks it for. */
  readonly of: string;
  readonly contentType: string;
  /** Source of each: the API reference of its service, the operation's Response Syntax or Example. */
  readonly answer: string;
}

const XML = 'text/xml';
const JSON_1_1 = 'application/x-amz-json-1.1';

const autoScaling = (operation: string, result: string) =>
  `<${operation}Response xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"><${operation}Result>${result}</${operation}Result></${operation}Response>`;

export const LACKING: readonly Lacking[] = [
  {
    action: 'autoscaling:DescribeInstanceRefreshes',
    of: 'whether somebody refreshes the group',
    contentType: XML,
    answer: autoScaling('DescribeInstanceRefreshes', '<InstanceRefreshes/>'),
  },
  {
    action: 'ecs:GetTaskProtection',
    of: 'which tasks are protected from scale-in',
    contentType: JSON_1_1,
    answer: JSON.stringify({ protectedTasks: [], failures: [] }),
  },
  {
    action: 'servicequotas:ListServiceQuotas',
    of: 'how many vCPUs may run',
    contentType: JSON_1_1,
    answer: JSON.stringify({ Quotas: [] }),
  },
];
