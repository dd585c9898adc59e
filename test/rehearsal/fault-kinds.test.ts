/**
 * Every kind of fault at drawn moments of whole runs, at targets that fit and at odd ones: the account answers as AWS or
 * does nothing, and says which faults never fired. `FAULT_RUNS=60` looks longer, `FAULT_FIRST_RUN=41` at
 * one again.
 */
import { describe, expect, it } from 'vitest';
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import { FAULT_KINDS, type FaultKind } from '../../simulator/faults/schema.ts';
import { RandomStreams } from '../../simulator/kernel/random.ts';
import { rehearseCapture } from '../support/rehearse-cluster.ts';

const RUNS = Number(process.env.FAULT_RUNS ?? 6);
const FIRST_RUN = Number(process.env.FAULT_FIRST_RUN ?? 0);
const IMAGE = 'ami-0bbbbbbbbbbbbbbb2';
const CLUSTER = {
  groups: [{ name: 'web', hosts: 3, imageReference: IMAGE, maxSize: 6 }],
  services: [
    { name: 'api', desired: 4 },
    { name: 'logs', desired: 0, daemon: true },
  ],
};
const MOMENTS = [
  'canary-ready',
  'first-drain',
  'half-done',
  'after-call:ECS.UpdateContainerInstancesState:2',
  'after-call:AutoScaling.*:9',
  'enter-state:Drain:1',
];

/** Arguments by kind; each list ends with a target that is odd: a DAEMON service, a name that nobody has. */
const service = ['api', 'logs', 'nobody'];
const group = ['web', 'nobody'];
const instance = ['outdated:1', 'draining:1', 'canary', 'i-0123456789abcdef0'];
const operation = ['ECS.*', 'AutoScaling.SetDesiredCapacity', 'Nothing.AtAll'];
const image = [IMAGE, 'ami-0123456789abcdef0'];
const seconds = [0, 90];
const SHARE = [0.2];
const soon = ['2026-12-01T00:00:00Z'];
const ARGUMENTS: Readonly<Record<FaultKind, Readonly<Record<string, readonly unknown[]>>>> = {
  'image-never-registers': { image },
  'image-breaks-tasks': { image, exitCode: [1], afterSeconds: [20], share: SHARE },
  'agent-disconnects': { instance, seconds },
  'terminate-instance': { instance },
  'stop-instance': { instance },
  'spot-interruption': { instance },
  'launch-fails': { message: ['full'], seconds },
  'api-error': { operation, error: ['ThrottlingException'], rate: SHARE, seconds: [300] },
  'lost-response': { operation, times: [2] },
  'handler-crash': { function: ['assess', 'drain', 'nobody'], afterCalls: [1], times: [1] },
  'stop-execution': {},
  'stale-reads': { service: ['ECS', 'AutoScaling', 'CloudWatch', 'SFN', 'nobody'], lagSeconds: [60] },
  'task-stuck-stopping': { service, seconds },
  'pending-stall': { service, seconds },
  'protect-task': { service, seconds },
  'end-task': { service, exitCode: [1] },
  'scale-service': { service, desired: [0, 5] },
  'deploy-service': { service, good: [true] },
  'scheduled-action': { group, desired: [0, 4, 40] },
  'az-rebalance': { group },
  'managed-scale-in': { group },
  'set-instance-active': { instance },
  'change-launch-template': { group, image },
  'start-instance-refresh': { group },
  'publish-image': { parameter: ['/golden/ecs/image-id', '/nobody'], image },
  'delete-image-digest': { service },
  'move-image-tag': { service },
  'retire-fargate-tasks': { service, startTime: soon },
  'schedule-instance-event': { instance, code: ['instance-retirement', 'system-reboot'], notBefore: soon },
  'cancel-instance-event': { instance },
  'send-event': { event: [{ source: 'aws.health', 'detail-type': 'AWS Health Event', detail: {} }, {}] },
  'duplicate-events': { share: SHARE },
  'drop-events': { share: SHARE },
  alarm: { name: ['errors'], seconds },
};

/** All kinds, shuffled, in as many runs; every run draws its own moments and targets. */
function faultsOf(run: number): Readonly<Record<string, unknown>>[] {
  const random = new RandomStreams(run + 1).stream('faults');
  const pick = <T>(items: readonly T[]): T => items[random.integer(0, items.length - 1)] as T;
  return FAULT_KINDS.filter((_, at) => (at + run) % RUN_SHARES === 0).map((kind) => ({
    kind,
    when: pick(MOMENTS),
    ...Object.fromEntries(Object.entries(ARGUMENTS[kind]).map(([name, values]) => [name, pick(values)])),
  }));
}
/** So many runs hold every kind once. */
const RUN_SHARES = 6;

describe('whatever happens whenever', () => {
  it.each(Array.from({ length: RUNS }, (_, run) => FIRST_RUN + run))(
    'run %i ends with an outcome and tells of each fault',
    async (run) => {
      const faults = faultsOf(run);
      const { result } = await rehearseCapture(
        buildCapture(CLUSTER),
        { settings: { bakeSeconds: 60 }, faults, horizonSeconds: 86_400 },
        run + 1,
      );
      expect(result.faults.map(({ kind }) => kind)).toEqual(faults.map(({ kind }) => kind));
      for (const { firedAtSeconds } of result.faults) expect(firedAtSeconds.length).toBeLessThanOrEqual(1);
      expect({ run, violations: result.violations }).toEqual({ run, violations: [] });
    },
    60_000,
  );
});
