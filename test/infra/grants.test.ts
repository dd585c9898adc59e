import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleHandlers } from '../../infra/bundles.ts';
import { BESIDES, FUNCTION_NAMES, type FunctionName, grantsOf } from '../../infra/grants.ts';
import { NARROWED } from '../../infra/scopes.ts';

/** IAM's name of each service. Source: the service authorization reference. */
const IAM_PREFIX: Readonly<Record<string, string>> = {
  'client-auto-scaling': 'autoscaling',
  'client-cloudwatch': 'cloudwatch',
  'client-dynamodb': 'dynamodb',
  'client-ec2': 'ec2',
  'client-ecr': 'ecr',
  'client-ecs': 'ecs',
  'client-elastic-load-balancing-v2': 'elasticloadbalancing',
  'client-eventbridge': 'events',
  'client-imagebuilder': 'imagebuilder',
  'client-service-quotas': 'servicequotas',
  'client-sfn': 'states',
  'client-sns': 'sns',
  'client-ssm': 'ssm',
};

/** Comes with DynamoDB's client for endpoint discovery, which is off unless somebody asks for it. */
const NEVER_MADE = 'dynamodb:DescribeEndpoints';

const directory = mkdtempSync(join(tmpdir(), 'rollover-grants-'));
const callsOf = new Map<FunctionName, readonly string[]>();

beforeAll(async () => {
  for (const { name, commands } of await bundleHandlers(directory)) {
    const calls = [...commands].map((command) => {
      const [client = '', operation] = command.split('/');
      return `${IAM_PREFIX[client] ?? client}:${operation}`;
    });
    callsOf.set(name, calls.filter((call) => call !== NEVER_MADE).sort());
  }
}, 120_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('the grants', () => {
  it.each(FUNCTION_NAMES)('give %s every call that its code can make', (name) => {
    const granted = new Set(grantsOf(name).flatMap(({ actions }) => actions));
    const calls = callsOf.get(name) ?? [];
    expect(calls.length).toBeGreaterThan(0);
    expect(calls.filter((call) => !granted.has(call))).toEqual([]);
  });

  it.each(FUNCTION_NAMES)('give %s nothing else but what AWS asks for besides, with a reason', (name) => {
    const besides = BESIDES.filter(({ of }) => of.includes(name)).map(({ action }) => action);
    const wanted = new Set([...(callsOf.get(name) ?? []), ...besides]);
    const granted = grantsOf(name).flatMap(({ actions }) => actions);
    expect(granted.filter((action) => !wanted.has(action))).toEqual([]);
  });

  it('narrow only actions that somebody holds', () => {
    const held = new Set(FUNCTION_NAMES.flatMap((name) => grantsOf(name).flatMap(({ actions }) => actions)));
    expect(NARROWED.filter((action) => !held.has(action))).toEqual([]);
  });

  it('narrow every call that changes something to resources of this account', () => {
    const changing =
      /^(ecs|autoscaling|dynamodb|states|sns|events|iam|kms):(?!Describe|List|Get)|LaunchTemplate/;
    const everywhere = FUNCTION_NAMES.flatMap((name) => grantsOf(name))
      .filter(({ resources }) => resources.includes('*'))
      .flatMap(({ actions }) => actions)
      .filter((action) => changing.test(action) && !action.startsWith('ec2:Describe'));
    expect(everywhere).toEqual([]);
  });
});
