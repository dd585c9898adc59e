/**
 * Seeing it: a dashboard, and alarms that tell people on the topic. Each alarm has a section of its name in docs/runbook.md.
 *
 * Clusters are not known here, so what is said of clusters is found by SEARCH on the dashboard and by Metrics Insights in
 * alarms (Amazon CloudWatch user guide, cloudwatch-metrics-insights-alarms); metrics and dimensions are those of
 * functions/edge/metrics.ts.
 */
import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  MathExpression,
  Stats,
  TextWidget,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { MetricName } from '../../functions/edge/metrics.ts';
import { ALARMS, type AlarmName, type AlarmRule } from '../alarms.ts';
import type { EventQueue } from './event-queue.ts';

export interface WatchProps {
  readonly functions: Readonly<Record<string, IFunction>>;
  readonly stateMachines: readonly StateMachine[];
  readonly queues: readonly EventQueue[];
  readonly topic: ITopic;
}

const NAMESPACE = 'EcsRollover';
const FIVE_MINUTES = Duration.minutes(5);
const HOUR = Duration.hours(1);
/** Powertools adds the service to every record's dimensions. */
const OF_CLUSTERS = `SCHEMA("${NAMESPACE}", Cluster, service)`;
const OF_GROUPS = `SCHEMA("${NAMESPACE}", AutoScalingGroup, Cluster, service)`;
/** What a rollover and its giving back need; the others share the account's concurrency with them. */
const WATCHED_FOR_THROTTLES = 10;

export class Watch extends Construct {
  constructor(scope: Construct, id: string, { functions, stateMachines, queues, topic }: WatchProps) {
    super(scope, id);
    const tell = new SnsAction(topic);
    const alarm = (name: AlarmName, metric: IMetric) => {
      const {
        description,
        over,
        periods = 1,
        missing = 'notBreaching',
        below = false,
      } = ALARMS[name] as AlarmRule;
      const made = new Alarm(this, name, {
        alarmDescription: `${description} What to do: docs/runbook.md#${name.toLowerCase()}`,
        metric,
        threshold: over,
        evaluationPeriods: periods,
        comparisonOperator: below
          ? ComparisonOperator.LESS_THAN_THRESHOLD
          : ComparisonOperator.GREATER_THAN_THRESHOLD,
        treatMissingData:
          missing === 'breaching' ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
      });
      made.addAlarmAction(tell);
    };
    const { sweep, trigger, restore } = functions;
    if (!sweep || !trigger || !restore) throw new Error('the alarms watch sweep, trigger and restore');

    alarm(
      'EventsSetAside',
      sumOf(
        queues.map(({ deadLetters }) =>
          deadLetters.metricApproximateNumberOfMessagesVisible({
            period: FIVE_MINUTES,
            statistic: Stats.MAXIMUM,
          }),
        ),
      ),
    );
    alarm(
      'EventsWait',
      maxOf(
        queues.map(({ queue }) =>
          queue.metricApproximateAgeOfOldestMessage({ period: FIVE_MINUTES, statistic: Stats.MAXIMUM }),
        ),
      ),
    );
    alarm('SweepSilent', sweep.metricInvocations({ period: FIVE_MINUTES }));
    alarm('SweepFails', sweep.metricErrors({ period: FIVE_MINUTES }));
    alarm('RestoreFails', restore.metricErrors({ period: FIVE_MINUTES }));
    alarm(
      'FunctionsThrottled',
      sumOf(
        Object.values(functions)
          .slice(0, WATCHED_FOR_THROTTLES)
          .map((fn) => fn.metricThrottles({ period: FIVE_MINUTES })),
      ),
    );
    alarm(
      'RunNotGreen',
      sumOf(
        stateMachines.flatMap((machine) => [
          machine.metricFailed({ period: FIVE_MINUTES }),
          machine.metricTimedOut({ period: FIVE_MINUTES }),
        ]),
      ),
    );
    alarm(
      'RunStopped',
      sumOf(stateMachines.map((machine) => machine.metricAborted({ period: FIVE_MINUTES }))),
    );
    alarm('HostsHeld', insights('MAX', 'InstancesHeld', OF_GROUPS));
    alarm('NoticeNear', insights('MIN', 'NoticeDeadlineHours', OF_CLUSTERS));

    new Dashboard(this, 'Dashboard', {
      dashboardName: 'ecs-rollover',
      defaultInterval: Duration.days(7),
      widgets: [
        [
          new TextWidget({
            markdown: '# ecs-rollover\nWhat each graph means: docs/events.md. Alarms: docs/runbook.md.',
            width: 24,
            height: 2,
          }),
        ],
        [
          graph('Rollovers in progress', ['RolloverInProgress'], 'Maximum'),
          graph('Hosts outdated', ['InstancesOutdated'], 'Maximum'),
          graph('Hosts held', ['InstancesHeld'], 'Maximum'),
        ],
        [
          graph(
            'Image lag (days behind the target; age)',
            ['ImageLagDays', 'OldestImageAgeDays'],
            'Maximum',
            HOUR,
          ),
          graph('Drain time (s)', ['DrainSeconds'], 'p90', HOUR),
          graph('Rollovers: length (s), tasks moved', ['RolloverSeconds', 'TaskMoves'], 'Maximum', HOUR),
        ],
        [
          graph('Notices of AWS open', ['NoticesPending'], 'Maximum'),
          graph('Hours until the nearest date of a notice', ['NoticeDeadlineHours'], 'Minimum'),
          new GraphWidget({
            title: 'Executions',
            width: 8,
            left: stateMachines.flatMap((machine) => [
              machine.metricStarted(),
              machine.metricSucceeded(),
              machine.metricFailed(),
              machine.metricAborted(),
            ]),
          }),
        ],
        [
          new GraphWidget({
            title: 'Events that wait, and that were set aside',
            width: 8,
            left: queues.flatMap(({ queue, deadLetters }) => [
              queue.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM }),
              deadLetters.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM }),
            ]),
          }),
          new GraphWidget({
            title: 'Function errors',
            width: 8,
            left: Object.values(functions).map((fn) => fn.metricErrors()),
          }),
          new GraphWidget({
            title: 'Function time (p90, ms)',
            width: 8,
            left: Object.values(functions).map((fn) => fn.metricDuration({ statistic: 'p90' })),
          }),
        ],
      ],
    });
  }
}

