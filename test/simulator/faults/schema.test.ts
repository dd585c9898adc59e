import { describe, expect, it } from 'vitest';
import { FAULT_KINDS, faultsSchema } from '../../../simulator/faults/schema.ts';

function problems(faults: unknown): string[] {
  const parsed = faultsSchema.safeParse(faults);
  return (parsed.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

/** One valid fault of every kind, with every argument that the contract names. */
const VALID: Record<string, object[]> = {
  'image-never-registers': [{}, { image: 'ami-0bad' }],
  'image-breaks-tasks': [
    { image: 'ami-0bad', services: ['web'], exitCode: 137, afterSeconds: 5, share: 0.5 },
  ],
  'agent-disconnects': [
    { instance: 'new:1', seconds: 60 },
    { share: 0.5, seconds: 60 },
  ],
  'terminate-instance': [{ instance: 'outdated:2' }],
  'stop-instance': [{ instance: 'draining:1' }],
  'spot-interruption': [{ instance: 'i-0123456789abcdef0' }],
  'launch-fails': [
    { zone: 'eu-west-1a', message: 'no capacity', seconds: 600 },
    { message: 'no capacity', times: 2 },
  ],
  'api-error': [
    { operation: 'ECS.*', error: 'ThrottlingException', rate: 0.1, seconds: 60 },
    { operation: 'EC2.DescribeImages', error: 'InternalError', times: 3 },
  ],
  'lost-response': [{ operation: 'AutoScaling.TerminateInstanceInAutoScalingGroup', times: 1 }],
  'handler-crash': [{ function: 'drain', afterCalls: 2, times: 1 }],
  'stop-execution': [{}],
  'stale-reads': [{ service: 'ECS', lagSeconds: 20 }],
  'task-stuck-stopping': [
    { service: 'web', seconds: 900 },
    { task: 'abc', seconds: 900 },
  ],
  'pending-stall': [{ seconds: 1200 }, { service: 'web', seconds: 1200 }],
  'protect-task': [{ service: 'web', seconds: 3600 }],
  'end-task': [
    { family: 'report', exitCode: 0 },
    { service: 'web', exitCode: 1 },
    { task: 'abc', exitCode: 0 },
  ],
  'scale-service': [{ service: 'web', desired: 3 }],
  'deploy-service': [{ service: 'web', good: false }],
  'scheduled-action': [{ group: 'hosts', desired: 4 }],
  'az-rebalance': [{}, { group: 'hosts' }],
  'managed-scale-in': [{}, { group: 'hosts' }],
  'set-instance-active': [{ instance: 'draining:1' }],
  'change-launch-template': [{ group: 'hosts', image: 'ami-0new' }],
  'start-instance-refresh': [{}, { group: 'hosts' }],
  'publish-image': [{ parameter: '/golden', image: 'ami-0new' }],
  'delete-image-digest': [{ service: 'web' }],
  'move-image-tag': [{ service: 'web' }],
  'retire-fargate-tasks': [{ service: 'web', startTime: '2026-12-01T00:00:00Z' }],
  'schedule-instance-event': [
    { instance: 'canary', code: 'instance-retirement', notBefore: '2026-12-01T00:00:00Z' },
  ],
  'cancel-instance-event': [{ instance: 'outdated:1' }],
  'send-event': [{ event: { source: 'aws.health' } }],
  'duplicate-events': [{ share: 0.2 }],
  'drop-events': [{ share: 0.2 }],
  alarm: [{ name: '5xx', seconds: 300 }],
};

describe('a fault as data', () => {
  it('has these kinds', () => {
    expect(Object.keys(VALID).sort()).toEqual([...FAULT_KINDS].sort());
  });

  it.each(Object.entries(VALID))('%s takes its arguments and a moment', (kind, examples) => {
    for (const example of examples) {
      expect(problems([{ kind, atSeconds: 0, ...example }])).toEqual([]);
      expect(problems([{ kind, when: 'half-done', ...example }])).toEqual([]);
    }
  });

  it.each(Object.entries(VALID))(
    '%s refuses an argument that it does not have, by its name',
    (kind, [example]) => {
      expect(problems([{ kind, atSeconds: 0, ...example, colour: 'red' }])).toEqual([
        `0.colour: ${kind} has no argument "colour"`,
      ]);
    },
  );

  it('is refused by the name of an unknown kind', () => {
    expect(problems([{ kind: 'earthquake', atSeconds: 0 }])).toEqual([
      expect.stringMatching(
        /^0\.kind: unknown kind of fault "earthquake"; known are image-never-registers, /,
      ),
    ]);
  });

  it.each([
    ['first-drain'],
    ['canary-ready'],
    ['half-done'],
    ['after-call:ECS.DescribeTasks:3'],
    ['after-call:DynamoDB.*:1'],
    ['enter-state:Wait for replacement:2'],
  ])('knows the moment %s', (when) => {
    expect(problems([{ kind: 'stop-execution', when }])).toEqual([]);
  });

  it.each([
    ['last-drain'],
    ['after-call:DescribeTasks:1'],
    ['after-call:ECS.DescribeTasks:0'],
    ['enter-state:Drain'],
  ])('does not know the moment %s', (when) => {
    expect(problems([{ kind: 'stop-execution', when }])).toEqual([
      expect.stringMatching(/^0\.when: must be /),
    ]);
  });

  it('has exactly one moment', () => {
    expect(problems([{ kind: 'stop-execution' }])).toEqual(['0: stop-execution needs atSeconds or when']);
    expect(problems([{ kind: 'stop-execution', atSeconds: 1, when: 'half-done' }])).toEqual([
      '0: stop-execution takes only one of atSeconds, when',
    ]);
  });

  it('has exactly one of the arguments that exclude each other', () => {
    expect(problems([{ kind: 'end-task', atSeconds: 1, exitCode: 0 }])).toEqual([
      '0: end-task needs service or family or task',
    ]);
    expect(problems([{ kind: 'launch-fails', atSeconds: 1, message: 'x', seconds: 1, times: 1 }])).toEqual([
      '0: launch-fails takes only one of seconds, times',
    ]);
  });

  it('tells every problem of every fault at once', () => {
    expect(
      problems([
        { kind: 'alarm', atSeconds: -1, name: '' },
        { kind: 'terminate-instance', instance: 'old:1', when: 'first-drain' },
      ]),
    ).toHaveLength(4);
  });
});
