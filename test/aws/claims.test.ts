import { beforeEach, describe, expect, it } from 'vitest';
import {
  handOverClaim,
  holdsClaim,
  listClaims,
  readClaim,
  releaseClaim,
  renewClaim,
  takeClaim,
} from '../../functions/aws/ledger/claims.ts';
import { fakeLedger } from '../support/fake-ledger.ts';

const { table, reset } = fakeLedger();
const by = (owner: string) => ({
  cluster: 'prod',
  owner,
  runId: `run-${owner}`,
  purpose: 'outdated',
  nowMs: 0,
});
const claimOf = async (owner: string) => {
  const taking = await takeClaim(table, by(owner));
  if ('heldBy' in taking) throw new Error(`held by ${taking.heldBy}`);
  return taking.claim;
};

describe('a claim', () => {
  beforeEach(reset);

  it('is taken once, and again by its owner with the same token', async () => {
    const first = await claimOf('a');

    expect(await takeClaim(table, by('b'))).toEqual({ heldBy: 'a' });
    expect((await claimOf('a')).token).toBe(first.token);
  });

  it('goes to one of several who ask at the same moment', async () => {
    const takings = await Promise.all(['a', 'b', 'c'].map((owner) => takeClaim(table, by(owner))));

    expect(takings.filter((taking) => 'claim' in taking)).toHaveLength(1);
  });

  it('has a higher token with every owner, also after it was free', async () => {
    const first = await claimOf('a');
    await releaseClaim(table, 'prod', first.token);
    const second = await claimOf('b');

    expect(second.token).toBe(first.token + 1);
    expect(await holdsClaim(table, 'prod', first.token)).toBe(false);
  });

  it('is taken over only as the very claim that was found dead', async () => {
    const dead = await claimOf('a');
    await takeClaim(table, { ...by('b'), takesOver: dead });

    expect(await takeClaim(table, { ...by('c'), takesOver: dead })).toEqual({ heldBy: 'b' });
    expect(await renewClaim(table, 'prod', dead.token, 1)).toBe(false);
  });

  it('goes to a successor under a token of its own: what is left of the former one is fenced', async () => {
    const { token } = await claimOf('a');
    await handOverClaim(table, 'prod', token, { from: 'a', to: 'a-2' });

    expect(await readClaim(table, 'prod')).toMatchObject({
      owner: 'a-2',
      token: token + 1,
      handedOverBy: 'a',
    });
    expect(await holdsClaim(table, 'prod', token)).toBe(false);
    expect(await takeClaim(table, by('a'))).toEqual({ heldBy: 'a-2' });
  });

  it('is renewed although every answer to the write is lost, and the SDK finds it done already', async () => {
    const { token } = await claimOf('a');
    const lossy = {
      ...table,
      replace: async (...written: Parameters<typeof table.replace>) => {
        await table.replace(...written);
        return false;
      },
    };

    expect(await renewClaim(lossy, 'prod', token, 7)).toBe(true);
    expect(await handOverClaim(lossy, 'prod', token, { from: 'a', to: 'a-2' })).toBe(true);
  });

  it('is not listed once it is free, and freeing it twice is no error', async () => {
    const { token } = await claimOf('a');
    await releaseClaim(table, 'prod', token);
    await releaseClaim(table, 'prod', token);

    expect(await listClaims(table)).toEqual([]);
  });

  it('is not freed by one who lost it', async () => {
    const dead = await claimOf('a');
    await takeClaim(table, { ...by('b'), takesOver: dead });
    await releaseClaim(table, 'prod', dead.token);

    expect((await readClaim(table, 'prod'))?.owner).toBe('b');
  });
});
