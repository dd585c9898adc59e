/**
 * A state machine, its definition exactly as it stands in `statemachine/`, with ARNs of function *versions* in place of its
 * placeholders: an execution keeps the definition with which it began (Step Functions developer guide, "Read consistency
 * in Step Functions": running executions keep definition and role), so it ends with the code with which it began.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Aws, Fn, RemovalPolicy } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { acknowledgeMachine } from '../wildcards.ts';

const DEFINITIONS = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'statemachine');

export interface RolloverStateMachineProps {
  readonly stateMachineName: string;
  /** Its file in `statemachine/`, without `.asl.json`. */
  readonly definition: string;
  /** What it does, and what starts it: shown in the console. */
  readonly comment: string;
  /** By handler name; the definition says `${PlanFunction}` for `plan`. */
  readonly functions: Readonly<Record<string, LambdaFunction>>;
  readonly logRetention: RetentionDays;
}

export class RolloverStateMachine extends Construct {
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, props: RolloverStateMachineProps) {
    super(scope, id);
    const { stateMachineName, definition, comment, functions, logRetention } = props;
    const file = join(DEFINITIONS, `${definition}.asl.json`);
    if (!existsSync(file)) throw new Error(`there is no statemachine/${definition}.asl.json`);
    const text = readFileSync(file, 'utf8');
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
      definitionSubstitutions: Object.fromEntries(
        used.map(([key, fn]) => [key, fn.currentVersion.functionArn]),
      ),
      tracingEnabled: true,
      comment,
      logs: {
        destination: new LogGroup(this, 'Log', {
          // It outlives the stack: with the stack's own id in it, the next stack of this name does not find it there.
          logGroupName: `/aws/vendedlogs/states/${stateMachineName}-${Fn.select(2, Fn.split('/', Aws.STACK_ID))}`,
          retention: logRetention,
          removalPolicy: RemovalPolicy.RETAIN,
        }),
        level: LogLevel.ALL,
        includeExecutionData: true,
      },
    });
    // Every version, not the newest alone: a run that began before an upgrade goes on with its own.
    for (const [, fn] of used) fn.grantInvoke(this.stateMachine);
    acknowledgeMachine(
      this.stateMachine,
      used.map(([, fn]) => fn),
    );
  }
}
