import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { describe, expect, it } from 'vitest';
import { DEPLOYMENT_PARAMETER } from '../../cli/operate/deployment.ts';
import { EVENT_RULES } from '../../functions/edge/event-patterns.ts';
import { FUNCTION_NAMES, grantsOf } from '../../infra/grants.ts';
import { RolloverStack } from '../../infra/stack.ts';

const stack = new RolloverStack(new App(), 'Test', {
  codeOf: () => Code.fromInline('exports.handler = () => {};'),
  schedules: [{ expression: 'cron(0 2 ? * TUE *)', timeZone: 'Europe/Berlin', cluster: 'prod' }],
});
const template = Template.fromStack(stack);

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
    expect(changers).toEqual(['prepare', 'register', 'drain', 'terminate', 'restore', 'redeploy']);
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
    });
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
