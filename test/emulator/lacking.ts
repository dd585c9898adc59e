/**
 * Operations that the product calls and the emulator does not have, each with what `gateway.ts` answers in its place: AWS's
 * own answer where there is nothing to list, in the protocol of its service. lacking.test.ts asks the emulator for
 * each of them: one that it has learned must leave this table.
 */
export interface Lacking {
  /** By IAM's names. */
  readonly action: string;
  /** What the product asks it for. */
  readonly of: string;
  /** What it hears. */
  readonly answered: string;
  readonly contentType: string;
  /** Source of each: the API reference of its service, the operation's Response Syntax or Example. */
  readonly answer: string;
}

const XML = 'text/xml';
const JSON_1_1 = 'application/x-amz-json-1.1';
const EC2 = 'http://ec2.amazonaws.com/doc/2016-11-15/';

export const LACKING: readonly Lacking[] = [
  {
    action: 'autoscaling:DescribeInstanceRefreshes',
    of: 'whether somebody refreshes the group',
    answered: 'nobody does',
    contentType: XML,
    answer:
      '<DescribeInstanceRefreshesResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/">' +
      '<DescribeInstanceRefreshesResult><InstanceRefreshes/></DescribeInstanceRefreshesResult>' +
      '</DescribeInstanceRefreshesResponse>',
  },
  {
    action: 'ec2:DeleteLaunchTemplateVersions',
    of: 'taking back a version that a run made',
    answered: 'no version was refused; it stays there',
    contentType: XML,
    answer: `<DeleteLaunchTemplateVersionsResponse xmlns="${EC2}"><successfullyDeletedLaunchTemplateVersionSet/><unsuccessfullyDeletedLaunchTemplateVersionSet/></DeleteLaunchTemplateVersionsResponse>`,
  },
  {
    action: 'ec2:DescribeInstanceEventWindows',
    of: 'when AWS may do its maintenance',
    answered: 'no window is set',
    contentType: XML,
    answer: `<DescribeInstanceEventWindowsResponse xmlns="${EC2}"><instanceEventWindowSet/></DescribeInstanceEventWindowsResponse>`,
  },
  {
    action: 'ecs:DescribeServiceRevisions',
    of: 'what a service ran at each deployment',
    answered: 'no revision is known',
    contentType: JSON_1_1,
    answer: JSON.stringify({ serviceRevisions: [], failures: [] }),
  },
  {
    action: 'ecs:GetTaskProtection',
    of: 'which tasks are protected from scale-in',
    answered: 'none is',
    contentType: JSON_1_1,
    answer: JSON.stringify({ protectedTasks: [], failures: [] }),
  },
  {
    action: 'servicequotas:ListServiceQuotas',
    of: 'how many vCPUs may run',
    answered: 'no quota is told',
    contentType: JSON_1_1,
    answer: JSON.stringify({ Quotas: [] }),
  },
];
