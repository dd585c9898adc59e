import { describe, expect, it } from 'vitest';
import type { NoticeEntry } from '../../../functions/core/notices/entry.ts';
import { isOpenFor, servicesNamed } from '../../../functions/core/redeploy/affected.ts';

function entry(service: string, change: Partial<NoticeEntry> = {}): NoticeEntry {
  return {
    account: '111122223333',
    region: 'eu-west-1',
    eventArn: 'arn:aws:health:eu-west-1::event/1',
    code: 'AWS_ECS_TASK_PATCHING_RETIREMENT',
    kind: 'fargate-tasks',
    entity: { of: 'service', cluster: 'prod', service },
    cluster: 'prod',
    state: 'seen',
    reason: '',
    firstSeenMs: 1,
    announcedMs: 10,
    updatedMs: 10,
    ...change,
  };
}
const serviceOf = ({ entity }: NoticeEntry) => (entity.of === 'service' ? entity.service : undefined);

describe('services that notices name', () => {
  it('are one for all notices about it: the latest announcement and the nearest dates count', () => {
    const [api] = servicesNamed(
      [
        entry('api', { announcedMs: 10, startMs: 900, endMs: 950 }),
        entry('api', { announcedMs: 20, startMs: 500, endMs: 990 }),
      ],
      serviceOf,
    );
    expect(api).toMatchObject({ serviceName: 'api', announcedMs: 20, startMs: 500, endMs: 950 });
    expect(api?.entries).toHaveLength(2);
  });

  it('are not those of entries that are of no service', () => {
    expect(servicesNamed([entry('api'), entry('web')], () => undefined)).toEqual([]);
  });

  it.each<[string, Partial<NoticeEntry>]>([
    ['is over', { state: 'done' }],
    ['was told', { state: 'told' }],
    ['is of another cluster', { cluster: 'stage' }],
    ['is about hosts', { kind: 'instance-end' }],
  ])('do not count where the entry %s', (_, change) => {
    expect(isOpenFor(entry('api'), 'prod')).toBe(true);
    expect(isOpenFor(entry('api', change), 'prod')).toBe(false);
  });
});
