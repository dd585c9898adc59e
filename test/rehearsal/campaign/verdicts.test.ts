/** A campaign says what is wrong, and only that: by the table of allowed ends, and on a product that is broken on purpose. */
import { describe, expect, it } from 'vitest';
import type { DrawnFault } from '../../../rehearsal/campaign/draw-faults.ts';
import { type DrawnRun, drawRun } from '../../../rehearsal/campaign/draw-run.ts';
import { simulateSeed } from '../../../rehearsal/campaign/simulate-seed.ts';
import { wrongsOf } from '../../../rehearsal/campaign/wrongs.ts';
import type { RehearsalResult } from '../../../rehearsal/result.ts';

/** A run with nothing in its way: its request is for the whole cluster. */
const RUN: DrawnRun = {
  ...drawRun(1, []),
  spec: { groups: [{ name: 'web', hosts: 2 }], services: [{ name: 'api', desired: 4 }] },
  settings: {},
  start: { request: { cluster: 'prod' } },
};
const DONE = {
  outcome: 'SUCCEEDED',
  reason: '2 hosts replaced',
  durationSeconds: 1200,
  instances: { outdated: 2, replaced: 2, held: [], exempt: [] },
  tasks: { total: 4, moves: 4, movesPerTask: 1, mostMovesOfOneTask: 1, killed: 0 },
  services: [],
  findings: [],
  bound: { durationSeconds: 1000, ratio: 1.2 },
  restored: true,
  leftovers: [],
  faults: [],
  violations: [],
} as unknown as RehearsalResult;
const STAYED = { ...DONE.instances, replaced: 0 };
const stop: DrawnFault = { kind: 'stop-execution', when: 'first-drain' };
const badImage: DrawnFault = { kind: 'image-never-registers', atSeconds: 0 };

function wrongsIn(
  result: Partial<RehearsalResult>,
  fired: readonly DrawnFault[] = [],
  drainingAtEnd: readonly string[] = [],
): string[] {
  return wrongsOf(RUN, { ...DONE, ...result }, { fired, drainingAtEnd, endingAtEnd: [] });
}

describe('of a run that ended', () => {
  it('well, nothing is wrong', () => {
    expect(wrongsIn({})).toEqual([]);
  });

  it.each<[string, Partial<RehearsalResult>, readonly DrawnFault[], readonly string[]]>([
    ['PARTIAL although nothing stood in its way', { outcome: 'PARTIAL' }, [], []],
    ['ABORTED although nobody stopped it', { outcome: 'ABORTED' }, [badImage], []],
    ['ROLLED_BACK although only a stop struck', { outcome: 'ROLLED_BACK' }, [stop], []],
    ['SUCCEEDED on an image that never joins', {}, [badImage], []],
    ['with a host that DRAINS', { outcome: 'ABORTED', instances: STAYED }, [stop], ['i-1']],
    ['with something not given back', { restored: false }, [], []],
    ['with a killed task', { tasks: { ...DONE.tasks, killed: 1 } }, [], []],
    ['SUCCEEDED with a host left', { instances: { ...DONE.instances, replaced: 1 } }, [], []],
    ['at the horizon', { outcome: 'ABORTED', reason: 'still running at the horizon' }, [stop], []],
    ['long after the last fault', { outcome: 'ABORTED', durationSeconds: 40_000 }, [stop], []],
    ['with a violation', { violations: [{ atSeconds: 1, invariant: 'I1', message: 'm' }] }, [], []],
  ])('%s, something is', (_, result, fired, draining) => {
    expect(wrongsIn(result, fired, draining)).not.toEqual([]);
  });

  it('as what struck it allows, nothing is wrong', () => {
    expect(wrongsIn({ outcome: 'ABORTED', instances: STAYED }, [stop])).toEqual([]);
    expect(wrongsIn({ outcome: 'ROLLED_BACK', instances: STAYED }, [badImage])).toEqual([]);
  });
});

describe('a campaign', () => {
  /** Two hosts and a service, with nothing in their way. */
  const SEED = 48;

  it('tells the same of a seed each time', async () => {
    const once = await simulateSeed(SEED, []);
    expect(once).toMatchObject({ outcome: 'SUCCEEDED', wrongs: [] });
    expect(await simulateSeed(SEED, [])).toEqual(once);
  });

  it('sees a product of which a part is broken', async () => {
    const { wrongs } = await simulateSeed(SEED, [], (account) => {
      const handler = () => Promise.reject(new Error('broken on purpose'));
      account.lambda.register('drain', { handler, timeoutSeconds: 60 });
    });
    expect(wrongs).toContainEqual(expect.stringMatching(/^FAILED is none of SUCCEEDED/));
  });
});
