/** Guardrails that a new deployment tightens in the middle of a run, and an opt-in that is taken back. */
import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { ECSClient } from '@aws-sdk/client-ecs';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, describe, expect, it } from 'vitest';
import { handler as drain } from '../../functions/drain.ts';
import { NO_ACTS, type RunState } from '../../functions/edge/run-state.ts';
import { handler as register } from '../../functions/register.ts';
import { handler as terminate } from '../../functions/terminate.ts';
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import { NEW_IMAGE } from '../../rehearsal/clusters/constants.ts';
import type { ClusterSpec } from '../../rehearsal/clusters/spec.ts';
import { startOf } from '../../rehearsal/input.ts';
import { rehearse } from '../../rehearsal/rehearse.ts';
import { parseScenario } from '../../rehearsal/scenario.ts';
import { parseCapture } from '../../simulator/capture/parse.ts';
import { fakeLedger } from '../support/fake-ledger.ts';
import { lambdaContext } from '../support/lambda-context.ts';
import { begin, state } from '../support/run.ts';

const CLUSTER: ClusterSpec = {
  groups: [{ name: 'web', hosts: 4, imageReference: NEW_IMAGE }],
  services: [{ name: 'api', desired: 12, cpu: 256, memoryMiB: 512 }],
};

afterEach(() => {
  delete process.env.ROLLOVER_GUARDRAILS;
});

describe.each([
  ['cluster', { clusters: ['dev-*'] }, /not among the clusters/],
  ['surge', { settings: { surge: { max: '50%' } } }, /surge: the deployment allows no more than 50%/],
  ['deployment, which only observes now,', { observeOnly: true }, /the deployment only observes/],
])('a guardrail on the %s that is tightened', (_, guardrails, reason) => {
  it.each([20, 150, 300])(
    '%i s into the run stops it, and what it touched is given back',
    async (seconds) => {
      const capture = parseCapture(JSON.parse(JSON.stringify(buildCapture(CLUSTER))));
      const scenario = parseScenario({ settings: { bakeSeconds: 60 } });
      if (!('ok' in capture) || !scenario.ok) throw new Error('unreadable');
      const start = startOf(capture.ok, scenario.value, undefined);
      if (!start.ok) throw new Error('unreadable');
      const input = { ...scenario.value, capture: capture.ok, seed: 1, start: start.value };

      const { result, log } = await rehearse(input, undefined, ({ clock }) => {
        clock.at(clock.nowMs + seconds * 1000, () => {
          process.env.ROLLOVER_GUARDRAILS = JSON.stringify(guardrails);
        });
      });

      expect(result.outcome).toBe('ABORTED');
      expect(result.reason).toMatch(reason);
      expect(result).toMatchObject({ restored: true, leftovers: [], violations: [] });
      // One look may be on its way; after that only what gives back.
      const drained = log.filter(
        (line) => line.kind === 'container-instance' && line.status === 'DRAINING' && line.t > seconds + 45,
      );
      const old = new Set(capture.ok.ec2.instances.map(({ InstanceId }) => InstanceId));
      expect(drained.filter((line) => 'instanceId' in line && old.has(String(line.instanceId)))).toEqual([]);
    },
  );
});

it('no acting state acts for a run that the deployment forbids; going back to work it may', async () => {
  const ledger = fakeLedger();
  const [ecs, autoScaling] = [mockClient(ECSClient), mockClient(AutoScalingClient)];
  await begin(ledger.table);
  process.env.ROLLOVER_GUARDRAILS = '{"clusters":["dev-*"]}';
  const host = { instanceId: 'i-0old', containerInstanceArn: 'arn:ci', reason: '' };
  const step = {
    ...NO_ACTS,
    register: [{ autoScalingGroupName: 'hosts', minSize: 1, maxSize: 4, desiredCapacity: 4, reason: '' }],
    drain: [host],
    terminate: [{ ...host, autoScalingGroupName: 'hosts', decrement: false, because: 'drained' as const }],
  };
  const acting: RunState = { ...state, step };

  for (const handler of [register, drain, terminate]) {
    await expect(handler(acting, lambdaContext)).rejects.toMatchObject({ name: 'WorldChanged' });
  }
  expect([...ecs.calls(), ...autoScaling.calls()]).toEqual([]);
  ecs.reset();
  autoScaling.reset();
  ecs.restore();
  autoScaling.restore();
});
