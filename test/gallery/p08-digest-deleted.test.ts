import { expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

it.each(SEEDS)(
  'hosts of a service whose image ECR has deleted stay, the others go (seed %i)',
  async (seed) => {
    const played = await play('p08a-pinned-digest-deleted', seed);
    expect(wrongsOf(played)).toEqual([]);
    expect(played.result).toMatchObject({ outcome: 'PARTIAL', instances: { replaced: 2 } });
    const finding = played.result.findings.find(({ severity }) => severity === 'blocks');
    expect(finding).toMatchObject({
      service: 'web',
      message: expect.stringMatching(/\/web@sha256:5f70bf18/),
    });
    const keepers = new Set(
      played
        .lines('task')
        .filter(({ t, group }) => t === 0 && group === 'service:web')
        .map(({ instanceId }) => instanceId),
    );
    expect(keepers.size).toBe(2);
    for (const host of keepers) expect(played.becameAt(host, 'DRAINING')).toBeUndefined();
    const stopped = played
      .lines('task')
      .filter(({ group, desiredStatus }) => group === 'service:web' && desiredStatus === 'STOPPED');
    expect(stopped).toEqual([]);
  },
);
