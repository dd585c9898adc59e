/** What goes wrong in the middle of a run: each fault ends with the outcome that an operator would name, all restored. */
import { describe, expect, it } from 'vitest';
import type { ClusterSpec } from '../../rehearsal/clusters/spec.ts';
import { rehearseCluster } from '../support/rehearse-cluster.ts';

const NEW_IMAGE = 'ami-0bbbbbbbbbbbbbbb2';
const CLUSTER: ClusterSpec = {
  groups: [{ name: 'web', hosts: 3, imageReference: NEW_IMAGE, maxSize: 4 }],
  services: [
    {
      name: 'api',
      desired: 3,
      loadBalancer: { deregistrationDelaySeconds: 10, intervalSeconds: 5, healthyThreshold: 2 },
    },
    { name: 'batch', desired: 3, minimumHealthyPercent: 50, maximumPercent: 100 },
    { name: 'logs', desired: 0, daemon: true },
  ],
};
const SETTINGS = { bakeSeconds: 60 };
const AT_START = { atSeconds: 0 };
const DROPPED = { kind: 'drop-events', ...AT_START, share: 1 };
const TERMINATE = 'AutoScaling.TerminateInstanceInAutoScalingGroup';
const DRAIN = 'ECS.UpdateContainerInstancesState';

type Fault = Readonly<Record<string, unknown>>;

async function rehearseWith(faults: readonly Fault[], settings: Fault = {}) {
  const result = await rehearseCluster(CLUSTER, { faults, settings: { ...SETTINGS, ...settings } });
  expect(result.violations).toEqual([]);
  expect(result.leftovers).toEqual([]);
  expect(result.restored).toBe(true);
  expect(result.tasks.killed).toBe(0);
  expect(result.faults.filter(({ firedAtSeconds }) => firedAtSeconds.length === 0)).toEqual([]);
  return result;
}

const crash = (name: string, afterCalls: number, times = 1): Fault => ({
  kind: 'handler-crash',
  ...AT_START,
  function: name,
  afterCalls,
  times,
});
const stop = (when: string): Fault => ({ kind: 'stop-execution', when });

it('new hosts that stop joining once the trial has passed are not launched for ever: three in a row are a bad image', async () => {
  const cluster: ClusterSpec = {
    groups: [{ name: 'web', hosts: 4, imageReference: NEW_IMAGE }],
    services: [{ name: 'api', desired: 12, cpu: 768, memoryMiB: 1024 }],
  };
  const faults = [{ kind: 'image-never-registers', when: `after-call:${DRAIN}:1` }];
  const result = await rehearseCluster(cluster, { faults, settings: SETTINGS });
  expect(result).toMatchObject({ outcome: 'ROLLED_BACK', violations: [], restored: true, leftovers: [] });
  expect(result.reason).toMatch(/^image ami-\w+ never joined the cluster/);
  expect(result.durationSeconds).toBeLessThan(3 * 3600);
});

describe('a run goes on and replaces every host although', () => {
  it.each<[string, readonly Fault[]]>([
    ['the canary is terminated', [{ kind: 'terminate-instance', when: 'canary-ready', instance: 'canary' }]],
    ['a draining host is stopped', [{ kind: 'stop-instance', when: 'first-drain', instance: 'draining:1' }]],
    [
      'a new host with moved tasks is terminated',
      [{ kind: 'terminate-instance', when: 'half-done', instance: 'new:1' }],
    ],
    [
      'one zone launches nothing',
      [{ kind: 'launch-fails', ...AT_START, zone: 'eu-west-1a', message: 'full', seconds: 90_000 }],
    ],
    [
      'the first attempt to launch fails in every zone',
      [{ kind: 'launch-fails', ...AT_START, message: 'full', times: 3 }],
    ],
    [
      'a fifth of the calls is throttled',
      [{ kind: 'api-error', ...AT_START, operation: 'ECS.*', error: 'ThrottlingException', rate: 0.2 }],
    ],
    ['the answer to a drain is lost', [{ kind: 'lost-response', ...AT_START, operation: DRAIN, times: 2 }]],
    [
      'the answer to a termination is lost',
      [{ kind: 'lost-response', ...AT_START, operation: TERMINATE, times: 1 }],
    ],
    [
      'terminations are refused at first',
      [{ kind: 'api-error', ...AT_START, operation: TERMINATE, error: 'ValidationError', times: 2 }],
    ],
    [
      'ECS is read as it was two minutes ago',
      [{ kind: 'stale-reads', ...AT_START, service: 'ECS', lagSeconds: 120 }],
    ],
    [
      'EC2 is read as it was two minutes ago',
      [{ kind: 'stale-reads', ...AT_START, service: 'EC2', lagSeconds: 120 }],
    ],
    [
      'Auto Scaling answers with what was true two minutes ago',
      [{ kind: 'stale-reads', ...AT_START, service: 'AutoScaling', lagSeconds: 120 }],
    ],
    [
      'a scheduled action asks for more than MaxSize allows',
      [{ kind: 'scheduled-action', when: 'first-drain', group: 'web', desired: 6 }],
    ],
    [
      'prepare, drain and terminate each die once',
      [crash('prepare', 5), crash('drain', 2), crash('terminate', 3)],
    ],
    ['restore dies until its retries are spent', [crash('restore', 2, 5)]],
    [
      'a good deployment comes',
      [{ kind: 'deploy-service', when: 'first-drain', service: 'api', good: true }],
    ],
    [
      'somebody scales out by schedule',
      [{ kind: 'scheduled-action', when: 'first-drain', group: 'web', desired: 4 }],
    ],
    ['every event is lost', [DROPPED]],
    ['every event comes twice', [{ kind: 'duplicate-events', ...AT_START, share: 1 }]],
  ])('%s', async (_, faults) => {
    expect(await rehearseWith(faults)).toMatchObject({ outcome: 'SUCCEEDED', instances: { replaced: 3 } });
  });
});

