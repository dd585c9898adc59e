import { readFileSync } from 'node:fs';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it, vi } from 'vitest';
import { DEPLOYMENT_PARAMETER } from '../../cli/operate/deployment.ts';
import { EVENT_RULES } from '../../functions/edge/event-patterns.ts';
import { HANDLER_TIMEOUT_SECONDS } from '../../functions/edge/timeouts.ts';
import { ALARMS } from '../../infra/alarms.ts';
import { FUNCTION_NAMES, grantsOf } from '../../infra/grants.ts';
import { deployed } from './deployed.ts';

const template = deployed({
  schedules: [{ expression: 'cron(0 2 ? * TUE *)', timeZone: 'Europe/Berlin', cluster: 'prod' }],
});

const ROLE = 'arn:aws:iam::111122223333:role/ecsInstanceRole';
/** Everything that has a default, otherwise. */
const other = deployed({
  mode: 'act',
  ledgerTableName: 'left-behind',
  notificationEmails: ['ops@example.com'],
  instanceRoleArns: [ROLE],
});

describe('the stack', () => {
  it('has one function per handler, on Node 24 and Arm, that ends within a minute', () => {
    const functions = Object.values(template.findResources('AWS::Lambda::Function'));
    const ours = functions.filter(({ Properties }) => Properties.Runtime === 'nodejs24.x');
    expect(ours).toHaveLength(FUNCTION_NAMES.length);
    for (const { Properties } of ours) {
      expect(Properties.Timeout).toBeLessThanOrEqual(60);
      expect(Properties.Architectures).toEqual(['arm64']);
    }
  });

  it('grants no action by wildcard, in any policy', () => {
    const policies = Object.values(template.findResources('AWS::IAM::Policy'));
    const actions = policies.flatMap(({ Properties }) =>
      Properties.PolicyDocument.Statement.flatMap(
        (statement: { Action: string | string[] }) => statement.Action,
      ),
    );
    expect(actions.length).toBeGreaterThan(20);
    expect(actions.filter((action: string) => action.includes('*'))).toEqual([]);
  });

  it('tells the rollover command where it is', () => {
    template.hasResourceProperties('AWS::SSM::Parameter', { Name: DEPLOYMENT_PARAMETER });
  });

  it('gives a role of its own to every function', () => {
    const roles = Object.values(template.findResources('AWS::Lambda::Function')).map(({ Properties }) =>
      JSON.stringify(Properties.Role),
    );
    expect(new Set(roles).size).toBe(roles.length);
  });

  it('lets only the functions that change a cluster change it', () => {
    const changing =
      /Update|Terminate|Stop|Suspend|Resume|Deregister|CreateLaunch|ModifyLaunch|SetInstanceProtection/;
    const changers = FUNCTION_NAMES.filter((name) =>
      grantsOf(name).some(({ actions }) =>
        actions.some((action) => /^(ecs|autoscaling|ec2):/.test(action) && changing.test(action)),
      ),
    );
    expect(changers).toEqual(['drill', 'prepare', 'register', 'drain', 'terminate', 'restore', 'redeploy']);
  });

  it('listens to each event that wakes us, and looks every five minutes', () => {
    for (const rule of EVENT_RULES) {
      template.hasResourceProperties('AWS::Events::Rule', {
        EventPattern: Match.objectLike({ source: [rule.source], 'detail-type': [rule.detailType] }),
      });
    }
    template.hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'rate(5 minutes)' });
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'cron(0 2 ? * TUE *)',
      ScheduleExpressionTimezone: 'Europe/Berlin',
      Target: Match.objectLike({
        Input: Match.serializedJson(
          Match.objectLike({ detail: { cluster: 'prod', mode: 'roll', reason: 'schedule' } }),
        ),
      }),
    });
  });

  it('gives every target a retry policy and a place for what never arrives', () => {
    const targets = [
      ...Object.values(template.findResources('AWS::Events::Rule')).flatMap(
        ({ Properties }) => Properties.Targets,
      ),
      ...Object.values(template.findResources('AWS::Scheduler::Schedule')).map(
        ({ Properties }) => Properties.Target,
      ),
    ];
    expect(targets.length).toBe(EVENT_RULES.length + 2);
    for (const target of targets) {
      expect(target.RetryPolicy).toMatchObject({ MaximumRetryAttempts: expect.any(Number) });
      expect(target.DeadLetterConfig?.Arn).toBeDefined();
    }
  });

  it('puts a queue with dead letters before each handler of events, which says record by record what failed', () => {
    const mappings = Object.values(template.findResources('AWS::Lambda::EventSourceMapping'));
    expect(mappings.map(({ Properties }) => Properties.FunctionResponseTypes)).toEqual([
      ['ReportBatchItemFailures'],
      undefined,
    ]);
    const queues = Object.values(template.findResources('AWS::SQS::Queue'));
    expect(queues.filter(({ Properties }) => Properties.RedrivePolicy)).toHaveLength(mappings.length);
    for (const { Properties } of queues) expect(Properties.SqsManagedSseEnabled).toBe(true);
    for (const { Properties } of queues.filter((queue) => queue.Properties.RedrivePolicy)) {
      expect(Properties.VisibilityTimeout).toBeGreaterThan(HANDLER_TIMEOUT_SECONDS);
    }
  });

  it('keeps the ledger when the stack is deleted, with point-in-time recovery', () => {
    template.hasResource('AWS::DynamoDB::Table', {
      DeletionPolicy: 'Retain',
      Properties: Match.objectLike({
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        BillingMode: 'PAY_PER_REQUEST',
        TimeToLiveSpecification: { AttributeName: 'ttl', Enabled: true },
      }),
    });
  });
});

