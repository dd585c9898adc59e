/** The managed policies for people, to attach to their roles: infra/people.ts says what each holds. */
import { CfnOutput, type Stack } from 'aws-cdk-lib';
import { ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { type Permission, permissionsOf, permissionsOfClusterOperator, type Role } from '../people.ts';
import { acknowledgeWildcards } from '../wildcards.ts';

export interface PeopleProps {
  /** ARNs by placeholder; several for one. */
  readonly arns: Readonly<Record<string, string | readonly string[]>>;
  /** ARN of the way in, by cluster. */
  readonly doors: ReadonlyMap<string, string>;
}

const ROLES: Readonly<Record<Role, string>> = {
  viewer: 'looks at ecs-rollover and changes nothing',
  operator: 'starts, pauses, approves and aborts rollovers of every cluster that opted in',
  breaker: 'stops everything at once',
};

export class People extends Construct {
  readonly policies: Readonly<Record<Role, ManagedPolicy>>;

  constructor(scope: Construct, id: string, { arns, doors }: PeopleProps) {
    super(scope, id);
    const policy = (
      name: string,
      does: string,
      permissions: readonly Permission[],
      own: PeopleProps['arns'],
    ) => {
      const made = new ManagedPolicy(this, name, {
        description: `Who has it ${does}`,
        statements: permissions.map((permission) => statementOf(permission, own)),
      });
      acknowledgeWildcards(
        made,
        permissions.flatMap(({ resources }) => resources.flatMap((resource) => filled(resource, own))),
      );
      new CfnOutput(this, `${name}Policy`, {
        description: `Who has it ${does}`,
        value: made.managedPolicyArn,
      });
      return made;
    };
    this.policies = {
      viewer: policy('Viewer', ROLES.viewer, permissionsOf('viewer'), arns),
      operator: policy('Operator', ROLES.operator, permissionsOf('operator'), arns),
      breaker: policy('Breaker', ROLES.breaker, permissionsOf('breaker'), arns),
    };
    for (const [cluster, door] of doors) {
      const does = `rolls the cluster ${cluster}, and no other`;
      policy(`OperatorOf${cluster}`, does, permissionsOfClusterOperator(), { ...arns, door });
    }
  }
}

function statementOf(
  { actions, resources, conditions }: Permission,
  arns: PeopleProps['arns'],
): PolicyStatement {
  return new PolicyStatement({
    actions: [...actions],
    resources: resources.flatMap((resource) => filled(resource, arns)),
    ...(conditions && { conditions: filledConditions(conditions, arns) }),
  });
}

/** One resource for each value of the placeholder that it is, or with its placeholders put in. */
function filled(resource: string, arns: PeopleProps['arns']): readonly string[] {
  const whole = /^\{(\w+)\}$/.exec(resource)?.[1];
  const several = whole === undefined ? undefined : arns[whole];
  if (several !== undefined) return typeof several === 'string' ? [several] : several;
  return [resource.replace(/\{(\w+)\}/g, (_, key: string) => String(arns[key] ?? `{${key}}`))];
}

function filledConditions(
  conditions: NonNullable<Permission['conditions']>,
  arns: PeopleProps['arns'],
): Record<string, Record<string, string>> {
  return Object.fromEntries(
    Object.entries(conditions).map(([operator, keys]) => [
      operator,
      Object.fromEntries(Object.entries(keys).map(([key, value]) => [key, filled(value, arns)[0] ?? value])),
    ]),
  );
}

/** The placeholders that every policy has, of this stack. */
export function placeOf(stack: Stack): Readonly<Record<'partition' | 'region' | 'account', string>> {
  return { partition: stack.partition, region: stack.region, account: stack.account };
}
