/** Why hosts did not move at the last look, as the ledger keeps it. */
import { expect, it } from 'vitest';
import { beginAsNewContainer } from '../../functions/aws/container-memory.ts';
import { keepReasons, readReasons } from '../../functions/aws/ledger/reasons.ts';
import type { Hold } from '../../functions/core/step.ts';
import { fakeLedger } from '../support/fake-ledger.ts';

const ledger = fakeLedger();
const RUN = { runId: 'run-1', startedAtMs: 0 };
const id = (n: number) => `i-${(n * 2654435761).toString(16).padStart(17, '0').slice(0, 17)}`;
const holds = (count: number, reason = 'no room on ready hosts'): Hold[] =>
  Array.from({ length: count }, (_, n) => ({
    instanceId: id(n),
    rule: '6',
    reason,
    ...(n % 2 === 0 && { service: 'web' }),
  }));
const byId = (a: Hold, b: Hold) => (a.instanceId < b.instanceId ? -1 : 1);

it('come back as they were said, host by host', async () => {
  ledger.reset();
  expect(await readReasons(ledger.table, 'run-1')).toBeUndefined();
  await keepReasons(ledger.table, RUN, holds(5), 1000);

  const read = await readReasons(ledger.table, 'run-1');
  expect(read?.atMs).toBe(1000);
  expect([...(read?.holds ?? [])].sort(byId)).toEqual(holds(5).sort(byId));
});

it('are written only where they changed, and in each container once', async () => {
  ledger.reset();
  beginAsNewContainer();
  const atAfter = async (said: readonly Hold[], nowMs: number) => {
    await keepReasons(ledger.table, RUN, said, nowMs);
    return (await readReasons(ledger.table, 'run-1'))?.atMs;
  };
  expect(await atAfter(holds(5), 1000)).toBe(1000);
  expect(await atAfter(holds(5).reverse(), 2000)).toBe(1000);
  expect(await atAfter(holds(4), 3000)).toBe(3000);
  expect(await atAfter([], 4000)).toBe(4000);
  beginAsNewContainer();
  expect(await atAfter([], 5000)).toBe(5000);
});

// An item of DynamoDB may have 400 KB (Amazon DynamoDB developer guide, "Quotas").
it('of the largest clusters fit one item many times over', async () => {
  ledger.reset();
  await keepReasons(ledger.table, RUN, holds(5000), 1000);

  const item = await ledger.table.get<{ gzip: Uint8Array }>('REASONS#run-1', 'LAST');
  expect(item?.data.gzip.byteLength).toBeLessThan(80_000);
});
