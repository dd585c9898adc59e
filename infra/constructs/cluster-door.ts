/**
 * The way in for people who may roll one cluster alone. IAM cannot look into an execution's input, so whoever may start the
 * rollover machine may name any cluster; a door is a machine of its own that names one, whatever its input says.
 */
import { Names, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { acknowledgeMachine } from '../wildcards.ts';

export interface ClusterDoorProps {
  readonly cluster: string;
  readonly rollover: StateMachine;
  readonly logRetention: RetentionDays;
}

/** Step Functions allows 80 characters (API reference, CreateStateMachine). */
const NAME_MAX = 80;

export class ClusterDoor extends Construct {
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, { cluster, rollover, logRetention }: ClusterDoorProps) {
    super(scope, id);
    const name = `ecs-rollover-of-${cluster}`;
    this.stateMachine = new StateMachine(this, 'Door', {
      stateMachineName:
        name.length <= NAME_MAX
          ? name
          : Names.uniqueResourceName(this, { maxLength: NAME_MAX, separator: '-' }),
      stateMachineType: StateMachineType.STANDARD,
      comment: `Starts ecs-rollover for ${cluster}, whatever cluster the input names.`,
      definitionBody: DefinitionBody.fromString(
        JSON.stringify(doorDefinition(cluster, rollover.stateMachineArn, Stack.of(this).partition)),
      ),
      tracingEnabled: true,
      logs: {
        destination: new LogGroup(this, 'Log', {
          retention: logRetention,
          removalPolicy: RemovalPolicy.RETAIN,
        }),
        level: LogLevel.ALL,
        includeExecutionData: true,
      },
    });
    rollover.grantStartExecution(this.stateMachine);
    acknowledgeMachine(this.stateMachine, []);
  }
}

/** The cluster is laid over the input: the later object of a merge wins (Step Functions developer guide, JsonMerge). */
export function doorDefinition(cluster: string, rolloverArn: string, partition: string): object {
  return {
    Comment: `Starts a rollover of ${cluster}: the input is a request, in which the cluster may be left out`,
    StartAt: 'ThisCluster',
    States: {
      ThisCluster: {
        Comment: 'Whatever cluster the input names, it is this one',
        Type: 'Pass',
        Parameters: { 'asked.$': '$', fixed: { cluster } },
        Next: 'Start',
      },
      Start: {
        Comment: 'The rollover is an execution of its own, of the same name',
        Type: 'Task',
        Resource: `arn:${partition}:states:::states:startExecution`,
        TimeoutSeconds: 60,
        Parameters: {
          StateMachineArn: rolloverArn,
          'Name.$': '$$.Execution.Name',
          'Input.$': 'States.JsonMerge($.asked, $.fixed, false)',
        },
        Retry: [
          {
            Comment: 'PASSING: Step Functions is busy. 2, 4, 8 s',
            ErrorEquals: ['StepFunctions.SdkClientException', 'StepFunctions.ServiceException'],
            IntervalSeconds: 2,
            MaxAttempts: 3,
            BackoffRate: 2,
          },
        ],
        End: true,
      },
    },
  };
}
