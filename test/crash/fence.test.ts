/**
 * The last Lambda of a stopped execution goes on for as long as it may (AWS Step Functions API reference, StopExecution;
 * a function in flight is not told). It is slow here, and restored around: what it does afterwards is fenced.
 */
import { expect, it } from 'vitest';
import { startOf } from '../../rehearsal/input.ts';
import { LedgerMirror } from '../../rehearsal/ledger-mirror.ts';
import { rehearse } from '../../rehearsal/rehearse.ts';
import { parseScenario } from '../../rehearsal/scenario.ts';
import { parseCapture } from '../../simulator/capture/parse.ts';
import { currentInvocation } from '../../simulator/kernel/caller.ts';
import { NEW_IMAGE, QUICK, smallCluster } from '../support/small-cluster.ts';

it('a stopped execution’s last Lambda changes nothing once the restore has claimed', async () => {
  const capture = parseCapture(smallCluster([{ imageReference: NEW_IMAGE }]));
  const scenario = parseScenario({ settings: QUICK });
  if (!('ok' in capture) || !scenario.ok) throw new Error('the scene cannot be read');
  const start = startOf(capture.ok, scenario.value, undefined);
  if (!start.ok) throw new Error(start.problems.join('; '));

  const mirror = new LedgerMirror();
  const failures: string[] = [];
  let tokenAtStop = 0;
  let callsAfterClaim = 0;
  let lastLambda: object | undefined;
  const input = { ...scenario.value, capture: capture.ok, seed: 1, start: start.value };
  const { result } = await rehearse(
    input,
    () => {},
    ({ clock, faults: { board }, lambda, stepFunctions, ...account }) => {
      account.observe((observation) => {
        mirror.observe(observation);
        if (observation.kind !== 'call' || observation.operation !== 'AutoScaling.SuspendProcesses') return;
        lastLambda = currentInvocation();
        tokenAtStop = mirror.claims()[0]?.token ?? 0;
        clock.after(0, () => stepFunctions.running()[0]?.stop());
      });
      // The flag on the group comes next: its fence is read only when the restore has the cluster.
      const crashes = board.crashesAfterCall.bind(board);
      board.crashesAfterCall = (name, calls) => {
        const token = mirror.claims()[0]?.token ?? 0;
        if (currentInvocation() === lastLambda && token > tokenAtStop) callsAfterClaim += 1;
        return crashes(name, calls);
      };
      const loses = board.losesResponse.bind(board);
      board.losesResponse = (operation) =>
        loses(operation) ||
        (lastLambda !== undefined &&
          currentInvocation() === lastLambda &&
          (mirror.claims()[0]?.token ?? 0) === tokenAtStop);
      lambda.onFailure((_name, _payload, error) => failures.push(error.message));
    },
  );

  expect(tokenAtStop).toBe(1);
  // It lived on, looked at the claim, and went no further.
  expect(callsAfterClaim).toBeGreaterThan(0);
  expect(failures.join()).toContain('ClaimLost');
  expect(result).toMatchObject({ outcome: 'ABORTED', violations: [], restored: true, leftovers: [] });
  expect(result.cost.apiCalls['AutoScaling.SuspendProcesses']).toBeLessThanOrEqual(2);
});