describe('a bad image is rolled back when', () => {
  it.each<[string, Fault]>([
    ['it never registers', { kind: 'image-never-registers', ...AT_START }],
    [
      'it kills what moves to it',
      { kind: 'image-breaks-tasks', ...AT_START, exitCode: 137, afterSeconds: 20, share: 1 },
    ],
  ])('%s', async (_, fault) => {
    expect(await rehearseWith([fault])).toMatchObject({ outcome: 'ROLLED_BACK', instances: { replaced: 0 } });
  });

  it('an alarm turns red in the bake', async () => {
    const alarm = { kind: 'alarm', when: 'first-drain', name: 'errors', seconds: 600 };
    const result = await rehearseWith([alarm], { alarms: ['errors'], bakeSeconds: 300 });
    expect(result.outcome).toBe('ROLLED_BACK');
  });
});

it('does not blame the image for a failing deployment of the user', async () => {
  const fault = { kind: 'deploy-service', when: 'first-drain', service: 'api', good: false };
  const result = await rehearseWith([fault]);
  expect(['SUCCEEDED', 'PARTIAL', 'FAILED']).toContain(result.outcome);
  expect(result.reason).not.toContain(NEW_IMAGE);
});

describe('what was touched is given back', () => {
  it.each<[string, readonly Fault[]]>([
    ['in its first seconds', [stop('enter-state:Prepare:1')]],
    ['when the canary is ready', [stop('canary-ready')]],
    ['while its first host drains', [stop('first-drain')]],
    ['half-way', [stop('half-done')]],
    ['while its first host drains and no event tells of it', [DROPPED, stop('first-drain')]],
  ])('after a run was stopped %s', async (_, faults) => {
    const result = await rehearseWith(faults);
    expect(result.outcome).toBe('ABORTED');
    expect(result.reason).toContain('stopped from outside');
    expect(result.notifications.map(({ kind }) => kind)).toContain('aborted');
  });

  it('after a run was stopped before it had the cluster', async () => {
    const result = await rehearseWith([{ kind: 'stop-execution', atSeconds: 1 }]);
    expect(result).toMatchObject({ outcome: 'ABORTED', instances: { replaced: 0 } });
    expect(result.notifications.map(({ kind }) => kind)).toEqual(['aborted']);
  });

  it.each(['Restore', 'Report'])(
    'and a stop in %s, once the ending is decided, changes no ending',
    async (state) => {
      const result = await rehearseWith([stop(`enter-state:${state}:1`)]);
      expect(result).toMatchObject({ outcome: 'SUCCEEDED', instances: { replaced: 3 } });
    },
  );

  it.each<[string, Fault, RegExp]>([
    [
      'nothing can be launched',
      { kind: 'launch-fails', ...AT_START, message: 'no m5 left', seconds: 172_800 },
      /no m5 left/,
    ],
    [
      'we may not change the group',
      {
        kind: 'api-error',
        ...AT_START,
        operation: 'AutoScaling.UpdateAutoScalingGroup',
        error: 'AccessDenied',
        rate: 1,
      },
      /AccessDenied/,
    ],
    ['prepare dies again and again', crash('prepare', 2, 5), /Runtime/],
    ['assess dies again and again', crash('assess', 2, 5), /Runtime/],
    ['terminate dies again and again', crash('terminate', 2, 5), /Runtime/],
  ])('after a failure: %s', async (_, fault, reason) => {
    const result = await rehearseWith([fault]);
    expect(result.outcome).toBe('FAILED');
    expect(result.reason).toMatch(reason);
  });
});

it('gives the same result for the same seed although faults are drawn', async () => {
  const faults = [
    { kind: 'api-error', ...AT_START, operation: 'ECS.*', error: 'ServerException', rate: 0.2 },
    stop('half-done'),
  ];
  const once = await rehearseWith(faults);
  expect(await rehearseWith(faults)).toEqual(once);
});

describe('what our role may not do', () => {
  it.each([TERMINATE, DRAIN])(
    '%s: the run ends soon, says so, and leaves no host DRAINING',
    async (operation) => {
      const denied = { operation, error: 'AccessDeniedException', rate: 1, seconds: 172_800 };
      const result = await rehearseCluster(CLUSTER, {
        settings: SETTINGS,
        faults: [{ kind: 'api-error', ...AT_START, ...denied }],
      });
      expect(result).toMatchObject({
        outcome: 'FAILED',
        reason: expect.stringContaining('AccessDeniedException'),
        tasks: { killed: 0 },
      });
      expect(result.durationSeconds).toBeLessThan(3600);
      expect(result.notifications.map(({ kind }) => kind)).toContain('restored-with-warnings');
      // Hosts that nobody may take away stay, and the sizes that hold them: nothing else is left.
      expect(new Set(result.leftovers.map(({ knob }) => knob))).toEqual(
        new Set(['MaxSize', 'DesiredCapacity']),
      );
      expect(result.violations).toEqual([]);
    },
  );
});