describe('the topic', () => {
  it.each(['cloudwatch.amazonaws.com', 'events.amazonaws.com'])(
    'takes messages of %s, encrypted',
    (Service) => {
      const statement = { Effect: 'Allow', Principal: { Service } };
      const allowing = (Action: unknown) => ({
        Statement: Match.arrayWith([
          Match.objectLike({
            ...statement,
            Action,
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          }),
        ]),
      });
      template.hasResourceProperties('AWS::KMS::Key', {
        EnableKeyRotation: true,
        KeyPolicy: Match.objectLike(allowing(['kms:Decrypt', 'kms:GenerateDataKey*'])),
      });
      template.hasResourceProperties('AWS::SNS::TopicPolicy', {
        PolicyDocument: Match.objectLike(allowing('sns:Publish')),
      });
    },
  );

  it('tells the addresses that the deployment names', () => {
    other.hasResourceProperties('AWS::SNS::Subscription', {
      Protocol: 'email',
      Endpoint: 'ops@example.com',
    });
  });
});

describe('the alarms', () => {
  const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(
    ({ Properties }) => Properties,
  );
  const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
  const sections = runbook.split(/^## /m).slice(1);

  it('tell people on the topic, and where they read on', () => {
    expect(alarms).toHaveLength(Object.keys(ALARMS).length);
    for (const { AlarmActions, AlarmDescription } of alarms) {
      expect(AlarmActions).toHaveLength(1);
      expect(AlarmDescription).toMatch(/docs\/runbook\.md#[a-z]+$/);
    }
  });

  it.each(Object.keys(ALARMS))(
    '%s has a section of the runbook: what it is, where to look, what to do',
    (name) => {
      const section = sections.find((text) => text.startsWith(`${name}\n`)) ?? '';
      for (const part of ['Description', 'Investigation', 'Resolution']) {
        expect(section).toMatch(new RegExp(`\\*\\*${part}\\.\\*\\* .{20,}`));
      }
    },
  );

  it('have no other sections beside theirs', () => {
    expect(sections.map((text) => text.split('\n')[0]).sort()).toEqual(Object.keys(ALARMS).sort());
  });

  it('look at metrics and dimensions that the functions write', async () => {
    vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false').stubEnv('POWERTOOLS_DEV', 'true').resetModules();
    const { measure } = await import('../../functions/edge/metrics.ts');
    const written: string[] = [];
    const print = vi.spyOn(console, 'log').mockImplementation((line: string) => void written.push(line));
    measure({ InstancesHeld: 1 }, { cluster: 'prod', autoScalingGroupName: 'web' });
    measure({ NoticeDeadlineHours: 1 }, { cluster: 'prod' });
    print.mockRestore();
    vi.unstubAllEnvs();
    const dimensionsOf = new Map(
      written.map((line) => {
        const [{ Dimensions, Metrics, Namespace }] = JSON.parse(line)._aws.CloudWatchMetrics;
        return [Metrics[0].Name, [`"${Namespace}"`, ...[...Dimensions[0]].sort()].join()];
      }),
    );
    const queries = alarms.flatMap(({ Metrics = [] }) =>
      Metrics.map(({ Expression = '' }: { Expression?: string }) =>
        /^SELECT \w+\((\w+)\) FROM SCHEMA\((.*)\)$/.exec(Expression),
      ).filter(Boolean),
    );
    expect(queries).toHaveLength(2);
    for (const [, metric, schema] of queries) {
      const [namespace, ...dimensions] = schema.split(', ');
      expect([namespace, ...dimensions.sort()].join()).toBe(dimensionsOf.get(metric));
    }
  });
});

it('lets the functions pass the instance roles that the deployment names, and no other', () => {
  const passing = (of: typeof template): { Resource: unknown; Condition: unknown }[] =>
    Object.values(of.findResources('AWS::IAM::Policy')).flatMap(({ Properties }) =>
      Properties.PolicyDocument.Statement.filter(
        ({ Action }: { Action: string }) => Action === 'iam:PassRole',
      ),
    );
  expect(passing(other).map(({ Resource }) => Resource)).toEqual([ROLE, ROLE]);
  for (const { Resource, Condition } of [...passing(template), ...passing(other)]) {
    expect(Condition).toEqual({ StringLike: { 'iam:PassedToService': 'ec2.amazonaws.com*' } });
    expect(Resource).not.toBe('*');
  }
});

it('goes on with the ledger that an earlier deployment left, where its name is given', () => {
  other.resourceCountIs('AWS::DynamoDB::Table', 0);
  other.hasResourceProperties('AWS::Lambda::Function', {
    Environment: { Variables: Match.objectLike({ TABLE_NAME: 'left-behind' }) },
  });
});

describe('a deployment in the middle of a run', () => {
  const machines = Object.entries(template.findResources('AWS::StepFunctions::StateMachine'));
  const versions = template.findResources('AWS::Lambda::Version');

  it.each(machines)('%s names versions of functions, which nothing changes any more', (_, { Properties }) => {
    const substitutions = Object.values(
      Properties.DefinitionSubstitutions as Record<string, { Ref?: string }>,
    );
    expect(substitutions.length).toBeGreaterThan(0);
    expect(substitutions.filter(({ Ref = '' }) => versions[Ref] === undefined)).toEqual([]);
  });

  it('leaves the versions of the run before it, which CloudFormation drops from the template', () => {
    for (const version of Object.values(versions)) {
      expect(version).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    }
  });

  it.each(machines)('%s may still invoke them: any version of its functions', (_, { Properties }) => {
    const [role] = Properties.RoleArn['Fn::GetAtt'];
    const policies = Object.values(template.findResources('AWS::IAM::Policy')).filter(({ Properties: own }) =>
      own.Roles.some(({ Ref }: { Ref: string }) => Ref === role),
    );
    const invoked = JSON.stringify(
      policies.flatMap(({ Properties: own }) =>
        own.PolicyDocument.Statement.filter(
          ({ Action }: { Action: string }) => Action === 'lambda:InvokeFunction',
        ),
      ),
    );
    for (const { Ref = '' } of Object.values(
      Properties.DefinitionSubstitutions as Record<string, { Ref?: string }>,
    )) {
      const name = versions[Ref]?.Properties.FunctionName.Ref;
      expect(invoked).toContain(`[{"Fn::GetAtt":["${name}","Arn"]},":*"]`);
    }
  });
});

describe.each([
  ['aws-cn', 'cn-north-1'],
  ['aws-us-gov', 'us-gov-west-1'],
])('in the partition %s', (_, region) => {
  it('names the partition nowhere by itself', () => {
    const text = JSON.stringify(deployed({}, { env: { account: '111122223333', region } }).toJSON());
    expect([...text.matchAll(/arn:aws[\w-]*/g)].map(([found]) => found)).toEqual([]);
    expect(text).not.toMatch(/amazonaws\.com\.cn|console\.aws/);
  });
});

it('says in the parameter what the command reads, and that it only observes until told otherwise', () => {
  const environment = Object.values(template.findResources('AWS::Lambda::Function'))[0]?.Properties
    .Environment;
  expect(environment.Variables.ROLLOVER_GUARDRAILS).toBe('{"observeOnly":true}');
  const acting = Object.values(other.findResources('AWS::Lambda::Function'))[0];
  expect(acting?.Properties.Environment.Variables.ROLLOVER_GUARDRAILS).toBe('{}');
});
