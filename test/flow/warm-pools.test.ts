/** Groups with a warm pool: emptied before the first launch, put back with the image that the group launches then. */
import { describe, expect, it } from 'vitest';
import { rehearseCapture } from '../support/rehearse-cluster.ts';
import { groupIn, imagesRunning, type Json, NEW_IMAGE, smallCluster } from '../support/small-cluster.ts';

const cluster = () => smallCluster([{ imageReference: NEW_IMAGE, warmPoolSize: 2, zones: ['eu-west-1a'] }]);
const SETTINGS = { bakeSeconds: 30 };

/** AWS's calls on the pool, in order. */
const poolCalls = (log: readonly Json[]) =>
  log
    .filter(
      (line) => line.kind === 'call' && /WarmPool$/.test(line.operation) && !/Describe/.test(line.operation),
    )
    .map((line) => line.operation.replace(/^.*\./, ''));

describe('a group with a warm pool', () => {
  it.each([1, 2])('is rolled without it, and has it back, seed %i', async (seed) => {
    const { result, log } = await rehearseCapture(cluster(), { settings: SETTINGS }, seed);
    expect(result).toMatchObject({ outcome: 'SUCCEEDED', violations: [], leftovers: [], restored: true });
    expect(result.instances.replaced).toBe(2);
    expect(poolCalls(log)).toEqual(['DeleteWarmPool', 'PutWarmPool']);
    expect(result.findings).toContainEqual(expect.objectContaining({ field: 'WarmPoolConfiguration' }));
  });

  it.each<[string, Json]>([
    ['the execution is stopped', { kind: 'stop-execution', when: 'first-drain' }],
    ['the image never registers', { kind: 'image-never-registers', atSeconds: 0 }],
    [
      'prepare crashes',
      { kind: 'handler-crash', atSeconds: 0, function: 'prepare', afterCalls: 60, times: 1 },
    ],
  ])('has it back although %s', async (_, fault) => {
    const record = await rehearseCapture(cluster(), { settings: SETTINGS, faults: [fault] });
    expect(record.result).toMatchObject({ violations: [], leftovers: [], restored: true });
    expect(poolCalls(record.log).at(-1)).toBe('PutWarmPool');
    expect(new Set(imagesRunning(record)).size).toBe(1);
  });

  it('has it back where AWS says of its size that it is not set', async () => {
    const capture = cluster();
    groupIn(capture, 'hosts').WarmPoolConfiguration.MaxGroupPreparedCapacity = -1;
    const { result } = await rehearseCapture(capture, { settings: SETTINGS });
    expect(result).toMatchObject({ outcome: 'SUCCEEDED', violations: [], leftovers: [] });
  });

  it('is told when Auto Scaling does not take the pool any more, and the run ends all the same', async () => {
    const capture = cluster();
    groupIn(capture, 'hosts').WarmPoolConfiguration.MaxGroupPreparedCapacity = 1;
    const { result } = await rehearseCapture(capture, { settings: SETTINGS });
    expect(result.outcome).toBe('SUCCEEDED');
    expect(result.leftovers).toMatchObject([{ knob: 'WarmPoolConfiguration' }]);
    expect(result.notifications.map(({ kind }) => kind)).toContain('restored-with-warnings');
  });
});