/** Every series of these metrics, whatever the cluster and group. */
function graph(
  title: string,
  metrics: readonly MetricName[],
  statistic: string,
  period = FIVE_MINUTES,
): GraphWidget {
  return new GraphWidget({
    title,
    width: 8,
    left: metrics.map(
      (name) =>
        new MathExpression({
          expression: `SEARCH('Namespace="${NAMESPACE}" MetricName="${name}"', '${statistic}', ${period.toSeconds()})`,
          label: '',
          period,
          usingMetrics: {},
        }),
    ),
  });
}

/** Over all clusters. */
function insights(statistic: 'MAX' | 'MIN', metric: MetricName, schema: string): IMetric {
  return new MathExpression({
    expression: `SELECT ${statistic}(${metric}) FROM ${schema}`,
    label: metric,
    period: FIVE_MINUTES,
    usingMetrics: {},
  });
}

function sumOf(metrics: readonly IMetric[]): IMetric {
  return combined('SUM(METRICS())', metrics);
}

function maxOf(metrics: readonly IMetric[]): IMetric {
  return combined('MAX(METRICS())', metrics);
}

/** An alarm on a metric math expression takes ten metrics at most (Amazon CloudWatch user guide, Create-alarm-on-metric-math-expression). */
function combined(expression: string, metrics: readonly IMetric[]): IMetric {
  const usingMetrics = Object.fromEntries(metrics.map((metric, at) => [`m${at}`, metric]));
  return new MathExpression({ expression, usingMetrics, period: FIVE_MINUTES, label: expression });
}
