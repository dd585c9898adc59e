/** A word between two windows: no run has the cluster, a request waits, and hosts of the surplus stand with their tasks. */
import { beforeAll, expect, it } from 'vitest';
import { send } from '../../cli/operate/send.ts';
import { showHistory, showStatus } from '../../cli/operate/show.ts';
import type { HistoryView } from '../../cli/views/history.ts';
import type { StatusView } from '../../cli/views/status.ts';
import { listSurpluses } from '../../functions/aws/ledger/surpluses.ts';
import { ledger } from '../../functions/flow/claim.ts';
import { NEW_IMAGE } from '../../rehearsal/clusters/constants.ts';
import type { ClusterSpec } from '../../rehearsal/clusters/spec.ts';
import { faultsSchema } from '../../simulator/faults/schema.ts';
import { type Operated, operate } from '../support/operated-account.ts';

const HOSTS = 6;
const CLUSTER: ClusterSpec = {
  groups: [{ name: 'web', hosts: HOSTS, maxSize: HOSTS + 1, imageReference: NEW_IMAGE }],
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
};
/** The first window has minutes left. */
const OPTIONS = {
  at: '2026-11-22T12:00:00Z',
  settings: { windows: ['daily 11:00-12:10 UTC', 'daily 12:40-14:00 UTC'], maxTasksInMotionPercent: 10 },
};
const ALICE = { user: 'alice' };
const status = async (): Promise<StatusView> => JSON.parse(await showStatus('prod', true));
const history = async (): Promise<HistoryView[]> => JSON.parse(await showHistory('prod', 20, true)).runs;
beforeAll(() => operate(CLUSTER, OPTIONS, () => status()), 60_000);

const running = ({ account }: Operated) =>
  account.truth.hosts().filter(({ state }) => state === 'running').length;

/** Rolls until the first window has closed, with hosts of the surplus left over. */
async function stopAtWindow(operated: Operated): Promise<void> {
  await send({ cluster: 'prod' }, ALICE);
  await operated.until(async () => (await status()).pending.length > 0, 1800);
  expect(await status()).toMatchObject({ state: 'idle', pending: [{ waitsFor: 'window' }] });
  expect(await listSurpluses(ledger(), 'prod')).toHaveLength(1);
  expect(running(operated)).toBeGreaterThan(HOSTS);
}

/** By somebody else: the group launches the target by itself. */
async function endOldHosts({ account, pass }: Operated): Promise<void> {
  for (const { instanceId, state, imageId } of account.truth.hosts()) {
    if (state !== 'running' || imageId === NEW_IMAGE) continue;
    const atSeconds = account.clock.elapsedSeconds + 10;
    const [fault] = faultsSchema.parse([{ kind: 'terminate-instance', atSeconds, instance: instanceId }]);
    if (fault !== undefined) account.faults.arm(fault);
  }
  await pass(60);
}

it('abort drops the request, and the surplus leaves by drain', async () => {
  await operate(CLUSTER, OPTIONS, async (operated) => {
    await stopAtWindow(operated);

    const answer = await send({ cluster: 'prod', mode: 'abort' }, { ...ALICE, toTheEnd: true });

    expect(answer.ending).toMatchObject({ outcome: 'ABORTED', reason: expect.stringContaining('dropped') });
    expect(running(operated)).toBe(HOSTS);
    expect(operated.account.truth.groups()[0]).toMatchObject({
      desiredCapacity: HOSTS,
      maxSize: HOSTS + 1,
    });
    expect(await status()).toMatchObject({ state: 'idle', pending: [] });
    expect(await listSurpluses(ledger(), 'prod')).toEqual([]);
    await operated.pass(2 * 3600);
    expect((await history()).map(({ outcome }) => outcome)).toEqual(['ABORTED', 'PENDING_WINDOW']);
  });
});

it('pause lets it wait for resume instead of its window', async () => {
  await operate(CLUSTER, OPTIONS, async (operated) => {
    await stopAtWindow(operated);
    expect((await send({ cluster: 'prod', mode: 'pause' }, ALICE)).ending?.outcome).toBe('SUCCEEDED');
    await operated.pass(3600);
    expect(await status()).toMatchObject({ state: 'idle', pending: [{ waitsFor: 'resume' }] });

    const resumed = await send({ cluster: 'prod', mode: 'resume' }, { ...ALICE, toTheEnd: true });

    expect(resumed.ending).toMatchObject({
      outcome: 'SUCCEEDED',
      reason: expect.stringContaining('earlier'),
    });
    expect(running(operated)).toBe(HOSTS);
  });
});

it('the next window takes the surplus away although nothing is left to replace', async () => {
  await operate(CLUSTER, OPTIONS, async (operated) => {
    await stopAtWindow(operated);
    const { account } = operated;
    await endOldHosts(operated);
    await operated.until(async () => (await history()).length > 1, 2 * 3600);

    expect((await history())[0]).toMatchObject({ outcome: 'NOTHING_TO_DO' });
    expect(running(operated)).toBe(HOSTS);
    expect(account.truth.groups()[0]).toMatchObject({ desiredCapacity: HOSTS, maxSize: HOSTS + 1 });
  });
});

it.each(['resume', 'roll'] as const)(
  'is over once `%s` finds that others have done the work',
  async (mode) => {
    const groups = [{ name: 'web', hosts: 2, imageReference: NEW_IMAGE }];
    await operate({ groups, services: [] }, { at: OPTIONS.at }, async (operated) => {
      await send({ cluster: 'prod' }, ALICE);
      await operated.pass(15);
      await send({ cluster: 'prod', mode: 'pause' }, ALICE);
      await operated.until(async () => (await status()).pending.length > 0, 1800);
      await endOldHosts(operated);
      await operated.pass(600);

      const { ending } = await send({ cluster: 'prod', mode }, { ...ALICE, toTheEnd: true });

      expect(ending?.outcome).toBe('NOTHING_TO_DO');
      expect(await status()).toMatchObject({ state: 'idle', pending: [] });
    });
  },
);

it('pause with nothing left to replace does not keep the run from its end', async () => {
  const groups = [{ name: 'web', hosts: 2, imageReference: NEW_IMAGE }];
  await operate({ groups, services: [] }, { at: OPTIONS.at }, async (operated) => {
    await send({ cluster: 'prod' }, ALICE);
    const { account } = operated;
    const isOld = ({ imageId, state }: { imageId: string; state: string }) =>
      imageId !== NEW_IMAGE && state === 'running';
    await operated.until(() => !account.truth.hosts().some(isOld), 3600);
    await send({ cluster: 'prod', mode: 'pause' }, ALICE);
    await operated.until(async () => (await history()).length > 0, 3600);

    expect((await history())[0]).toMatchObject({ outcome: 'SUCCEEDED' });
    expect(await status()).toMatchObject({ state: 'idle', pending: [] });
  });
});
