/** `rollover doctor` against the deployed product in the account; what the account does not model is recorded here. */
import type { Rule } from '@aws-sdk/client-eventbridge';
import { describe, expect, it } from 'vitest';
import { doctorText } from '../../cli/doctor.ts';
import { type Check, examine, type Wakers } from '../../cli/operate/doctor.ts';
import { EVENT_RULES } from '../../functions/edge/event-patterns.ts';
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import { NEW_IMAGE } from '../../rehearsal/clusters/constants.ts';
import type { ClusterSpec } from '../../rehearsal/clusters/spec.ts';
import { asJson, parsed } from '../support/captured-account.ts';
import { type Operated, operate, operateOn } from '../support/operated-account.ts';

const CLUSTER: ClusterSpec = {
  groups: [{ name: 'web', hosts: 2, imageReference: NEW_IMAGE }],
  services: [{ name: 'api', desired: 4, cpu: 256, memoryMiB: 512 }],
};
const SWEEP_SECONDS = 300;

/** As `aws events list-rules` and `list-targets-by-rule` show a stack's rules; Source: EventBridge API reference, Rule. */
const RULES: Rule[] = EVENT_RULES.map(({ name, description }, at) => ({
  Name: `rollover-RolloverWakeUps${name}${at}`,
  Description: description,
  State: 'ENABLED',
  EventBusName: 'default',
}));
const wakers = (rules = RULES, count = 0): Wakers => ({
  rules: async () => rules,
  deadLetterQueuesOf: async () => ['arn:aws:sqs:eu-west-1:111122223333:rollover-dead-letters'],
  messagesIn: async () => count,
});
const failing = (checks: readonly Check[]) => checks.filter(({ state }) => state === 'fails');
const changes = ({ seen }: Operated) =>
  seen.filter(
    ([one]) => one.kind === 'call' && /^(?:ECS|AutoScaling|EC2)\.(?!Describe|List|Get)/.test(one.operation),
  );

describe('a deployment that is well', () => {
  it('has nothing that fails, and a plan comes of the event; nothing of a cluster is changed', async () => {
    await operate(CLUSTER, {}, async (operated) => {
      await operated.pass(SWEEP_SECONDS + 30);
      const checks = await examine({ sendsEvent: true }, wakers());

      expect(failing(checks)).toEqual([]);
      const said = checks.map(({ name, found }) => `${name}: ${found}`);
      expect(said).toContainEqual(
        expect.stringMatching(/^synthetic event: reached a plan of prod: SUCCEEDED/),
      );
      expect(said).toContainEqual(expect.stringMatching(/^sweep: ran \d+ s ago/));
      expect(said).toContainEqual('cluster prod: takes part, its settings can be read');
      expect(said.filter((one) => one.startsWith('state machine: '))).toHaveLength(2);
      expect(said.filter((one) => one.startsWith('rule '))).toHaveLength(EVENT_RULES.length);
      expect(changes(operated)).toEqual([]);
      // What only a run can prove is not called well.
      expect(checks.at(-1)).toMatchObject({ name: 'grants that act', state: 'unproved' });
      expect(doctorText(checks)).toMatch(/nothing fails\n$/);
    });
  });

  it('is only looked at with --no-event', async () => {
    await operate(CLUSTER, {}, async ({ seen, pass }) => {
      await pass(SWEEP_SECONDS + 30);
      const before = seen.length;
      expect(failing(await examine({ sendsEvent: false }, wakers()))).toEqual([]);
      const calls = seen.slice(before).flatMap(([one]) => (one.kind === 'call' ? one.operation : []));
      expect(calls.filter((operation) => /Put|Start|Update|Publish/.test(operation))).toEqual([]);
    });
  });
});

describe('what is wrong is named, with what to do', () => {
  const examined = (given: Wakers, passes = SWEEP_SECONDS + 30) =>
    operate(CLUSTER, {}, async ({ pass }) => {
      await pass(passes);
      return examine({ sendsEvent: false }, given);
    });

  it('a rule that somebody disabled, one that is gone, letters that nobody could deliver', async () => {
    const [first, , ...others] = RULES;
    const checks = await examined(wakers([{ ...first, State: 'DISABLED' }, ...others], 3));
    expect(failing(checks)).toEqual([
      {
        name: `rule ${EVENT_RULES[0]?.name}`,
        state: 'fails',
        found: 'is DISABLED',
        todo: `aws events enable-rule --name ${first?.Name}`,
      },
      expect.objectContaining({ name: `rule ${EVENT_RULES[1]?.name}`, found: 'is not there' }),
      expect.objectContaining({ name: 'dead letters', found: expect.stringMatching(/holds 3/) }),
    ]);
    expect(doctorText(checks)).toMatch(/FAILS rule own-parameter-changed .*is DISABLED\n +→ aws events/);
  });

  it('a sweep that has not run', async () => {
    const checks = await examined(wakers(), 10);
    expect(failing(checks)).toMatchObject([{ name: 'sweep', found: 'has never run to its end' }]);
  });

  it('tags that cannot be read, and an opt-in that is misspelt', async () => {
    const json = asJson(buildCapture(CLUSTER)) as { ecs: { clusters: { tags: object[] }[] } };
    json.ecs.clusters[0]?.tags.push({ key: 'rollover:surge', value: 'lots' });
    json.ecs.clusters.push({
      clusterArn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/typo',
      tags: [{ key: 'rollover:enabled', value: 'ture' }],
    } as never);
    await operateOn(parsed(json), {}, async ({ pass }) => {
      await pass(SWEEP_SECONDS + 30);
      expect(failing(await examine({ sendsEvent: false }, wakers()))).toMatchObject([
        { name: 'cluster prod', found: expect.stringMatching(/rollover:surge: must be/) },
        { name: 'cluster typo', found: expect.stringMatching(/must be true or observe/) },
      ]);
    });
  });

  it('a grant that a plan lacks: the event ends with AWS’s denial', async () => {
    const faults = [
      {
        kind: 'api-error',
        atSeconds: 0,
        operation: 'EC2.DescribeSubnets',
        error: 'UnauthorizedOperation',
        rate: 1,
      },
    ];
    await operate(CLUSTER, { faults }, async ({ pass }) => {
      await pass(SWEEP_SECONDS + 30);
      const [failed] = failing(await examine({ sendsEvent: true }, wakers()));
      expect(failed).toMatchObject({
        name: 'synthetic event',
        found: expect.stringMatching(/UnauthorizedOperation/),
      });
    });
  });

  it('credentials of one’s own that may not look', async () => {
    const given: Wakers = {
      ...wakers(),
      rules: async () => {
        throw Object.assign(new Error('not authorized to perform: events:ListRules'), {
          name: 'AccessDeniedException',
        });
      },
    };
    expect(failing(await examined(given))).toMatchObject([
      {
        name: 'rules',
        found: expect.stringMatching(/ListRules/),
        todo: expect.stringMatching(/your own credentials/),
      },
    ]);
  });
});
