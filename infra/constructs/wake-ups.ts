/** What starts us: rules on the default event bus, the sweep, and the user's own schedule. */
import { Duration, TimeZone } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { EVENT_RULES } from '../../functions/edge/event-patterns.ts';
import type { Deployed } from '../properties.ts';

export interface WakeUpsProps {
  readonly functions: Readonly<Record<'trigger' | 'sweep', IFunction>>;
  readonly stateMachines: readonly StateMachine[];
  readonly schedules: Deployed['schedules'];
}

/** Restoring after a dead run is promised within five minutes: so often the sweep looks. */
const SWEEP_MINUTES = 5;

export class WakeUps extends Construct {
  constructor(scope: Construct, id: string, { functions, stateMachines, schedules }: WakeUpsProps) {
    super(scope, id);
    const deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });

    for (const rule of EVENT_RULES) {
      const ownExecutions = rule.source === 'aws.states' && {
        stateMachineArn: stateMachines.map(({ stateMachineArn }) => stateMachineArn),
      };
      new Rule(this, rule.name, {
        description: rule.description,
        eventPattern: {
          source: [rule.source],
          detailType: [rule.detailType],
          detail: { ...rule.detail, ...ownExecutions },
        },
        targets: [
          new LambdaFunction(functions[rule.target], {
            deadLetterQueue: deadLetters,
            maxEventAge: Duration.hours(24),
            retryAttempts: 185,
          }),
        ],
      });
    }

    new Schedule(this, 'Sweep', {
      description: 'New images, windows that open, runs that died: looks every few minutes',
      schedule: ScheduleExpression.rate(Duration.minutes(SWEEP_MINUTES)),
      target: new LambdaInvoke(functions.sweep, { deadLetterQueue: deadLetters }),
    });
    for (const [index, { expression, timeZone, cluster, mode }] of schedules.entries()) {
      new Schedule(this, `Schedule${index + 1}`, {
        description: `Rolls ${cluster} when its image changed`,
        schedule: ScheduleExpression.expression(expression, TimeZone.of(timeZone)),
        target: new LambdaInvoke(functions.trigger, {
          deadLetterQueue: deadLetters,
          input: ScheduleTargetInput.fromObject({ cluster, mode, reason: 'schedule' }),
        }),
      });
    }
  }
}
