/**
 * What starts us: rules on the default event bus and the user's schedules, both through a queue; the sweep, which is also
 * the poll of what sends no event.
 */
import { Aws, Duration, TimeZone } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  ContextAttribute,
  Schedule,
  ScheduleExpression,
  ScheduleTargetInput,
} from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke, SqsSendMessage } from 'aws-cdk-lib/aws-scheduler-targets';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { EVENT_RULES } from '../../functions/edge/event-patterns.ts';
import type { Deployed } from '../properties.ts';
import type { EventQueue } from './event-queue.ts';

export interface WakeUpsProps {
  readonly sweep: IFunction;
  /** By the handler that each feeds. */
  readonly queues: Readonly<Record<'trigger' | 'sweep', EventQueue>>;
  readonly stateMachines: readonly StateMachine[];
  readonly schedules: Deployed['schedules'];
}

/** Restoring after a dead run is promised within five minutes: so often the sweep looks. */
const SWEEP_MINUTES = 5;
/** The most that EventBridge allows, and its default: eb-rule-retry-policy in the user guide. */
const RULE_RETRIES = { maxEventAge: Duration.hours(24), retryAttempts: 185 };
/** A time that was missed for so long is left to the next one. */
const SCHEDULE_RETRIES = { maxEventAge: Duration.hours(1), retryAttempts: 20 };
const SWEEP_RETRIES = { maxEventAge: Duration.minutes(SWEEP_MINUTES), retryAttempts: 5 };

export class WakeUps extends Construct {
  readonly ruleArns: readonly string[];

  constructor(scope: Construct, id: string, props: WakeUpsProps) {
    super(scope, id);
    const { sweep, queues, stateMachines, schedules } = props;
    this.ruleArns = EVENT_RULES.map((rule) => {
      const ownExecutions = rule.source === 'aws.states' && {
        stateMachineArn: stateMachines.map(({ stateMachineArn }) => stateMachineArn),
      };
      const { queue, deadLetters } = queues[rule.target];
      return new Rule(this, rule.name, {
        description: rule.description,
        eventPattern: {
          source: [rule.source],
          detailType: [rule.detailType],
          detail: { ...rule.detail, ...ownExecutions },
        },
        targets: [new SqsQueue(queue, { deadLetterQueue: deadLetters, ...RULE_RETRIES })],
      }).ruleArn;
    });
    // A role of its own: the one that targets make may invoke every version, and is shared with whatever else a stack has.
    const role = new Role(this, 'SweepSchedule', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
      description: 'ecs-rollover: EventBridge Scheduler starts the sweep',
    });
    role.addToPolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [sweep.functionArn] }),
    );
    role.addToPolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queues.sweep.deadLetters.queueArn] }),
    );

    new Schedule(this, 'Sweep', {
      description: 'New images, windows that open, runs that died: looks every few minutes',
      schedule: ScheduleExpression.rate(Duration.minutes(SWEEP_MINUTES)),
      target: new LambdaInvoke(sweep, {
        role: role.withoutPolicyUpdates(),
        deadLetterQueue: queues.sweep.deadLetters,
        ...SWEEP_RETRIES,
      }),
    });
    for (const [index, { expression, timeZone, cluster, mode }] of schedules.entries()) {
      new Schedule(this, `Schedule${index + 1}`, {
        description: `Rolls ${cluster} when its image changed`,
        schedule: ScheduleExpression.expression(expression, TimeZone.of(timeZone)),
        target: new SqsSendMessage(queues.trigger.queue, {
          deadLetterQueue: queues.trigger.deadLetters,
          input: ScheduleTargetInput.fromObject({
            source: 'ecs-rollover',
            'detail-type': 'Rollover Requested',
            // The same at each delivery of one time, however often it is tried.
            id: `${ContextAttribute.scheduleArn} ${ContextAttribute.scheduledTime}`,
            time: ContextAttribute.scheduledTime,
            detail: { cluster, mode, reason: 'schedule' },
          }),
          ...SCHEDULE_RETRIES,
        }),
      });
    }
  }
}
