/**
 * What AWS Health says of a Fargate retirement. One notice for the tasks of services, as `cluster|service`, and one for
 * standalone tasks, by ARN; each is told again when its status or that of its entities changes.
 * Sources: Amazon ECS developer guide, task-maintenance (the event, IMPAIRED until stopped or replaced, then RESOLVED);
 * AWS Health user guide, aws-health-events-eventbridge-schema (pages of 256 KB, counted in strings; RFC 1123 times).
 */
import type { ServiceEvent } from '../../world.ts';

/** The sample's endTime is two days after its startTime. */
const ENDS_AFTER_MS = 2 * 86_400_000;

/** Room for the rest of the event beside its entities. */
const ENTITIES_PAGE_BYTES = 250_000;

export interface NoticeEntity {
  /** `cluster|service`, or a task's ARN. */
  readonly value: string;
  isResolved: boolean;
  changedAtMs: number;
}

export interface Notice {
  readonly id: string;
  readonly communicationId: string;
  readonly of: 'services' | 'tasks';
  readonly startMs: number;
  readonly entities: readonly NoticeEntity[];
}

/** The notice as of now: one event a page. */
export function noticeEvents(
  notice: Notice,
  account: { readonly accountId: string; readonly region: string; readonly nowMs: number },
): ServiceEvent[] {
  const { accountId, region, nowMs } = account;
  const pages = pagesOf(notice.entities);
  return pages.map((entities, at) => ({
    source: 'aws.health',
    detailType: 'AWS Health Event',
    delivery: 'durable',
    resources: entities.map(({ value }) => value),
    detail: {
      eventArn: `arn:aws:health:${region}::event/ECS/AWS_ECS_TASK_PATCHING_RETIREMENT/AWS_ECS_TASK_PATCHING_RETIREMENT_${notice.id}`,
      service: 'ECS',
      eventTypeCode: 'AWS_ECS_TASK_PATCHING_RETIREMENT',
      eventTypeCategory: 'scheduledChange',
      eventScopeCode: 'ACCOUNT_SPECIFIC',
      communicationId: `${notice.communicationId}-${at + 1}`,
      startTime: inHealthsWords(notice.startMs),
      endTime: inHealthsWords(notice.startMs + ENDS_AFTER_MS),
      lastUpdatedTime: inHealthsWords(nowMs),
      statusCode: statusOf(notice, nowMs),
      eventRegion: region,
      eventDescription: [{ language: 'en_US', latestDescription: descriptionOf(notice) }],
      eventMetadata: {},
      affectedEntities: entities.map(({ value, isResolved, changedAtMs }) => ({
        entityValue: value,
        lastUpdatedTime: inHealthsWords(changedAtMs),
        status: isResolved ? 'RESOLVED' : 'IMPAIRED',
      })),
      affectedAccount: accountId,
      page: String(at + 1),
      totalPages: String(pages.length),
      backupEvent: 'false',
      personas: ['OPERATIONS'],
      actionability: 'ACTION_MAY_BE_REQUIRED',
    },
  }));
}

function statusOf(notice: Notice, nowMs: number): 'upcoming' | 'open' | 'closed' {
  if (notice.entities.every(({ isResolved }) => isResolved)) return 'closed';
  return notice.startMs > nowMs ? 'upcoming' : 'open';
}

function descriptionOf(notice: Notice): string {
  const what = `A software update has been deployed to Fargate. From ${inHealthsWords(notice.startMs)} on,`;
  return notice.of === 'services'
    ? `${what} Amazon ECS replaces the tasks of the listed services that run on the retired platform version revision.`
    : `${what} the listed tasks, which run on the retired platform version revision, are stopped and not replaced.`;
}

/** As AWS Health writes times: RFC 1123, in seconds. */
function inHealthsWords(atMs: number): string {
  return new Date(atMs).toUTCString();
}

function pagesOf(entities: readonly NoticeEntity[]): NoticeEntity[][] {
  const pages: NoticeEntity[][] = [[]];
  let bytes = 0;
  for (const entity of entities) {
    // Twice: it stands under resources and under affectedEntities, there with status and time.
    const size = 2 * entity.value.length + 120;
    if (bytes + size > ENTITIES_PAGE_BYTES) {
      pages.push([]);
      bytes = 0;
    }
    bytes += size;
    pages.at(-1)?.push(entity);
  }
  return pages;
}
