/** The commands of an operator, against the deployed product in the account: before, during and after a run. */
import { describe, expect, it } from 'vitest';
import { DEPLOYMENT_PARAMETER, useDeployment } from '../../cli/operate/deployment.ts';
import { send } from '../../cli/operate/send.ts';
import { explainView, showHistory, showStatus, watchStatus } from '../../cli/operate/show.ts';
import type { HistoryView } from '../../cli/views/history.ts';
import type { StatusView } from '../../cli/views/status.ts';
import { NEW_IMAGE } from '../../rehearsal/clusters/constants.ts';
import type { ClusterSpec } from '../../rehearsal/clusters/spec.ts';
import { type Operated, type OperatedOptions, operate } from '../support/operated-account.ts';

const CLUSTER: ClusterSpec = {
  groups: [{ name: 'web', hosts: 6, imageReference: NEW_IMAGE }],
  services: [{ name: 'api', desired: 18, cpu: 256, memoryMiB: 512 }],
};
const ALICE = { user: 'alice' };
const status = async (): Promise<StatusView> => JSON.parse(await showStatus('prod', true));
const history = async (): Promise<HistoryView[]> => JSON.parse(await showHistory('prod', 20, true)).runs;
const changes = ({ seen }: Operated) =>
  seen.filter(
    ([one]) =>
      one.kind === 'call' &&
      one.answer === 'ok' &&
      /^(ECS|AutoScaling|EC2)\.(?!Describe|List|Get)/.test(one.operation),
  );
const reads = (seen: Operated['seen']) =>
  seen.filter(([one]) => one.kind === 'call' && /^(ECS|AutoScaling|EC2)\./.test(one.operation));
const inAccount = <T>(work: (operated: Operated) => Promise<T>, options: OperatedOptions = {}) =>
  operate(CLUSTER, options, work);

describe('where nothing runs', () => {
  it.each(['pause', 'resume', 'abort', 'rollback'] as const)(
    '%s says so and changes nothing',
    async (mode) => {
      await inAccount(async (operated) => {
        const { ending } = await send({ cluster: 'prod', mode }, ALICE);

        expect(ending?.outcome).toBe('NOTHING_TO_DO');
        expect(ending?.reason).toMatch(
          mode === 'resume' ? /no paused run of prod waits/ : /prod is not being rolled/,
        );
        expect(changes(operated)).toEqual([]);
        expect(await status()).toMatchObject({ state: 'idle', pending: [], groups: [] });
        expect(await history()).toEqual([]);
      });
    },
  );

  it('explain says how to learn more', async () => {
    await inAccount(async () => {
      expect((await explainView('prod', 'i-0123')).reason).toMatch(/rollover start --cluster prod --plan/);
    });
  });

  it('a plan is told as its outcome, and changes nothing', async () => {
    await inAccount(async (operated) => {
      const { ending } = await send({ cluster: 'prod', mode: 'plan' }, ALICE);

      expect(ending).toMatchObject({ outcome: 'SUCCEEDED', reason: expect.stringMatching(/6 hosts/) });
      expect(changes(operated)).toEqual([]);
    });
  });
});

it('a run can be followed from its start to its end', async () => {
  await inAccount(async ({ account, until, pass }) => {
    const started = await send({ cluster: 'prod' }, ALICE);
    expect(started.ending).toBeUndefined();
    const startedAt = account.clock.elapsedSeconds;

    const estimates: { atSeconds: number; left: number; error: number }[] = [];
    let sawDraining = false;
    let isOver = false;
    const watched = watchStatus('prod', true, (line) => {
      const { run, groups } = JSON.parse(line) as StatusView;
      sawDraining ||= (groups[0]?.draining ?? 0) > 0;
      if (run?.eta?.from === 'measured steps') {
        const { secondsLeft: left, errorSeconds: error = 0 } = run.eta;
        estimates.push({ atSeconds: account.clock.elapsedSeconds, left, error });
      }
    }).then((ending) => {
      isOver = true;
      return ending;
    });

    await until(async () => ((await status()).groups[0]?.replaced ?? 0) >= 1);
    const mid = await status();
    expect(mid).toMatchObject({
      state: 'rolling',
      run: {
        mode: 'roll',
        reason: 'manual',
        triggeredBy: { kind: 'command', by: 'alice, with the rollover command' },
        execution: started.executionArn,
        waitsFor: expect.stringMatching(/outdated hosts left/),
      },
      groups: [{ autoScalingGroupName: 'web', outdated: 6, targetImageIds: [NEW_IMAGE] }],
    });
    await until(() => isOver);
    const endedAt = account.clock.elapsedSeconds;

    expect(await watched).toMatchObject({ outcome: 'SUCCEEDED' });
    expect(sawDraining).toBe(true);
    expect(estimates.length).toBeGreaterThan(0);
    for (const { atSeconds, left, error } of estimates)
      expect(Math.abs(atSeconds + left - endedAt), `at ${atSeconds - startedAt}`).toBeLessThan(error + 60);
    await pass(60);
    expect(await status()).toMatchObject({ state: 'idle', run: { ending: { outcome: 'SUCCEEDED' } } });
    expect(await history()).toMatchObject([
      {
        outcome: 'SUCCEEDED',
        reason: 'manual',
        triggeredBy: { kind: 'command' },
        imageIds: [NEW_IMAGE],
        counts: { outdated: 6, replaced: 6, held: 0, keptOut: 0 },
      },
    ]);
    expect(await showStatus('prod', false)).toMatch(/6 of 6 hosts[\s\S]*SUCCEEDED: 6 hosts replaced/);
  });
});

