/** The product in one account and Region, as a construct: functions, state machines, ledger, topic, and what wakes them. */
import { ArnFormat, CfnOutput, Stack } from 'aws-cdk-lib';
import type { Code } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { packagedCode } from './code.ts';
import { ClusterDoor } from './constructs/cluster-door.ts';
import { EventQueue } from './constructs/event-queue.ts';
import { FlowFunctions } from './constructs/flow-functions.ts';
import { People, placeOf } from './constructs/people.ts';
import { RolloverState } from './constructs/state.ts';
import { RolloverStateMachine } from './constructs/state-machine.ts';
import { WakeUps } from './constructs/wake-ups.ts';
import { Watch } from './constructs/watch.ts';
import type { FunctionName } from './grants.ts';
import { type Deployed, type RolloverProperties, readProperties } from './properties.ts';

export interface EcsRolloverProps extends RolloverProperties {
  /**
   * Each handler's bundle.
   *
   * @default the bundles that come with the package
   */
  readonly codeOf?: (name: FunctionName) => Code;
}

/**
 * The state machines: the file of each definition, the name under which it is deployed, and what starts it. Names are
 * fixed, so there is one deployment in an account and Region: two would not know of each other's claims.
 */
const MACHINES = {
  rollover: {
    stateMachineName: 'ecs-rollover',
    comment:
      'Replaces the hosts of one ECS cluster. Start it by hand with {"cluster": "NAME", "mode": "plan"}.',
  },
  retirement: {
    stateMachineName: 'ecs-rollover-retirement',
    comment: 'Answers the open notices of Fargate for one ECS cluster. Started by notices, and by the sweep.',
  },
} as const;
type Definition = keyof typeof MACHINES;

/** Where the rollover command finds this deployment (cli/operate/deployment.ts). */
const DEPLOYMENT_PARAMETER = '/ecs-rollover/deployment';

export class EcsRollover extends Construct {
  /** The machine that is started for a rollover. */
  readonly stateMachine: StateMachine;
  /** Ledger, topic and its key. */
  readonly state: RolloverState;
  readonly functions: FlowFunctions;
  /** Policies to attach to people's roles. */
  readonly people: People;

  /** @throws Error naming every property that cannot be used. */
  constructor(scope: Construct, id: string, { codeOf = packagedCode, ...written }: EcsRolloverProps = {}) {
    super(scope, id);
    const properties = readProperties(written);
    const { settings, guardrails, schedules } = properties;
    const logRetention = properties.logRetentionDays as RetentionDays;
    const stack = Stack.of(this);
    const place = placeOf(stack);
    this.state = new RolloverState(this, 'State', properties.notificationEmails, properties.ledgerTableName);
    const queues = {
      trigger: new EventQueue(this, 'TriggerEvents', 'trigger'),
      sweep: new EventQueue(this, 'SweepEvents', 'sweep'),
    };
    const arns = { rollover: this.#machineArn('rollover'), retirement: this.#machineArn('retirement') };
    this.functions = new FlowFunctions(this, 'Functions', {
      codeOf,
      logRetention,
      architecture: properties.architecture,
      environment: {
        TABLE_NAME: this.state.table.tableName,
        NOTIFICATION_TOPIC_ARN: this.state.topic.topicArn,
        STATE_MACHINE_ARN: arns.rollover,
        RETIREMENT_STATE_MACHINE_ARN: arns.retirement,
        ROLLOVER_SETTINGS: stack.toJsonString(settings),
        ROLLOVER_GUARDRAILS: stack.toJsonString(guardrails),
      },
      arns: {
        table: this.state.table.tableArn,
        key: this.state.key.keyArn,
        triggerQueue: queues.trigger.queue.queueArn,
        sweepQueue: queues.sweep.queue.queueArn,
        stateMachine: arns.rollover,
        retirementMachine: arns.retirement,
        ...place,
      },
      instanceRoleArns: properties.instanceRoleArns,
    });
    const machine = (name: Definition) =>
      new RolloverStateMachine(this, `${name.charAt(0).toUpperCase()}${name.slice(1)}Machine`, {
        ...MACHINES[name],
        definition: name,
        functions: this.functions.byName,
        logRetention,
      }).stateMachine;
    this.stateMachine = machine('rollover');
    const retirement = machine('retirement');
    const { trigger, sweep } = this.functions.byName;
    queues.trigger.feed(trigger);
    queues.sweep.feed(sweep);
    const wakeUps = new WakeUps(this, 'WakeUps', {
      sweep,
      queues,
      stateMachines: [this.stateMachine, retirement],
      schedules,
    });
    new Watch(this, 'Watch', {
      functions: this.functions.byName,
      stateMachines: [this.stateMachine, retirement],
      queues: [queues.trigger, queues.sweep],
      topic: this.state.topic,
    });
    const doors = new Map(
      properties.operatedClusters.map((cluster) => {
        const door = new ClusterDoor(this, `DoorOf${cluster}`, {
          cluster,
          rollover: this.stateMachine,
          logRetention,
        });
        return [cluster, door.stateMachine.stateMachineArn] as const;
      }),
    );
    this.people = new People(this, 'People', {
      doors,
      arns: {
        ...place,
        table: this.state.table.tableArn,
        stateMachine: arns.rollover,
        retirementMachine: arns.retirement,
        triggerQueue: queues.trigger.queue.queueArn,
        sweepQueue: queues.sweep.queue.queueArn,
        deadLetters: [queues.trigger.deadLetters.queueArn, queues.sweep.deadLetters.queueArn],
        functions: Object.values(this.functions.byName).map(({ functionArn }) => functionArn),
        logGroups: this.functions.logGroupArns,
        rules: wakeUps.ruleArns,
      },
    });
    this.#tellWhere(arns.rollover, properties);
  }

  /** By its name, so that it is known before the machine: the machine's functions start executions of it. */
  #machineArn(name: Definition): string {
    return Stack.of(this).formatArn({
      service: 'states',
      resource: 'stateMachine',
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      resourceName: MACHINES[name].stateMachineName,
    });
  }

  #tellWhere(stateMachineArn: string, { settings, guardrails }: Deployed): void {
    const stack = Stack.of(this);
    new StringParameter(this, 'Deployment', {
      parameterName: DEPLOYMENT_PARAMETER,
      description: 'Where the rollover command finds this deployment',
      stringValue: stack.toJsonString({
        tableName: this.state.table.tableName,
        stateMachineArn,
        settings,
        guardrails,
      }),
    });
    new CfnOutput(this, 'StateMachine', {
      description:
        'Open this in Step Functions and start an execution with {"cluster": "NAME", "mode": "plan"}',
      value: stateMachineArn,
    });
    new CfnOutput(this, 'NotificationTopic', {
      description: 'Subscribe people, queues or a chat channel to it',
      value: this.state.topic.topicArn,
    });
  }
}
