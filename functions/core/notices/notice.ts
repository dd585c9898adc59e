/**
 * Notices of AWS: what they announce, and for what. Several codes announce the same; an unknown one is told and nothing is
 * done for it.
 */

/** What will happen to what a notice names. */
export type NoticeKind =
  /** The instance is stopped or terminated at its date. */
  | 'instance-end'
  | 'instance-reboot'
  | 'instance-network'
  | 'instance-power'
  /** Fargate replaces tasks of services, and stops standalone ones, from its date on. */
  | 'fargate-tasks'
  | 'unknown';

/** What a notice names, in one spelling whatever AWS's was. */
export type NoticeEntity =
  | { readonly of: 'instance'; readonly instanceId: string }
  | { readonly of: 'service'; readonly cluster: string; readonly service: string }
  /** Old task ARNs do not name their cluster. */
  | { readonly of: 'task'; readonly taskArn: string; readonly cluster?: string }
  | { readonly of: 'unknown'; readonly value: string };

/** One delivery of a notice: a page of it, as it stood then. Times are epoch milliseconds. */
export interface Notice {
  readonly account: string;
  readonly region: string;
  /** AWS's name of the event; not unique but together with account and entity. */
  readonly eventArn: string;
  readonly code: string;
  readonly kind: NoticeKind;
  readonly status: 'upcoming' | 'open' | 'closed';
  readonly startMs?: number;
  readonly endMs?: number;
  /** The later of two deliveries says what is true. */
  readonly updatedMs: number;
  readonly entities: readonly NamedEntity[];
}

export interface NamedEntity {
  readonly entity: NoticeEntity;
  /** AWS says that it is over for this one. */
  readonly isResolved: boolean;
}

/**
 * Health's codes, by what they announce; matched in this order. Sources: AWS Health user guide, automating-instance-actions
 * (both retirements), and public rules that list the rest; a code of the same family that is not known today is read by its
 * words.
 */
const INSTANCE_CODES: readonly (readonly [RegExp, NoticeKind])[] = [
  [/REBOOT/, 'instance-reboot'],
  [/NETWORK_MAINTENANCE/, 'instance-network'],
  [/POWER_MAINTENANCE/, 'instance-power'],
  [/_INSTANCE_(RETIREMENT|STOP|TERMINATION)_/, 'instance-end'],
];

/** Dedicated hosts, Regions, accounts and the rest have codes of their own. */
const OF_INSTANCES = /^AWS_EC2_(PERSISTENT_)?(INSTANCE|SYSTEM)_/;

/** Amazon ECS developer guide, task-maintenance. */
const FARGATE_CODE = 'AWS_ECS_TASK_PATCHING_RETIREMENT';

/** What an event of AWS Health announces, by its service, category and code. */
export function classifyHealthEvent(service: string, category: string, code: string): NoticeKind {
  if (category !== 'scheduledChange') return 'unknown';
  if (service === 'ECS') return code === FARGATE_CODE ? 'fargate-tasks' : 'unknown';
  if (service !== 'EC2' || !OF_INSTANCES.test(code)) return 'unknown';
  return INSTANCE_CODES.find(([words]) => words.test(code))?.[1] ?? 'unknown';
}

/** By EC2's own codes. Source: Amazon EC2 API reference, InstanceStatusEvent. */
const SCHEDULED_EVENTS: Readonly<Record<string, NoticeKind>> = {
  'instance-stop': 'instance-end',
  'instance-retirement': 'instance-end',
  'instance-reboot': 'instance-reboot',
  'system-reboot': 'instance-reboot',
  'system-maintenance': 'instance-network',
};

/**
 * What an event of DescribeInstanceStatus announces. `system-maintenance` is of network or power; its description says
 * which. Source: Amazon EC2 user guide, monitoring-instances-status-check_sched.
 */
export function classifyScheduledEvent(code: string, description: string): NoticeKind {
  const kind = SCHEDULED_EVENTS[code] ?? 'unknown';
  return kind === 'instance-network' && /power/i.test(description) ? 'instance-power' : kind;
}

/**
 * An event of DescribeInstanceStatus that is past, "[Completed]", which stays visible for up to a week (Amazon EC2 API
 * reference, InstanceStatusEvent); or called off, "[Canceled]", which only instances are known to be told in their metadata
 * (aws-node-termination-handler reads it there).
 */
export function isScheduledEventOver(description: string | undefined): boolean {
  return description?.startsWith('[') ?? false;
}

/** It is past, not called off. */
export function isScheduledEventDone(description: string | undefined): boolean {
  return description?.startsWith('[Completed]') ?? false;
}

const OF_EC2 = 'ec2:';

/** What an event of DescribeInstanceStatus is called here, beside the ARNs of AWS Health. */
export function nameOfScheduledEvent(instanceEventId: string): string {
  return `${OF_EC2}${instanceEventId}`;
}

/** It was read from EC2 itself. */
export function isOfEc2(eventArn: string): boolean {
  return eventArn.startsWith(OF_EC2);
}

/** The same for every spelling of the same thing. */
export function keyOfEntity(entity: NoticeEntity): string {
  switch (entity.of) {
    case 'instance':
      return entity.instanceId;
    case 'service':
      return `${entity.cluster}/${entity.service}`;
    case 'task':
      return entity.taskArn.slice(entity.taskArn.lastIndexOf('/') + 1);
    case 'unknown':
      return entity.value;
  }
}

const TASK_ARN = /:task\/(?:([^/]+)\/)?[^/]+$/;
const SERVICE_ARN = /:service\/([^/]+)\/([^/]+)$/;
const CLUSTER_AND_SERVICE = /^([^|/:]+?)\s*[|/]\s*([^|/:]+)$/;

/**
 * What one value names. Sources of the spellings: AWS Health user guide, aws-health-events-eventbridge-schema (an
 * instance's ARN, and its id in older events); Amazon ECS developer guide, task-maintenance (`cluster|service`, task ARNs);
 * aws-samples, capturing-aws-fargate-task-retirement-notifications (`cluster/service`).
 */
export function readEntity(text: string): NoticeEntity {
  const value = text.trim();
  const instanceId = /(?:^|\/)(i-[0-9a-f]+)$/.exec(value)?.[1];
  if (instanceId !== undefined) return { of: 'instance', instanceId };
  const task = TASK_ARN.exec(value);
  if (task !== null) return { of: 'task', taskArn: value, ...(task[1] && { cluster: task[1] }) };
  const [, cluster, service] = SERVICE_ARN.exec(value) ?? CLUSTER_AND_SERVICE.exec(value) ?? [];
  if (cluster !== undefined && service !== undefined) return { of: 'service', cluster, service };
  return { of: 'unknown', value };
}
