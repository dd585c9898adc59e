/** Game days in the account, with a person at work beside them. What is wrong with one is I1's and I13's to tell. */
import { afterEach, expect, it } from 'vitest';
import { send } from '../../cli/operate/send.ts';
import { showHistory, showStatus } from '../../cli/operate/show.ts';
import type { HistoryView } from '../../cli/views/history.ts';
import type { StatusView } from '../../cli/views/status.ts';
import type { RequestInput } from '../../functions/edge/request.ts';
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import { NEW_IMAGE, OLD_IMAGE } from '../../rehearsal/clusters/constants.ts';
import type { ClusterSpec } from '../../rehearsal/clusters/spec.ts';
import { parseCapture } from '../../simulator/capture/parse.ts';
import { play } from '../gallery/play.ts';
import { type Operated, type OperatedOptions, operateOn } from '../support/operated-account.ts';

const ALICE = { user: 'alice' };
const TO_THE_END = { ...ALICE, toTheEnd: true };
const DAY: RequestInput = { cluster: 'prod', mode: 'game-day', services: ['web'] };

const status = async (): Promise<StatusView> => JSON.parse(await showStatus('prod', true));
const history = async (): Promise<HistoryView[]> => JSON.parse(await showHistory('prod', 20, true)).runs;

/** When which task was told to stop by a call of ours. */
function stops({ seen }: Operated): { readonly taskArn: string; readonly t: number }[] {
  const all = seen.flatMap(([one, t]) =>
    one.kind === 'task' && one.cause?.because === 'stop-task' ? [{ taskArn: one.taskArn, t }] : [],
  );
  return all.filter(({ taskArn }, at) => all.findIndex((one) => one.taskArn === taskArn) === at);
}

function onCluster<T>(
  work: (operated: Operated) => Promise<T>,
  options: OperatedOptions & Partial<ClusterSpec> = {},
): Promise<T> {
  const { settings, faults, ...spec } = options;
  const json = JSON.parse(
    JSON.stringify(
      buildCapture({
        groups: [{ name: 'hosts', hosts: 3, imageReference: OLD_IMAGE }],
        services: [
          { name: 'web', desired: 4, minimumHealthyPercent: 50 },
          { name: 'api', desired: 3, minimumHealthyPercent: 50 },
        ],
        ...spec,
      }),
    ),
  );
  for (const service of json.ecs.services) service.tags = [{ key: 'rollover:game-day', value: 'true' }];
  const capture = parseCapture(json);
  if (!('ok' in capture)) throw new Error(JSON.stringify(capture.problems));
  return operateOn(capture.ok, { ...(settings && { settings }), ...(faults && { faults }) }, work);
}

const WITH_JOB = { standalone: [{ family: 'job' }] };

afterEach(() => {
  process.env.ROLLOVER_GUARDRAILS = '{}';
});

it('is kept: status, history and the next retirement know of it', async () => {
  await onCluster(async (operated) => {
    const { ending } = await send(DAY, TO_THE_END);
    expect(ending).toMatchObject({
      outcome: 'SUCCEEDED',
      reason: expect.stringContaining('web: 1 task was stopped'),
    });
    expect(stops(operated)).toHaveLength(1);
    expect(await status()).toMatchObject({
      state: 'idle',
      run: { mode: 'game-day', triggeredBy: { by: expect.stringMatching(/^alice/) } },
      rehearsed: [
        { service: 'web', outcome: 'recovered', text: expect.stringMatching(/^rehearsed 20\d\d-/) },
      ],
    });
    expect(await history()).toMatchObject([{ kind: 'game-day', outcome: 'SUCCEEDED' }]);
  });
});

it('a retirement says of services that had none that they were never rehearsed', async () => {
  const played = await play('p31a-fargate-tasks-retire', 1);
  expect(played.notices('service-left-to-aws')[0]?.message).toContain('(never rehearsed)');
  expect(played.notices('pending_window')[0]?.message).toContain('never rehearsed: api, web');
});

it('stops nothing more once somebody says abort', async () => {
  await onCluster(async (operated) => {
    await send({ ...DAY, tasks: 3 }, ALICE);
    await operated.until(() => stops(operated).length === 1);
    await send({ cluster: 'prod', mode: 'abort' }, { user: 'bob' });
    await operated.until(async () => (await status()).state === 'idle');
    await operated.pass(1800);
    expect(stops(operated)).toHaveLength(1);
    expect((await history())[0]).toMatchObject({ kind: 'game-day', outcome: 'ABORTED' });
  });
});

