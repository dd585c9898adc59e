/** A window that closes half-way: the cluster is given back, and the next window goes on with what is left. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { RehearsalRecord } from '../../rehearsal/record.ts';
import { rehearseCapture } from '../support/rehearse-cluster.ts';
import { NEW_IMAGE, smallCluster } from '../support/small-cluster.ts';

const HOSTS = 6;
/** The capture is of 12:00: the first window has minutes left. */
const WINDOWS = ['daily 11:00-12:14 UTC', 'daily 12:40-14:00 UTC'];
const CLOSES_SECONDS = 14 * 60;
const OPENS_SECONDS = 40 * 60;
const ENDS_SECONDS = 120 * 60;

describe('a window that closes half-way', () => {
  let record: RehearsalRecord;
  const callsIn = (operation: string, fromSeconds: number, toSeconds: number) =>
    record.log.filter(
      (line) =>
        line.kind === 'call' && line.operation === operation && line.t >= fromSeconds && line.t < toSeconds,
    );
  const statesIn = (name: string) =>
    record.log.flatMap((line) => (line.kind === 'state' && line.name === name ? [line.t] : []));

  beforeAll(async () => {
    const capture = smallCluster([{ hosts: HOSTS, maxSize: HOSTS + 1, imageReference: NEW_IMAGE }], {
      services: [
        {
          name: 'web',
          desired: 24,
          cpu: 256,
          memoryMiB: 512,
          loadBalancer: { deregistrationDelaySeconds: 120 },
        },
      ],
      placement: 'spread',
    });
    record = await rehearseCapture(capture, {
      settings: { windows: WINDOWS, maxTasksInMotionPercent: 10 },
    });
  }, 60_000);

  it('goes on in the next window until all is replaced, as one piece of work', () => {
    expect(record.result).toMatchObject({ outcome: 'SUCCEEDED', violations: [] });
    expect(record.result.instances).toMatchObject({ outdated: HOSTS, replaced: HOSTS });
    expect(record.result.reason).toMatch(/^6 hosts replaced, [1-5] of them in earlier windows/);
    expect(record.result.durationSeconds).toBeGreaterThan(OPENS_SECONDS);
    expect(record.result.durationSeconds).toBeLessThan(ENDS_SECONDS);
  });

  it('gives back in between: the knobs are restored soon after the end, and prepared anew in the next window', () => {
    const restores = statesIn('Restore');
    expect(restores).toHaveLength(2);
    expect(restores[0]).toBeGreaterThan(CLOSES_SECONDS);
    expect(restores[0]).toBeLessThan(CLOSES_SECONDS + 300);
    expect(statesIn('Prepare').map((t) => t > OPENS_SECONDS)).toEqual([false, true]);
    expect(record.result.notifications.map(({ kind }) => kind)).toContain('pending_window');
  });

  it('ends empty hosts that it brought in, and remembers those that it could not: sizes end as they stood', () => {
    const inBetween = callsIn(
      'AutoScaling.TerminateInstanceInAutoScalingGroup',
      CLOSES_SECONDS,
      OPENS_SECONDS,
    );
    expect(inBetween.length).toBeGreaterThan(0);
    expect(record.result).toMatchObject({ restored: true, leftovers: [] });
    expect(record.groups[0]).toMatchObject({ desiredCapacity: HOSTS, maxSize: HOSTS + 1 });
  });
});

it('launches no host that could not be used before the window closes', async () => {
  const { log, result } = await rehearseCapture(smallCluster([{ imageReference: NEW_IMAGE }]), {
    settings: { windows: 'daily 11:00-12:03 UTC' },
    horizonSeconds: 3600,
  });
  expect(result).toMatchObject({ outcome: 'PENDING_WINDOW', restored: true, violations: [] });
  const sized = log.filter((line) => line.kind === 'call' && line.function === 'register');
  expect(sized).toEqual([]);
});
