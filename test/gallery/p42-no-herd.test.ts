import { expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

/** decisions.md, rule 8: starts in flight per ready host are bounded. */
const STARTS_PER_NEW_HOST = 30;

it.each(SEEDS)(
  'drains release no more starts than the new hosts may carry out at a time (seed %i)',
  async (seed) => {
    const played = await play('p42-no-herd-on-a-fresh-host', seed);
    expect(wrongsOf(played)).toEqual([]);
    expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { replaced: 3 } });

    const isNew = (id: string) => !played.oldHosts.includes(id);
    const joined = new Set<string>();
    const starting = new Set<string>();
    let most = 0;
    for (const line of played.log) {
      if (line.kind === 'container-instance' && isNew(line.instanceId)) joined.add(line.instanceId);
      if (line.kind !== 'task' || line.instanceId === undefined || !isNew(line.instanceId)) continue;
      if (['PENDING', 'ACTIVATING'].includes(line.lastStatus) && line.desiredStatus === 'RUNNING')
        starting.add(line.taskArn);
      else starting.delete(line.taskArn);
      most = Math.max(most, starting.size);
      expect(starting.size).toBeLessThanOrEqual(STARTS_PER_NEW_HOST * joined.size);
    }
    expect(most).toBeGreaterThan(STARTS_PER_NEW_HOST / 2);
    // Not all at once: a host waits for what the one before released.
    const drained = played.oldHosts.map((id) => played.becameAt(id, 'DRAINING') ?? 0).sort((a, b) => a - b);
    expect((drained.at(-1) ?? 0) - (drained[0] ?? 0)).toBeGreaterThan(60);
  },
);