describe('the deployment is found', () => {
  const spec = (parameters: Record<string, string>) => ({ ...CLUSTER, parameters });
  const told = { tableName: 'ledger-of-theirs', stateMachineArn: 'arn:theirs' };

  it('by the parameter that the stack writes, and options win', async () => {
    await operate(spec({ [DEPLOYMENT_PARAMETER]: JSON.stringify(told) }), {}, async () => {
      const before = { ...process.env };
      try {
        await useDeployment({ stateMachine: 'arn:ours' });
        expect(process.env).toMatchObject({ TABLE_NAME: told.tableName, STATE_MACHINE_ARN: 'arn:ours' });
      } finally {
        Object.assign(process.env, before);
      }
    });
  });

  it('or the command says what to do', async () => {
    await operate(CLUSTER, {}, async () => {
      await expect(useDeployment({ table: 'ledger' })).rejects.toThrow(/no parameter .*--state-machine/);
    });
  });
});

it('says of a host that waits what the run itself says, and of one that is gone when it went', async () => {
  await inAccount(async ({ until, account, seen }) => {
    await send({ cluster: 'prod' }, ALICE);
    const hosts = account.truth.hosts().map(({ instanceId }) => instanceId);
    await until(async () => ((await status()).groups[0]?.draining ?? 0) >= 1);
    const before = seen.length;
    const said = await Promise.all(hosts.map((id) => explainView('prod', id)));

    const waiting = said.filter(({ state }) => state === 'waiting');
    expect(said.some(({ state, reason }) => state === 'draining' && /it drains since/.test(reason))).toBe(
      true,
    );
    expect(waiting.length).toBeGreaterThan(0);
    // The ledger tells why, in the words of the rule that held it back at the last look; nobody reads the cluster for it.
    for (const { reason } of waiting) expect(reason).toMatch(/^it waits: (?!its turn has not come)/);
    const listed = (await status()).run?.waiting ?? [];
    for (const { instanceId, reason } of waiting)
      expect(listed.find(({ instanceIds }) => instanceIds.includes(instanceId))?.reason).toBe(
        reason.replace('it waits: ', ''),
      );
    expect(reads(seen.slice(before))).toEqual([]);
    await until(async () => (await status()).state === 'idle');
    const [first = ''] = hosts;
    expect(await explainView('prod', first)).toMatchObject({ state: 'replaced', run: 'idle' });
    expect(await explainView('prod', 'i-0nobody')).toMatchObject({ state: 'not of this run' });
  });
});

it('a paused run waits, shown as such, until somebody resumes it; who began it stays known', async () => {
  await inAccount(async ({ until, pass, account }) => {
    await send({ cluster: 'prod' }, ALICE);
    await until(async () => ((await status()).groups[0]?.draining ?? 0) >= 1);
    const paused = await send({ cluster: 'prod', mode: 'pause' }, { user: 'bob' });
    expect(paused.ending).toMatchObject({
      outcome: 'SUCCEEDED',
      reason: expect.stringMatching(/asked run .* to pause/),
    });
    expect((await status()).run?.asked).toMatchObject({ mode: 'pause', by: expect.stringMatching(/^bob/) });

    await until(async () => (await status()).state === 'idle');
    await pass(3 * 3600);
    expect(await status()).toMatchObject({
      run: { ending: { outcome: 'PENDING_WINDOW', reason: expect.stringMatching(/^paused by bob/) } },
      pending: [{ waitsFor: 'resume', triggeredBy: { by: expect.stringMatching(/^alice/) } }],
    });
    expect(account.truth.hosts().filter(({ state }) => state === 'running')).toHaveLength(6);

    const resumed = await send({ cluster: 'prod', mode: 'resume' }, { user: 'bob', toTheEnd: true });
    expect(resumed.ending?.outcome).toBe('SUCCEEDED');
    expect((await history()).map(({ outcome }) => outcome)).toEqual(['SUCCEEDED', 'PENDING_WINDOW']);
    expect((await status()).pending).toEqual([]);
  });
});
