/**
 * After an abort, or a Stop in the console, nothing changes the cluster any more but what gives back: within a minute, and
 * within ten all is given back (design: "Exactly restored").
 */
import { describe, expect, it } from 'vitest';
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import { NEW_IMAGE } from '../../rehearsal/clusters/constants.ts';
import type { RehearsalRecord } from '../../rehearsal/record.ts';
import { rehearseCapture } from '../support/rehearse-cluster.ts';
import type { Json } from '../support/small-cluster.ts';

const CAPTURE: Json = buildCapture({
  groups: [{ name: 'web', hosts: 4, imageReference: NEW_IMAGE }],
  services: [
    {
      name: 'api',
      desired: 12,
      cpu: 256,
      memoryMiB: 512,
      loadBalancer: { deregistrationDelaySeconds: 10, intervalSeconds: 5, healthyThreshold: 2 },
    },
  ],
});
const OLD = new Set(CAPTURE.ec2.instances.map(({ InstanceId }: Json) => InstanceId));
const SETTINGS = { bakeSeconds: 60 };
const MOMENTS = [
  'canary-ready',
  'first-drain',
  'half-done',
  'after-call:AutoScaling.UpdateAutoScalingGroup:1',
  'after-call:AutoScaling.TerminateInstanceInAutoScalingGroup:1',
  'after-call:AutoScaling.SuspendProcesses:1',
];

const abort = (when: string) => ({
  kind: 'send-event',
  when,
  event: {
    source: 'ecs-rollover',
    'detail-type': 'Rollover Requested',
    id: 'stop-it',
    detail: { cluster: 'prod', mode: 'abort' },
  },
});
const stop = (when: string) => ({ kind: 'stop-execution', when });
const unheard = { kind: 'drop-events', share: 1, atSeconds: 0 };

interface Line {
  readonly t: number;
  readonly kind: string;
  readonly [key: string]: unknown;
}

/** Changes of the cluster that no giving back makes: new capacity, and old hosts taken out of work. */
function acts({ log }: RehearsalRecord, after: number): string[] {
  return (log as unknown as Line[]).flatMap((line) => {
    if (line.t <= after) return [];
    const isCall = line.kind === 'call' && line.answer === 'ok';
    if (isCall && line.function === 'register' && String(line.operation).startsWith('AutoScaling.Update'))
      return [`${line.t} registers`];
    const isOld = OLD.has(String(line.instanceId));
    if (line.kind === 'container-instance' && isOld && line.status === 'DRAINING')
      return [`${line.t} ${line.instanceId} drains`];
    return [];
  });
}

describe.each([
  ['an abort on the bus', (when: string) => [abort(when)]],
  ['a Stop in the console', (when: string) => [stop(when)]],
  // Then the sweep finds it, within five minutes.
  ['a Stop of which no event tells', (when: string) => [stop(when), unheard]],
])('%s', (_, faults) => {
  it.each(MOMENTS)('at %s', async (when) => {
    const record = await rehearseCapture(CAPTURE, { settings: SETTINGS, faults: faults(when) });
    const { result } = record;
    const [stoppedAt = Number.NaN] = result.faults[0]?.firedAtSeconds ?? [];

    expect(result.outcome).toBe('ABORTED');
    expect(result).toMatchObject({ restored: true, leftovers: [], violations: [] });
    // A Stop kills the run at once; what is heard is the giving back.
    expect(acts(record, stoppedAt + 60)).toEqual([]);
    if (when === 'half-done') expect(acts(record, 0)).not.toEqual([]);
    expect(result.durationSeconds - stoppedAt).toBeLessThan(600);
  });
});
