import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEvent } from '../../functions/edge/events.ts';

const NOW_MS = Date.parse('2026-11-22T12:00:00Z');
const sample = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(new URL(`../samples/${name}.json`, import.meta.url), 'utf8'));
const read = (event: unknown) => readEvent(event, 'us-east-1', NOW_MS);
const atMs = Date.parse('2026-11-22T11:00:00Z');
type Delivery = { Records: [{ Sns: { Message: string } }] };

describe('an event', () => {
  it.each([
    ['parameter-store-change', { kind: 'parameter', name: 'foo', atMs: Date.parse('2026-11-22T11:43:48Z') }],
    ['ami-state-change', { kind: 'images', imageIds: ['ami-0abcdef1234567890'], atMs }],
    [
      'image-builder-image-state-change',
      {
        kind: 'build',
        buildArn:
          'arn:aws:imagebuilder:us-east-1:111122223333:image/cmkencryptedworkflowtest-a1b2c3d4/1.0.0/1',
        atMs,
      },
    ],
    ['scheduled-event', { kind: 'schedule', atMs }],
    ['spot-interruption', { kind: 'interruption', instanceId: 'i-1234567890abcdef0', atMs }],
    ['ecs-ami-update.sns', { kind: 'images', imageIds: ['ami-0abcdef1234567890'], atMs }],
  ])('of the form %s is understood', (name, cause) => {
    expect(read(sample(name))).toEqual(cause);
  });

  it.each([
    ['a queue gets it', ({ Records: [{ Sns }] }: Delivery) => Sns],
    ['a program passes its message on', ({ Records: [{ Sns }] }: Delivery) => JSON.parse(Sns.Message)],
  ])('of a topic is understood as %s', (_, change) => {
    expect(read(change(sample('ecs-ami-update.sns') as never))).toMatchObject({
      kind: 'images',
      imageIds: ['ami-0abcdef1234567890'],
    });
  });

  it('that a rule sends through a topic is the event itself', () => {
    const Message = JSON.stringify(sample('ami-state-change'));
    expect(read({ Records: [{ Sns: { Message } }] })).toEqual({
      kind: 'images',
      imageIds: ['ami-0abcdef1234567890'],
      atMs,
    });
  });

  it('of EventBridge Scheduler without an input of its own is a schedule', () => {
    const event = { ...sample('scheduled-event'), source: 'aws.scheduler', detail: '{}' };
    expect(read(event)).toEqual({ kind: 'schedule', atMs });
  });

  it('that carries a request, or is one, is a request', () => {
    const request = { cluster: 'prod', reason: 'schedule' };
    expect(read(request)).toEqual({ kind: 'request', request });
    expect(read({ source: 'ecs-rollover', 'detail-type': 'Rollover Requested', detail: request })).toEqual({
      kind: 'request',
      request,
    });
  });

  it('of AWS Health is about a date to come: its own age says nothing', () => {
    const late = { ...sample('health-fargate-retirement'), time: '2026-11-01T00:00:00Z' };
    expect(read(late)).toMatchObject({ kind: 'notice' });
    expect(read({ ...late, 'replay-name': 'monday' })).toMatchObject({ kind: 'nothing' });
  });

  it.each([
    ['replayed from an archive', 'parameter-store-change', { 'replay-name': 'monday' }, /replayed/],
    [
      'older than EventBridge ever delivers',
      'parameter-store-change',
      { time: '2026-11-20T00:00:00Z' },
      /too old/,
    ],
    [
      'of a deleted parameter',
      'parameter-store-change',
      { detail: { operation: 'Delete', name: 'foo' } },
      /deleted/,
    ],
    [
      'of a value that Systems Manager refused',
      'parameter-store-change',
      { detail: { operation: 'Update', name: 'foo', exception: 'Unable to Describe Resource' } },
      /refused/,
    ],
    [
      'of a deregistered image',
      'ami-state-change',
      { detail: { ImageId: 'ami-1', State: 'deregistered' } },
      /deregistered/,
    ],
    [
      'of a build that failed',
      'image-builder-image-state-change',
      { detail: { state: { status: 'FAILED' } } },
      /FAILED/,
    ],
    ['of a service that only pretends', 'ami-state-change', { source: 'my.app' }, /not acted upon/],
  ])('%s is a no-op with its reason', (_, name, change, reason) => {
    expect(read({ ...sample(name), ...change })).toMatchObject({
      kind: 'nothing',
      reason: expect.stringMatching(reason),
    });
  });

  it('of any other shape is a no-op, never an error', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(['nothing', 'request']).toContain(read(value).kind);
      }),
    );
  });
});