it('waits for the end of a rollover, and a rollover for its own', async () => {
  await onCluster(async (operated) => {
    const roll = { cluster: 'prod', image: NEW_IMAGE };
    await send(roll, ALICE);
    const { ending } = await send(DAY, ALICE);
    expect(ending).toMatchObject({ outcome: 'PENDING_WINDOW' });
    expect((await status()).pending).toMatchObject([{ waitsFor: 'other-run' }]);
    await operated.until(async () => (await history()).length === 2);
    const [day, rolled] = await history();
    expect(rolled).toMatchObject({ outcome: 'SUCCEEDED' });
    expect(day).toMatchObject({ kind: 'game-day', outcome: 'SUCCEEDED' });
    expect(day?.from.localeCompare(rolled?.until ?? '')).toBeGreaterThanOrEqual(0);

    // The history is written before the cluster is free.
    await operated.until(async () => (await status()).state === 'idle');
    expect((await send({ ...DAY, tasks: 3 }, ALICE)).ending).toBeUndefined();
    expect((await send({ cluster: 'prod', image: OLD_IMAGE }, ALICE)).ending?.outcome).toBe('PENDING_WINDOW');
    expect((await send({ ...DAY, tasks: 3 }, ALICE)).ending?.outcome).toBe('NOTHING_TO_DO');
  });
});

it('stops nothing outside its window, and goes by itself when that opens', async () => {
  await onCluster(
    async (operated) => {
      const { ending } = await send(DAY, ALICE);
      expect(ending).toMatchObject({ outcome: 'PENDING_WINDOW' });
      await operated.until(async () => (await history()).length === 1);
      const [first] = stops(operated);
      expect(first?.t).toBeGreaterThan(1800);
      expect(first?.t).toBeLessThan(1800 + 600);
    },
    // The capture is of a Sunday noon.
    { settings: { windows: 'Sun 12:30-16:00 UTC' } },
  );
});

it('changes nothing of a cluster that only observes, and says what it would do', async () => {
  await onCluster(
    async (operated) => {
      const { ending } = await send({ ...DAY, services: ['web', 'api', 'none'], tasks: 2 }, ALICE);
      expect(ending?.outcome).toBe('SUCCEEDED');
      expect(ending?.reason).toMatch(
        /only observed: web: 2 of its tasks would be stopped.*api: 2 of.*none: left alone/,
      );
      expect(stops(operated)).toEqual([]);
      expect(await history()).toEqual([]);
    },
    { enabled: 'observe' },
  );
});

it('is refused where the deployment never stops tasks by force', async () => {
  await onCluster(async (operated) => {
    process.env.ROLLOVER_GUARDRAILS = JSON.stringify({ neverForce: true });
    const { ending } = await send(DAY, ALICE);
    expect(ending).toMatchObject({ outcome: 'REFUSED', reason: expect.stringContaining('neverForce') });
    expect(stops(operated)).toEqual([]);
  });
});

it('stops exactly the tasks that are named, and none that nothing would replace', async () => {
  await onCluster(async (operated) => {
    const tasks = operated.account.truth.tasks();
    const named = tasks.find(({ serviceName }) => serviceName === 'api')?.taskArn ?? '';
    const job = tasks.find(({ group }) => group === 'family:job')?.taskArn ?? '';
    const { ending } = await send({ cluster: 'prod', mode: 'game-day', tasks: [named, job] }, TO_THE_END);
    expect(stops(operated).map(({ taskArn }) => taskArn)).toEqual([named]);
    expect(ending).toMatchObject({ outcome: 'PARTIAL', reason: expect.stringContaining('of no service') });
  }, WITH_JOB);
});

it('waits for a task that dies by itself meanwhile, before it stops the next', async () => {
  await onCluster(
    async (operated) => {
      const { ending } = await send({ ...DAY, tasks: 2 }, TO_THE_END);
      expect(ending?.reason).toContain('never fewer than 2 of 4 healthy');
      expect(stops(operated)).toHaveLength(2);
      const second = stops(operated)[1]?.t ?? 0;
      const before = operated.seen.findLast(
        ([one, t]) => one.kind === 'service' && one.serviceName === 'web' && t < second,
      );
      expect(before?.[0]).toMatchObject({ healthy: 4 });
    },
    { faults: [{ kind: 'end-task', when: 'after-call:ECS.StopTask:1', service: 'web', exitCode: 1 }] },
  );
});
