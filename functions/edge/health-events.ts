/**
 * AWS Health's events on the bus, read into notices. Whatever is malformed in one is left out and the rest is read: a notice
 * is never lost because of its shape.
 *
 * Sources: AWS Health user guide, aws-health-events-eventbridge-schema (fields, pages, RFC 1123 times, backup Regions, the
 * organisation's view) and its older samples; Amazon ECS developer guide, task-maintenance (no status, service in
 * `resources`, tasks in `affectedEntities`).
 */
import * as z from 'zod';
import {
  classifyHealthEvent,
  keyOfEntity,
  type NamedEntity,
  type Notice,
  readEntity,
} from '../core/notices/notice.ts';

const text = z.string().optional().catch(undefined);

const detailSchema = z.object({
  eventArn: z.string().min(1),
  service: z.string(),
  eventTypeCode: z.string(),
  eventTypeCategory: text,
  eventRegion: text,
  startTime: text,
  endTime: text,
  lastUpdatedTime: text,
  statusCode: z.enum(['upcoming', 'open', 'closed']).catch('open'),
  affectedAccount: text,
  affectedEntities: z.array(z.unknown()).catch([]),
});

const entitySchema = z.object({ entityValue: z.string().min(1), status: text });

/** What surrounds the detail, as far as a notice takes something from it. */
export interface HealthEvent {
  readonly account?: string | undefined;
  readonly region?: string | undefined;
  readonly time?: string | undefined;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

/** The notice in an event of AWS Health; undefined when it names no event, service or code. */
export function readHealthEvent(event: HealthEvent): Notice | undefined {
  const parsed = detailSchema.safeParse(event.detail);
  if (!parsed.success) return undefined;
  const { eventArn, service, eventTypeCode, eventTypeCategory, statusCode, ...detail } = parsed.data;
  const startMs = timeOf(detail.startTime);
  const endMs = timeOf(detail.endTime);
  return {
    account: detail.affectedAccount ?? event.account ?? '',
    region: detail.eventRegion ?? event.region ?? '',
    eventArn,
    code: eventTypeCode,
    kind: classifyHealthEvent(service, eventTypeCategory ?? '', eventTypeCode),
    status: statusCode,
    ...(startMs !== undefined && { startMs }),
    ...(endMs !== undefined && { endMs }),
    updatedMs: timeOf(detail.lastUpdatedTime) ?? timeOf(event.time) ?? 0,
    entities: entitiesOf(detail.affectedEntities, event.resources),
  };
}

/** RFC 1123 as Health writes it, or ISO 8601; undefined where it is neither. */
function timeOf(written: string | undefined): number | undefined {
  const ms = Date.parse(written ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}

/** Those of `affectedEntities` with their status, then what `resources` alone names; each once. */
function entitiesOf(affected: readonly unknown[], resources: readonly string[]): NamedEntity[] {
  const named = new Map<string, NamedEntity>();
  for (const item of affected) {
    const parsed = entitySchema.safeParse(item);
    if (!parsed.success) continue;
    const entity = readEntity(parsed.data.entityValue);
    named.set(keyOfEntity(entity), { entity, isResolved: parsed.data.status === 'RESOLVED' });
  }
  for (const value of resources) {
    const entity = readEntity(value);
    const key = keyOfEntity(entity);
    if (!named.has(key)) named.set(key, { entity, isResolved: false });
  }
  return [...named.values()];
}
