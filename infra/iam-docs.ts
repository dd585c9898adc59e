/**
 * docs/iam.md, written from the grants. To renew it: `node infra/iam-docs.ts > docs/iam.md`; a test tells when that is due.
 */
import { BESIDES, FUNCTION_NAMES, grantsOf } from './grants.ts';
import { permissionsOf, permissionsOfClusterOperator } from './people.ts';
import type { Scope } from './scopes.ts';

/** The whole page. */
export function iamPage(): string {
  return [
    '# Permissions',
    '',
    '<!-- Written by infra/iam-docs.ts from infra/grants.ts, infra/scopes.ts and infra/people.ts. -->',
    '',
    INTRODUCTION,
    '',
    '## Functions',
    '',
    ...FUNCTION_NAMES.flatMap((name) => [`### ${name}`, '', ...grantsOf(name).map(line), '']),
    '## What no call of ours needs, and AWS asks for',
    '',
    '| action | functions | why | source |',
    '|---|---|---|---|',
    ...BESIDES.map(
      ({ action, of, because, source }) =>
        `| \`${action}\` | ${of.length === FUNCTION_NAMES.length ? 'all' : of.join(', ')} | ${because} | ${source} |`,
    ),
    '',
    '## People',
    '',
    PEOPLE,
    '',
    ...(['viewer', 'operator', 'breaker'] as const).flatMap((role) => [
      `### ${role}`,
      '',
      ...(role === 'viewer' ? permissionsOf(role) : beyondViewer(permissionsOf(role))).map(withReason),
      '',
    ]),
    '### operator of one cluster',
    '',
    ...beyondViewer(permissionsOfClusterOperator()).map(withReason),
    '',
  ].join('\n');
}

const INTRODUCTION = `Every function has a role of its own, which holds what this function calls and nothing else. A test reads the calls from the functions' bundles and compares them with the grants both ways; another compares the grants with the template; a third holds each \`*\` against the [service authorization reference](https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html), so that none stands where AWS allows better. cdk-nag (AwsSolutions) is clean, each acknowledged wildcard with its reason (infra/wildcards.ts).

Clusters, groups and templates opt in later, by tags, so grants name resource types of this account and Region, not single clusters; which cluster is touched is decided by its tag, the guardrails and the claim, before each act. In a function's role: \`{table}\` is the ledger, \`{key}\` the topic's key, \`{…Queue}\` the queue before the function, \`{instanceRoles}\` the property \`instanceRoleArns\` (every role of the account, to EC2 alone, where it is left out), \`{stateMachine}\` and \`{retirementMachine}\` the machines.

Whoever deploys needs the rights to make these roles (\`CAPABILITY_IAM\`); with the CDK's bootstrap its execution role has them.`;

const PEOPLE = `Managed policies, whose ARNs are outputs of the stack; attach them to your people's roles. \`operator\` and \`breaker\` hold what \`viewer\` holds, and besides:

IAM cannot look into an execution's input: whoever may start the machine \`ecs-rollover\` may name any cluster that opted in. For people of one cluster name it in \`operatedClusters\`: it gets a state machine of its own, \`ecs-rollover-of-CLUSTER\`, which starts rollovers of this cluster whatever its input says, and a policy that may start this machine and no other. They start that one, with \`{}\` or \`{ "mode": "plan" }\`, in the console or with \`aws stepfunctions start-execution\`.`;

function line({ actions, ...scope }: Scope & { readonly actions: readonly string[] }): string {
  return `- ${listed(actions)} on ${placesOf(scope)}`;
}

function withReason(permission: Scope & { readonly actions: readonly string[]; readonly because: string }) {
  return `${line(permission)}: ${permission.because}`;
}

function placesOf({ resources, conditions }: Scope): string {
  const where = resources.map((resource) => `\`${resource}\``).join(', ');
  const when = Object.entries(conditions ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, value]) => `\`${key}\` ${operator} \`${value}\``),
  );
  return when.length === 0 ? where : `${where} where ${when.join(' and ')}`;
}

function listed(actions: readonly string[]): string {
  return actions.map((action) => `\`${action}\``).join(' ');
}

function beyondViewer<P extends { readonly because: string }>(permissions: readonly P[]): readonly P[] {
  const looking = new Set(permissionsOf('viewer').map(({ because }) => because));
  return permissions.filter(({ because }) => !looking.has(because));
}

if (import.meta.main) process.stdout.write(iamPage());
