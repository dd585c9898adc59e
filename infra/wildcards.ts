/**
 * Why a policy has a `*`: each is acknowledged where it stands, with its reason, for cdk-nag's rule AwsSolutions-IAM5 (no
 * wildcard without evidence). A new wildcard without a reason here fails test/infra/nag.test.ts.
 */
import { type CfnElement, Stack, Validations } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IConstruct } from 'constructs';

/** By what the resource names. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^\*$/, 'The service authorization reference lists no resource type for these actions'],
  [
    /:(cluster|container-instance|task|service|capacity-provider)\//,
    'Which clusters opt in is said by their tags, later; handlers check tag, guardrails and claim before they act',
  ],
  [/:dashboard\//, 'One dashboard for each Region, by its name'],
  [
    /:(autoscaling|cloudwatch|elasticloadbalancing):/,
    'Groups and alarms are those of the clusters that opt in',
  ],
  [/:ec2:|:(resource-groups|license-manager):/, 'Templates and hosts are those of the clusters that opt in'],
  [/:ssm:/, 'A group may take its image from any parameter of the account, and from the public ones'],
  [/:(ecr|imagebuilder):/, 'Images are those that the task definitions and groups of the clusters name'],
  [/:iam:/, "The role in a template's instance profile, to be passed to EC2 alone"],
  [/:states:.*:execution:/, 'An execution is named when it is started'],
  [/:sns:/, 'The setting notificationTopicArn may name any topic of the account'],
  [/:logs:|:log-group:/, 'A log stream is named by the service that writes it'],
];

/** Acknowledges the wildcards among the resources of a policy of this construct. */
export function acknowledgeWildcards(construct: IConstruct, resources: readonly string[]): void {
  for (const resource of resources) {
    const named = nagName(construct, resource);
    if (!named.includes('*')) continue;
    const reason = REASONS.find(([pattern]) => pattern.test(named))?.[1];
    if (reason === undefined)
      throw new Error(`${construct.node.path} has the wildcard ${named} without a reason`);
    acknowledge(construct, `Resource::${named}`, reason);
  }
}

/** A state machine's own: any version of its functions, and what its log and its traces need. */
export function acknowledgeMachine(machine: IConstruct, functions: readonly LambdaFunction[]): void {
  const stack = Stack.of(machine);
  for (const fn of functions) {
    const id = stack.getLogicalId(fn.node.defaultChild as CfnElement);
    acknowledge(
      machine,
      `Resource::<${id}.Arn>:*`,
      'A run that began before an upgrade goes on with the version of the function that it began with',
    );
  }
  acknowledge(
    machine,
    'Resource::*',
    'Delivery of logs and traces: the service authorization reference lists no resource type for these actions',
  );
}

function acknowledge(construct: IConstruct, finding: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions::AwsSolutions-IAM5[${finding}]`, reason });
}

/** As cdk-nag names a resource: `<AWS::Region>` where the stack does not know it yet. */
function nagName(construct: IConstruct, resource: string): string {
  return flattened(Stack.of(construct).resolve(resource));
}

function flattened(resolved: unknown): string {
  if (typeof resolved === 'string') return resolved;
  const {
    Ref,
    'Fn::Join': join,
    'Fn::GetAtt': attribute,
  } = resolved as {
    readonly Ref?: string;
    readonly 'Fn::Join'?: readonly [string, readonly unknown[]];
    readonly 'Fn::GetAtt'?: readonly string[];
  };
  if (Ref !== undefined) return `<${Ref}>`;
  if (attribute !== undefined) return `<${attribute.join('.')}>`;
  return join === undefined ? '' : join[1].map(flattened).join(join[0]);
}
