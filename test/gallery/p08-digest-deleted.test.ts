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

it.each(SEEDS)(
  'Fargate tasks whose tag moved, or whose image is gone, are left to Fargate (seed %i)',
  async (seed) => {
    const played = await play('p08b-fargate-would-start-other-code', seed);
    expect(wrongsOf(played)).toEqual([]);
    expect(Object.fromEntries(played.result.redeployed.map((one) => [one.service, one.outcome]))).toEqual({
      same: 'moved',
      moved: 'left-to-aws',
      gone: 'left-to-aws',
    });
    expect(played.changes()).toHaveLength(1);
    const stopped = played.lines('task').filter(({ lastStatus }) => lastStatus === 'STOPPED');
    expect([...new Set(stopped.map(({ group }) => group))]).toEqual(['service:same']);
    const warned = played.notices('service-left-to-aws').map(({ message }) => message);
    expect(warned.some((message) => /gone@sha256:\w+ is gone .* Push it again/.test(message))).toBe(true);
  },
);
