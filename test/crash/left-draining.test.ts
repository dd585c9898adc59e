/**
 * P25: the orchestrator dies while hosts drain, and no event tells. What it drained goes back to work within one sweep; what
 * a person drained, before the run or in the middle of it, nobody of ours sets back to ACTIVE, nor does the next run.
 */
import { UpdateContainerInstancesStateCommand } from '@aws-sdk/client-ecs';
import { expect, it } from 'vitest';
import { ecs } from '../../functions/aws/clients.ts';
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import { NEW_IMAGE } from '../../rehearsal/clusters/constants.ts';
import { startOf } from '../../rehearsal/input.ts';
import { LedgerMirror } from '../../rehearsal/ledger-mirror.ts';
import { rehearse } from '../../rehearsal/rehearse.ts';
import { parseScenario } from '../../rehearsal/scenario.ts';
import type { Account } from '../../simulator/account.ts';
import { parseCapture } from '../../simulator/capture/parse.ts';
import type { Json } from '../support/small-cluster.ts';

const BEFORE = 'i-00000000000000000';
const HOSTS = [1, 2, 3, 4].map((n) => `i-0000000000000000${n}`);
/** The sweep, its first calls, and the wait for the dead run's last Lambda. */
const GIVEN_BACK_WITHIN_SECONDS = 300 + 75 + 60;

it('sets back what the dead run drained, and never what a person did', async () => {
  const capture: Json = JSON.parse(
    JSON.stringify(
      buildCapture({
        groups: [{ name: 'hosts', hosts: 5, imageReference: NEW_IMAGE }],
        // Its tasks take ten minutes to stop: no host is empty when the sweep comes.
        services: [{ name: 'web', desired: 8, loadBalancer: { deregistrationDelaySeconds: 600 } }],
      }),
    ),
  );
  for (const host of capture.ecs.containerInstances)
    if (host.ec2InstanceId === BEFORE) host.status = 'DRAINING';
  const parsed = parseCapture(capture);
  const scenario = parseScenario({
    settings: { bakeSeconds: 0, canaryInstances: 0, maxTasksInMotionPercent: 50 },
    horizonSeconds: 6 * 3600,
  });
  if (!('ok' in parsed) || !scenario.ok) throw new Error('the scene cannot be read');
  const start = startOf(parsed.ok, scenario.value, undefined);
  if (!start.ok) throw new Error(start.problems.join('; '));

  const mirror = new LedgerMirror();
  const statuses = new Map<string, string[]>();
  let stoppedMs = Number.POSITIVE_INFINITY;
  let ours: readonly string[] = [];
  let theirs = '';
  const backMs = new Map<string, number>();
  const watch = (account: Account, stateMachineArn: string): void => {
    const { clock, stepFunctions, faults, truth } = account;
    account.observe((observation, atMs) => {
      mirror.observe(observation);
      if (observation.kind !== 'container-instance') return;
      const { instanceId, status } = observation;
      const known = statuses.get(instanceId) ?? [];
      if (known.at(-1) !== status) statuses.set(instanceId, [...known, status]);
      if (atMs > stoppedMs && status === 'ACTIVE' && !backMs.has(instanceId)) backMs.set(instanceId, atMs);
    });
    const strike = () => {
      const isDraining = ([, known]: readonly [string, readonly string[]]) => known.at(-1) === 'DRAINING';
      ours = [...statuses].filter(isDraining).flatMap(([id]) => (id === BEFORE ? [] : [id]));
      if (ours.length < 2) return void clock.after(1000, strike);
      theirs = HOSTS.find((id) => !ours.includes(id)) ?? '';
      void drainByHand(truth.containerInstanceOf(theirs)?.containerInstanceArn ?? '');
      faults.board.dropsEvent = () => true;
      stoppedMs = clock.nowMs;
      stepFunctions.running()[0]?.stop('Stopped', 'by a test');
      // The next run, once all is given back.
      clock.after(1200_000, () => {
        stepFunctions.start(stateMachineArn, JSON.stringify({ cluster: 'prod', reason: 'manual' }));
        isStarted = true;
      });
    };
    let isStarted = false;
    const isQuiet = account.isQuiet.bind(account);
    account.isQuiet = () => isStarted && isQuiet();
    clock.after(1000, strike);
  };
  const input = { ...scenario.value, capture: parsed.ok, seed: 1, start: start.value };
  const { result } = await rehearse(
    input,
    () => {},
    (account, { stateMachineArn }) => watch(account, stateMachineArn),
  );

  expect(ours.length).toBeGreaterThanOrEqual(2);
  for (const id of ours)
    expect(((backMs.get(id) ?? Number.NaN) - stoppedMs) / 1000).toBeLessThan(GIVEN_BACK_WITHIN_SECONDS);
  expect(statuses.get(BEFORE)).toEqual(['DRAINING']);
  expect(statuses.get(theirs)).toEqual(['ACTIVE', 'DRAINING']);
  expect(result.notifications.map(({ kind }) => kind)).toContain('aborted');
  expect(result).toMatchObject({ outcome: 'SUCCEEDED', restored: true, violations: [] });
  expect(result.instances.exempt.map(({ instanceId }) => instanceId).sort()).toEqual([BEFORE, theirs]);
  expect(mirror.claims()).toEqual([]);
});

/** As in the console: by nobody of the account's functions. */
async function drainByHand(arn: string): Promise<void> {
  const host = { cluster: 'prod', containerInstances: [arn], status: 'DRAINING' as const };
  await ecs.send(new UpdateContainerInstancesStateCommand(host));
}
