/**
 * Notices in the shapes that AWS documents. The samples are of the AWS Health user guide
 * (aws-health-events-eventbridge-schema, and cloudwatch-events-health of older days) and of the Amazon ECS developer guide
 * (task-maintenance). Corrected there: a brace too many after affectedEntities, and the account number.
 */
import { readdirSync, readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HealthEvent, readHealthEvent } from '../../functions/edge/health-events.ts';

function sample(name: string): HealthEvent {
  const event = JSON.parse(readFileSync(new URL(`../samples/${name}.json`, import.meta.url), 'utf8'));
  return { resources: [], ...event };
}

function changed(name: string, detail: Readonly<Record<string, unknown>>): HealthEvent {
  const event = sample(name);
  return { ...event, detail: { ...event.detail, ...detail } };
}

it('every sample is named with its source by docs/notices.md', () => {
  const page = readFileSync(new URL('../../docs/notices.md', import.meta.url), 'utf8');
  const samples = readdirSync(new URL('../samples/', import.meta.url)).filter((name) =>
    /^health-/.test(name),
  );
  expect(samples.length).toBeGreaterThan(0);
  for (const name of samples) expect(page).toContain(`sample \`${name.replace('.json', '')}\``);
});

describe('an event of AWS Health', () => {
  it('about an instance that retires names it, its date and its state', () => {
    expect(readHealthEvent(sample('health-ec2-retirement'))).toEqual({
      account: '123456789012',
      region: 'us-east-1',
      eventArn: 'arn:aws:health:us-east-1::event/AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED_90353408594353983',
      code: 'AWS_EC2_INSTANCE_RETIREMENT_SCHEDULED',
      kind: 'instance-end',
      status: 'open',
      startMs: Date.UTC(2026, 7, 27, 13, 19, 3),
      updatedMs: Date.UTC(2026, 0, 27, 13, 44, 13),
      entities: [{ entity: { of: 'instance', instanceId: 'i-1234567890abcdef0' }, isResolved: false }],
    });
  });

  it('of the older form names its instance once, and announces nothing that we act upon', () => {
    const notice = readHealthEvent(sample('health-ec2-older'));
    expect(notice?.kind).toBe('unknown');
    expect(notice?.entities).toEqual([
      { entity: { of: 'instance', instanceId: 'i-abcd1111' }, isResolved: false },
    ]);
    // It has no lastUpdatedTime: the time of its delivery stands in.
    expect(notice?.updatedMs).toBe(Date.UTC(2016, 5, 5, 6, 27, 57));
  });

  it('about Fargate names services under resources and tasks under affectedEntities, each once', () => {
    const notice = readHealthEvent(sample('health-fargate-retirement'));
    expect(notice?.kind).toBe('fargate-tasks');
    expect(notice?.entities.map(({ entity }) => entity)).toEqual([
      {
        of: 'task',
        taskArn: 'arn:aws:ecs:eu-west-1:123456789012:task/examplecluster/00805ce1d81940b5a37398e5a2c23333',
        cluster: 'examplecluster',
      },
      { of: 'service', cluster: 'cluster', service: 'service' },
    ]);
  });

  it("of an organisation's view belongs to the account and Region that it affects", () => {
    const event = changed('health-ec2-retirement', {
      affectedAccount: '444455556666',
      eventRegion: 'eu-west-1',
      backupEvent: 'true',
    });
    expect(readHealthEvent(event)).toMatchObject({ account: '444455556666', region: 'eu-west-1' });
  });

  it('with malformed parts keeps what can be read', () => {
    const event = changed('health-ec2-retirement', {
      startTime: 'soon',
      statusCode: 'weird',
      affectedEntities: [null, { entityValue: 7 }, { entityValue: ' i-0abc ' }],
    });
    const notice = readHealthEvent(event);
    expect(notice).toMatchObject({ status: 'open', kind: 'instance-end' });
    expect(notice).not.toHaveProperty('startMs');
    expect(notice?.entities).toEqual([
      { entity: { of: 'instance', instanceId: 'i-0abc' }, isResolved: false },
    ]);
  });

  it('never throws, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (detail) => {
        expect(() => readHealthEvent(changed('health-ec2-retirement', detail))).not.toThrow();
        expect(() => readHealthEvent({ resources: [], detail })).not.toThrow();
      }),
    );
  });
});
