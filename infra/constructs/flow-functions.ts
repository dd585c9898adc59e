/** One Lambda function per handler of the flow, each with a role of its own that holds what this handler calls. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  type Code,
  Function as LambdaFunction,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { HANDLER_TIMEOUT_SECONDS } from '../../functions/edge/timeouts.ts';
import { FUNCTION_NAMES, type FunctionName, type Grant, grantsOf } from '../grants.ts';
import { acknowledgeWildcards } from '../wildcards.ts';

export interface FlowFunctionsProps {
  readonly codeOf: (name: FunctionName) => Code;
  readonly logRetention: RetentionDays;
  readonly architecture: 'arm64' | 'x86_64';
  readonly environment: Readonly<Record<string, string>>;
  /** ARNs that grants are scoped to, by the placeholder the grant uses. */
  readonly arns: Readonly<Record<string, string>>;
  /** What may be passed to EC2; none: every role of the account. */
  readonly instanceRoleArns: readonly string[];
}

export class FlowFunctions extends Construct {
  readonly byName: Readonly<Record<FunctionName, LambdaFunction>>;
  /** With `:*`, as actions on log events name them. */
  readonly logGroupArns: readonly string[];

  constructor(scope: Construct, id: string, props: FlowFunctionsProps) {
    super(scope, id);
    const made = FUNCTION_NAMES.map((name) => [name, this.#make(name, props)] as const);
    this.logGroupArns = made.map(([, { logGroup }]) => logGroup.logGroupArn);
    this.byName = Object.fromEntries(made) as Record<FunctionName, LambdaFunction>;
  }

  #make(name: FunctionName, props: FlowFunctionsProps): LambdaFunction {
    const { codeOf, logRetention, architecture, environment, arns, instanceRoleArns } = props;
    const pascal = name.charAt(0).toUpperCase() + name.slice(1);
    const logGroup = new LogGroup(this, `${pascal}Log`, {
      retention: logRetention,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const role = new Role(this, `${pascal}Role`, {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `ecs-rollover ${name}: what this handler calls, nothing else`,
    });
    logGroup.grantWrite(role);
    const everyRole = ['arn:{partition}:iam::{account}:role/*'];
    const roles = instanceRoleArns.length > 0 ? instanceRoleArns : everyRole;
    for (const asked of grantsOf(name)) {
      const grant = {
        ...asked,
        resources: asked.resources.flatMap((resource) => (resource === '{instanceRoles}' ? roles : resource)),
      };
      role.addToPolicy(statementOf(grant, arns));
      acknowledgeWildcards(
        role,
        grant.resources.map((resource) => filled(resource, arns)),
      );
    }
    return new LambdaFunction(this, pascal, {
      code: codeOf(name),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64,
      memorySize: 512,
      timeout: Duration.seconds(HANDLER_TIMEOUT_SECONDS),
      role,
      logGroup,
      tracing: Tracing.ACTIVE,
      // A run that began with a version ends with it, however many deployments later.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN },
      environment: {
        ...environment,
        POWERTOOLS_SERVICE_NAME: 'ecs-rollover',
        NODE_OPTIONS: '--enable-source-maps',
      },
    });
  }
}

function statementOf(
  { actions, resources, conditions }: Grant,
  arns: Readonly<Record<string, string>>,
): PolicyStatement {
  return new PolicyStatement({
    effect: Effect.ALLOW,
    actions: [...actions],
    resources: resources.map((resource) => filled(resource, arns)),
    ...(conditions && {
      conditions: Object.fromEntries(
        Object.entries(conditions).map(([operator, keys]) => [
          operator,
          Object.fromEntries(Object.entries(keys).map(([key, value]) => [key, filled(value, arns)])),
        ]),
      ),
    }),
  });
}

function filled(text: string, arns: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (_, key: string) => arns[key] ?? `{${key}}`);
}
