/** The policies in the template: cdk-nag's judgement, the functions' own, and what people can and cannot do with theirs. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { StateMachine } from 'aws-local-stepfunctions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterAll, describe, expect, it } from 'vitest';
import { doorDefinition } from '../../infra/constructs/cluster-door.ts';
import { FUNCTION_NAMES, grantsOf } from '../../infra/grants.ts';
import { RolloverStack } from '../../infra/stack.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

const outdir = mkdtempSync(join(tmpdir(), 'rollover-nag-'));
afterAll(() => rmSync(outdir, { recursive: true, force: true }));

const app = new App({ outdir });
const stack = new RolloverStack(app, 'Nagged', {
  codeOf: () => Code.fromInline('exports.handler = () => {};'),
  schedules: [{ expression: 'rate(7 days)', cluster: 'prod' }],
  operatedClusters: ['prod', 'staging'],
  notificationEmails: ['ops@example.com'],
});
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
const template = Template.fromStack(stack);

it('cdk-nag (AwsSolutions) has nothing to say', () => {
  const report = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8')) as {
    pluginReports: { pluginName: string; conclusion: string; violations: { ruleName: string }[] }[];
  };
  expect(report.pluginReports.map(({ pluginName }) => pluginName)).toEqual(['AwsSolutions']);
  expect(
    report.pluginReports.flatMap(({ violations }) => violations.map(({ ruleName }) => ruleName)),
  ).toEqual([]);
});

it.each(FUNCTION_NAMES)('the role of %s holds its grants and its own log, nothing else', (name) => {
  const pascal = name.charAt(0).toUpperCase() + name.slice(1);
  const [policy] = Object.entries(template.findResources('AWS::IAM::Policy'))
    .filter(([id]) => id.startsWith(`RolloverFunctions${pascal}RoleDefaultPolicy`))
    .map(([, { Properties }]) => Properties.PolicyDocument.Statement as readonly Statement[]);
  const held = (policy ?? []).flatMap(({ Action }) => Action);
  const own = ['logs:CreateLogStream', 'logs:PutLogEvents'];
  // The CDK adds those for traces once more.
  const wanted = new Set([...grantsOf(name).flatMap(({ actions }) => actions), ...own]);
  expect([...new Set(held)].sort()).toEqual([...wanted].sort());
});

describe('a role of people', () => {
  const arnOf = (id: string) => ({ Ref: id });
  const machineOf = (name: string) => {
    const found = Object.entries(template.findResources('AWS::StepFunctions::StateMachine')).find(
      ([, { Properties }]) => Properties.StateMachineName === name,
    );
    return found?.[0] ?? '';
  };
  const statementsOf = (role: string): readonly Statement[] => {
    const found = Object.entries(template.findResources('AWS::IAM::ManagedPolicy')).find(([id]) =>
      new RegExp(`^RolloverPeople${role}[0-9A-F]{8}$`).test(id),
    );
    return found?.[1].Properties.PolicyDocument.Statement ?? [];
  };
  /** May it do this to the machine? As IAM judges: some statement allows it, by `*` and `?`. */
  const mayStart = (role: string, machine: string) =>
    statementsOf(role).some(
      ({ Effect, Action, Resource }) =>
        Effect === 'Allow' &&
        [Action].flat().some((pattern) => matchesPattern(pattern, 'states:StartExecution')) &&
        [Resource].flat().some((resource) => covers(resource, machine)),
    );
  const covers = (resource: unknown, machine: string): boolean => {
    const wanted = [arnOf(machineOf(machine)), `stateMachine:${machine}`];
    const text = JSON.stringify(resource);
    if (text === JSON.stringify(wanted[0]) || text === '"*"') return true;
    const tail = /stateMachine:([^"]*)"/.exec(text)?.[1];
    return tail !== undefined && matchesPattern(tail, machine);
  };

  it.each([
    ['OperatorOfprod', ['ecs-rollover-of-prod']],
    ['OperatorOfstaging', ['ecs-rollover-of-staging']],
    ['Operator', ['ecs-rollover']],
    ['Viewer', []],
    ['Breaker', []],
  ])('%s starts %j and no other machine', (role, machines) => {
    const every = [
      'ecs-rollover',
      'ecs-rollover-retirement',
      'ecs-rollover-of-prod',
      'ecs-rollover-of-staging',
    ];
    for (const machine of every) expect(machineOf(machine)).not.toBe('');
    expect(statementsOf(role).length).toBeGreaterThan(5);
    expect(every.filter((machine) => mayStart(role, machine))).toEqual(machines);
  });

  it.each(['Viewer', 'Breaker', 'OperatorOfprod'])(
    '%s puts no request on the bus or into the queue',
    (role) => {
      const actions = statementsOf(role).flatMap(({ Action }) => Action);
      expect(actions.filter((action) => /^(events:Put|sqs:Send|lambda:Invoke)/.test(action))).toEqual([]);
    },
  );

  it('fits what a managed policy may have: 6,144 characters (IAM user guide, reference_iam-quotas)', () => {
    for (const { Properties } of Object.values(template.findResources('AWS::IAM::ManagedPolicy'))) {
      const written = JSON.stringify(Properties.PolicyDocument)
        .replace(/\{"Fn::Join":\["",\[(.*?)\]\]\}/g, '"$1"')
        .replace(/\{"(Ref|Fn::GetAtt)":[^}]*\}/g, 'x'.repeat(14));
      expect(written.length).toBeLessThan(6_144);
    }
  });
});

it.each([
  [{}, { cluster: 'prod' }],
  [
    { cluster: 'staging', mode: 'plan' },
    { cluster: 'prod', mode: 'plan' },
  ],
])('the way in of a cluster makes %j a request for this cluster', async (input, request) => {
  const arn = 'arn:aws:states:eu-west-1:111122223333:stateMachine:ecs-rollover';
  const definition = doorDefinition('prod', arn, 'aws') as never;
  const started: unknown[] = [];
  const resource = 'arn:aws:lambda:eu-west-1:111122223333:function:start';
  // The interpreter knows functions alone.
  const runnable = JSON.parse(
    JSON.stringify(definition).replace('arn:aws:states:::states:startExecution', resource),
  );
  const { result } = new StateMachine(runnable).run(input, {
    overrides: {
      taskResourceLocalHandlers: { Start: async (parameters: unknown) => started.push(parameters) },
    },
    context: { Execution: { Name: 'by-hand' } } as never,
  });
  await result;

  expect(started).toEqual([{ StateMachineArn: arn, Name: 'by-hand', Input: request }]);
});

/** Source: IAM user guide, reference_policies_elements_resource: `*` and `?` in any part. */
function matchesPattern(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(text);
}
