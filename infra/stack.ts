/** The product in one account and Region: functions, state machine, ledger, topic, and what wakes them. */
import { ArnFormat, CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Code } from 'aws-cdk-lib/aws-lambda';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { FlowFunctions } from './constructs/flow-functions.ts';
import { RolloverState } from './constructs/state.ts';
import { RolloverStateMachine } from './constructs/state-machine.ts';
import { type UserSchedule, WakeUps } from './constructs/wake-ups.ts';
import type { FunctionName } from './grants.ts';

export interface RolloverStackProps extends StackProps {
  /** Each handler's bundle. */
  readonly codeOf: (name: FunctionName) => Code;
  /** Deployment layer of the settings; see docs/settings.md. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** What tags and requests can never loosen; see docs/settings.md. */
  readonly guardrails?: Readonly<Record<string, unknown>>;
  readonly schedules?: readonly UserSchedule[];
}

const STATE_MACHINE_NAME = 'ecs-rollover';
const RETIREMENT_MACHINE_NAME = 'ecs-rollover-retirement';
const DEPLOYMENT_PARAMETER = '/ecs-rollover/deployment';

export class RolloverStack extends Stack {
  constructor(scope: Construct, id: string, props: RolloverStackProps) {
    super(scope, id, {
      description: 'ecs-rollover: replaces the hosts of ECS clusters without killing a task',
      ...props,
    });
    const state = new RolloverState(this, 'State');
    // The name is fixed, so the ARN is known before the machine: its functions start executions of it.
    const [stateMachineArn = '', retirementStateMachineArn = ''] = [
      STATE_MACHINE_NAME,
      RETIREMENT_MACHINE_NAME,
    ].map((resourceName) =>
      this.formatArn({
        service: 'states',
        resource: 'stateMachine',
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        resourceName,
      }),
    );
    const { byName } = new FlowFunctions(this, 'Functions', {
      codeOf: props.codeOf,
      environment: {
        TABLE_NAME: state.table.tableName,
        NOTIFICATION_TOPIC_ARN: state.topic.topicArn,
        STATE_MACHINE_ARN: stateMachineArn,
        RETIREMENT_STATE_MACHINE_ARN: retirementStateMachineArn,
        ROLLOVER_SETTINGS: JSON.stringify(props.settings ?? {}),
        ROLLOVER_GUARDRAILS: JSON.stringify(props.guardrails ?? {}),
      },
      arns: {
        table: state.table.tableArn,
        key: state.key.keyArn,
        stateMachine: stateMachineArn,
        retirementMachine: retirementStateMachineArn,
        partition: this.partition,
        region: this.region,
        account: this.account,
      },
    });
    const { stateMachine } = new RolloverStateMachine(this, 'Machine', {
      stateMachineName: STATE_MACHINE_NAME,
      definition: 'rollover',
      comment:
        'Replaces the hosts of one ECS cluster. Start it by hand with {"cluster": "NAME", "mode": "plan"}.',
      functions: byName,
    });
    const retirement = new RolloverStateMachine(this, 'RetirementMachine', {
      stateMachineName: RETIREMENT_MACHINE_NAME,
      definition: 'retirement',
      comment:
        'Answers the open notices of Fargate for one ECS cluster. Started by notices, and by the sweep.',
      functions: byName,
    });
    new WakeUps(this, 'WakeUps', {
      functions: byName,
      stateMachines: [stateMachine, retirement.stateMachine],
      schedules: props.schedules ?? [],
    });

    new StringParameter(this, 'Deployment', {
      parameterName: DEPLOYMENT_PARAMETER,
      description: 'Where the rollover command finds this deployment',
      stringValue: this.toJsonString({
        tableName: state.table.tableName,
        stateMachineArn,
        settings: props.settings ?? {},
        guardrails: props.guardrails ?? {},
      }),
    });
    new CfnOutput(this, 'StateMachineConsole', {
      description: 'Open this and start an execution with {"cluster": "NAME", "mode": "plan"}',
      value: `https://${this.region}.console.aws.amazon.com/states/home?region=${this.region}#/statemachines/view/${stateMachineArn}`,
    });
    new CfnOutput(this, 'NotificationTopic', { value: state.topic.topicArn });
  }
}
