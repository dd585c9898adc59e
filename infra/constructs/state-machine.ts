/** A state machine, its definition exactly as it stands in `statemachine/`, ARNs put in for the placeholders. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RemovalPolicy } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';

const DEFINITIONS = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'statemachine');

export interface RolloverStateMachineProps {
  readonly stateMachineName: string;
  /** Its file in `statemachine/`, without `.asl.json`. */
  readonly definition: 'rollover' | 'retirement';
  /** What it does, and what starts it: shown in the console. */
  readonly comment: string;
  /** By handler name; the definition says `${PlanFunction}` for `plan`. */
  readonly functions: Readonly<Record<string, IFunction>>;
}

export class RolloverStateMachine extends Construct {
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, props: RolloverStateMachineProps) {
    super(scope, id);
    const { stateMachineName, definition, comment, functions } = props;
    const text = readFileSync(join(DEFINITIONS, `${definition}.asl.json`), 'utf8');
    const placeholders = [
      ...new Set([...text.matchAll(/\$\{(\w+)Function\}/g)].map((match) => match[1] ?? '')),
    ];
    const used = placeholders.map((pascal) => {
      const name = pascal.charAt(0).toLowerCase() + pascal.slice(1);
      const fn = functions[name];
      if (!fn)
        throw new Error(`statemachine/${definition}.asl.json names \${${pascal}Function}: no such handler`);
      return [`${pascal}Function`, fn] as const;
    });
    this.stateMachine = new StateMachine(this, 'Rollover', {
      stateMachineName,
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromString(text),
      definitionSubstitutions: Object.fromEntries(used.map(([key, fn]) => [key, fn.functionArn])),
      tracingEnabled: true,
      comment,
      logs: {
        destination: new LogGroup(this, 'Log', {
          logGroupName: `/aws/vendedlogs/states/${stateMachineName}`,
          retention: RetentionDays.THREE_MONTHS,
          removalPolicy: RemovalPolicy.RETAIN,
        }),
        level: LogLevel.ALL,
        includeExecutionData: true,
      },
    });
    for (const [, fn] of used) fn.grantInvoke(this.stateMachine);
  }
}
