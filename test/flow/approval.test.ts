/** Runs that somebody has to say yes to, and runs whose image has to prove itself elsewhere first (P23). */
import { expect, it } from 'vitest';
import { send } from '../../cli/operate/send.ts';
import { showHistory, showStatus } from '../../cli/operate/show.ts';
import type { HistoryView } from '../../cli/views/history.ts';
import type { StatusView } from '../../cli/views/status.ts';
import { writeApproval, writeHistory } from '../../functions/aws/ledger/notes.ts';
import type { Outcome } from '../../functions/core/outcome.ts';
import { ledger } from '../../functions/flow/claim.ts';
import { NEW_IMAGE } from '../../rehearsal/clusters/constants.ts';
import type { ClusterSpec } from '../../rehearsal/clusters/spec.ts';
import { type Operated, operate } from '../support/operated-account.ts';

const CLUSTER: ClusterSpec = {
  groups: [{ name: 'web', hosts: 3, imageReference: NEW_IMAGE }],
  services: [{ name: 'api', desired: 9, cpu: 256, memoryMiB: 512 }],
};
const HOUR = 3600;
const ALICE = { user: 'alice' };
const BOB = { user: 'bob' };
const status = async (): Promise<StatusView> => JSON.parse(await showStatus('prod', true));
const ends = async () =>
  (JSON.parse(await showHistory('prod', 20, true)).runs as HistoryView[]).map(({ outcome }) => outcome);
const isIdle = async () => (await status()).state === 'idle';
const running = ({ account }: Operated) =>
  account.truth.hosts().filter(({ state }) => state === 'running').length;
const changes = ({ seen }: Operated) =>
  seen.filter(
    ([one]) => one.kind === 'call' && /^(ECS|AutoScaling|EC2)\.(?!Describe|List|Get)/.test(one.operation),
  ).length;
const told = ({ seen }: Operated) =>
  seen.flatMap(([one]) => (one.kind === 'notification' ? [JSON.stringify(one)] : []));
const wasTold = (operated: Operated, kind: string) =>
  told(operated).filter((text) => text.includes(`\\"kind\\":\\"${kind}\\"`)).length;

it('before its start a run waits for a yes without holding the cluster, and asks once', async () => {
  await operate(CLUSTER, { settings: { approval: 'before-start' } }, async (operated) => {
    const asked = await send({ cluster: 'prod' }, ALICE);
    expect(asked.ending).toMatchObject({
      outcome: 'PENDING_WINDOW',
      reason: expect.stringMatching(/approval until/),
    });
    await send({ cluster: 'prod' }, ALICE);
    await operated.pass(HOUR);
    expect(wasTold(operated, 'approval-wanted')).toBe(1);
    expect(changes(operated)).toBe(0);
    expect(await status()).toMatchObject({ state: 'idle', pending: [{ waitsFor: 'approval' }] });

    const yes = await send({ cluster: 'prod', mode: 'resume' }, { ...BOB, toTheEnd: true });

    expect(yes.ending?.outcome).toBe('SUCCEEDED');
    expect((await status()).pending).toEqual([]);
    // A yes is for one run.
    expect(
      (
        await send(
          {
            cluster: 'prod',
            instances: [
              operated.account.truth.hosts().find(({ state }) => state === 'running')?.instanceId ?? '',
            ],
          },
          ALICE,
        )
      ).ending?.outcome,
    ).toBe('PENDING_WINDOW');
  });
});

it('and is forgotten when nobody says it in time', async () => {
  const settings = { approval: 'before-start', approvalTimeoutHours: 2 };
  await operate(CLUSTER, { settings }, async (operated) => {
    await send({ cluster: 'prod' }, ALICE);
    await operated.pass(2 * HOUR + 600);

    expect(wasTold(operated, 'approval-expired')).toBe(1);
    expect((await status()).pending).toEqual([]);
    expect((await send({ cluster: 'prod', mode: 'resume' }, BOB)).ending?.outcome).toBe('NOTHING_TO_DO');
    expect(changes(operated)).toBe(0);
  });
});

it.each(['yes', 'no'])('after the trial everything stands still until somebody says %s', async (word) => {
  const settings = { approval: 'after-canary', approvalTimeoutHours: 1 };
  await operate(CLUSTER, { settings }, async (operated) => {
    await send({ cluster: 'prod' }, ALICE);
    await operated.until(async () => (await status()).run?.approval !== undefined);
    await operated.pass(60);
    const before = changes(operated);
    expect(running(operated)).toBe(4);
    await operated.pass(HOUR / 2);
    expect(changes(operated)).toBe(before);
    expect(wasTold(operated, 'approval-wanted')).toBe(1);
    expect(await status()).toMatchObject({
      state: 'rolling',
      run: { waitsFor: expect.stringMatching(/approval/) },
    });

    if (word === 'yes') {
      const yes = await send({ cluster: 'prod', mode: 'resume' }, BOB);
      expect(yes.ending).toMatchObject({ outcome: 'SUCCEEDED', reason: expect.stringMatching(/^approved/) });
      expect((await status()).run?.approval?.approvedBy).toMatch(/^bob/);
    }
    await operated.until(isIdle, 3 * HOUR);

    expect(await ends()).toEqual([word === 'yes' ? 'SUCCEEDED' : 'ABORTED']);
    expect(running(operated)).toBe(3);
    const sizes = operated.account.truth.groups()[0];
    expect([sizes?.minSize, sizes?.desiredCapacity]).toEqual([sizes?.minSize, 3]);
  });
});

it('a yes holds over the windows that its run takes, for its images alone', async () => {
  const settings = { approval: 'after-canary' };
  for (const imageId of [NEW_IMAGE, 'ami-0another']) {
    await operate(CLUSTER, { settings }, async ({ until }) => {
      const yes = { cluster: 'prod', purpose: 'outdated', imageIds: [imageId], atMs: Date.now(), by: 'bob' };
      await writeApproval(ledger(), yes);
      await send({ cluster: 'prod' }, ALICE);

      await until(async () => (await isIdle()) || (await status()).run?.approval !== undefined, HOUR);

      expect(await isIdle()).toBe(imageId === NEW_IMAGE);
    });
  }
});

it('an image has to succeed and soak elsewhere first; what ends otherwise there keeps it away', async () => {
  const settings = { after: { cluster: 'staging', soakHours: 2 } };
  await operate(CLUSTER, { settings }, async (operated) => {
    const { account, pass } = operated;
    const staging = (outcome: Outcome) =>
      writeHistory(ledger(), {
        cluster: 'staging',
        runId: `staging-${account.clock.nowMs}`,
        startedAtMs: account.clock.nowMs,
        endedAtMs: account.clock.nowMs,
        ending: { outcome, reason: 'as it went' },
        imageIds: [NEW_IMAGE],
      });
    const asked = await send({ cluster: 'prod' }, ALICE);
    expect(asked.ending).toMatchObject({
      outcome: 'PENDING_WINDOW',
      reason: expect.stringMatching(/not been rolled out on staging/),
    });
    await staging('SUCCEEDED');
    await pass(HOUR);
    await staging('PARTIAL');
    await pass(3 * HOUR);
    expect(changes(operated)).toBe(0);
    expect((await status()).pending).toMatchObject([{ waitsFor: 'soak' }]);
    await staging('SUCCEEDED');
    await pass(1.5 * HOUR);
    expect(changes(operated)).toBe(0);

    await pass(HOUR);

    expect(await ends()).toEqual(['SUCCEEDED']);
    expect((await status()).run?.triggeredBy?.by).toMatch(/^alice/);
  });
});
