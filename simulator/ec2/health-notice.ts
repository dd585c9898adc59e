/**
 * What AWS Health says of an event that EC2 schedules for an instance, beside what DescribeInstanceStatus shows.
 * Sources: AWS Health user guide, aws-health-events-eventbridge-schema (the sample of an instance retirement: open from
 * the notice on, PENDING entity, RFC 1123 times, pages counted in strings), automating-instance-actions (PERSISTENT: the
 * root is an EBS volume), choosing-a-region and about-public-events (the backup Region; copies keep eventArn and
 * communicationId).
 */
import type { InstanceStatusEvent } from '@aws-sdk/client-ec2';
import type { ServiceEvent, World } from '../world.ts';
import type { InstanceRecord } from './instance-record.ts';

/** Backup of every Region of the partition, and what stands in for it. Source: choosing-a-region. */
const BACKUP_REGION = 'us-west-2';
const BACKUP_OF_BACKUP = 'us-east-1';

/** Retirements are named below; the others as public rules for these events list them. */
const TYPE_CODES: Readonly<Record<string, string>> = {
  'instance-reboot': 'AWS_EC2_INSTANCE_REBOOT_MAINTENANCE_SCHEDULED',
  'instance-stop': 'AWS_EC2_INSTANCE_STOP_SCHEDULED',
  'system-maintenance': 'AWS_EC2_INSTANCE_NETWORK_MAINTENANCE_SCHEDULED',
  'system-reboot': 'AWS_EC2_SYSTEM_REBOOT_MAINTENANCE_SCHEDULED',
};

/** The notice as of now, and its copy from the backup Region: told when EC2 schedules, moves, has done it, or calls it off. */
export function announceScheduledEvent(
  world: World,
  record: InstanceRecord,
  event: InstanceStatusEvent,
  isCalledOff = false,
): void {
  const { region, readings, bus } = world;
  const home = noticeOf(world, record, event, isCalledOff);
  bus.emit(home);
  if (!readings.accountNoticesReachBackupRegion) return;
  bus.emit({
    ...home,
    region: region === BACKUP_REGION ? BACKUP_OF_BACKUP : BACKUP_REGION,
    detail: { ...home.detail, backupEvent: 'true' },
  });
}

function noticeOf(
  world: World,
  record: InstanceRecord,
  event: InstanceStatusEvent,
  isCalledOff: boolean,
): ServiceEvent {
  const { accountId, region, clock, readings } = world;
  const typeCode = typeCodeOf(record, event);
  const number = (event.InstanceEventId ?? '').split('-').at(-1) ?? '';
  const isDone = isCalledOff || (event.Description?.startsWith('[') ?? false);
  const over = isCalledOff && !readings.cancelledEntitiesResolve ? 'UNIMPAIRED' : 'RESOLVED';
  const now = new Date(clock.nowMs).toUTCString();
  return {
    source: 'aws.health',
    detailType: 'AWS Health Event',
    delivery: 'durable',
    resources: readings.noticesNameInstancesByArn ? [] : [record.instanceId],
    detail: {
      eventArn: `arn:aws:health:${region}::event/${typeCode}_${number}`,
      service: 'EC2',
      eventTypeCode: typeCode,
      eventTypeCategory: 'scheduledChange',
      eventScopeCode: 'ACCOUNT_SPECIFIC',
      communicationId: `${number}${clock.nowMs.toString(16)}-1`,
      startTime: event.NotBefore?.toUTCString(),
      ...(event.NotAfter && { endTime: event.NotAfter.toUTCString() }),
      lastUpdatedTime: now,
      statusCode: isDone ? 'closed' : 'open',
      eventRegion: region,
      eventDescription: [{ language: 'en_US', latestDescription: event.Description ?? '' }],
      eventMetadata: {},
      affectedEntities: [
        {
          entityValue: readings.noticesNameInstancesByArn
            ? `arn:aws:ec2:${region}:${accountId}:instance/${record.instanceId}`
            : record.instanceId,
          lastUpdatedTime: now,
          status: isDone ? over : 'PENDING',
        },
      ],
      affectedAccount: accountId,
      page: '1',
      totalPages: '1',
      backupEvent: 'false',
      personas: ['OPERATIONS'],
      actionability: 'ACTION_REQUIRED',
    },
  };
}

function typeCodeOf({ description }: InstanceRecord, { Code: code }: InstanceStatusEvent): string {
  if (code !== 'instance-retirement') return TYPE_CODES[code ?? ''] ?? '';
  return description.RootDeviceType === 'instance-store'
    ? 'AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED'
    : 'AWS_EC2_PERSISTENT_INSTANCE_RETIREMENT_SCHEDULED';
}
