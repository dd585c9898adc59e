/** The ledger in a DynamoDB that is not ours: conditional writes, and lists that do not fit a page. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dynamodb } from '../../functions/aws/clients.ts';
import { type Claimant, releaseClaim, renewClaim, takeClaim } from '../../functions/aws/ledger/claims.ts';
import { keepPending, listPending } from '../../functions/aws/ledger/notes.ts';
import { createTable } from '../../functions/aws/ledger/table.ts';
import { deployState, emptyEmulator, openEmulator, TABLE } from './emulator.ts';
import type { Gateway } from './gateway.ts';

const NOW_MS = Date.parse('2026-11-22T12:00:00Z');
/** A page of a query ends at 1 MB (Amazon DynamoDB API reference, Query): five of these do not fit. */
const LONG = 'x'.repeat(250_000);
const REQUESTS = ['a', 'b', 'c', 'd', 'e'];

const table = createTable(dynamodb, TABLE);
const claimant = (owner: string): Claimant => ({
  cluster: 'prod',
  owner,
  runId: owner,
  purpose: 'image',
  nowMs: NOW_MS,
});

let gateway: Gateway;
beforeAll(async () => {
  gateway = await openEmulator();
});
afterAll(() => gateway.close());
beforeEach(async () => {
  await emptyEmulator();
  await deployState();
  gateway.actions.length = 0;
});

describe('the ledger over the wire', () => {
  it('gives a cluster to one run at a time, and the token tells the next from the last', async () => {
    const first = await takeClaim(table, claimant('one'));
    expect(first).toMatchObject({ claim: { owner: 'one', token: 1 } });
    expect(await takeClaim(table, claimant('two'))).toEqual({ heldBy: 'one' });
    await releaseClaim(table, 'prod', 1);
    expect(await takeClaim(table, claimant('two'))).toMatchObject({ claim: { owner: 'two', token: 2 } });
    expect(await renewClaim(table, 'prod', 1, NOW_MS)).toBe(false);
    expect(await renewClaim(table, 'prod', 2, NOW_MS)).toBe(true);
  });

  it('lets only one of several that claim at once have it', async () => {
    const owners = ['one', 'two', 'three', 'four'];
    const taken = await Promise.all(owners.map((owner) => takeClaim(table, claimant(owner))));
    expect(taken.filter((one) => 'claim' in one)).toHaveLength(1);
  });

  it('reads a list to its end, over as many pages as it has', async () => {
    for (const purpose of REQUESTS) {
      const request = { cluster: 'prod', why: LONG };
      await keepPending(table, { cluster: 'prod', purpose, request, waitsFor: 'window', sinceMs: NOW_MS });
    }
    gateway.actions.length = 0;

    const read = await listPending(table);

    expect(read.map(({ purpose }) => purpose)).toEqual(REQUESTS);
    expect(gateway.actions).toEqual(['dynamodb:Query', 'dynamodb:Query']);
  });
});
