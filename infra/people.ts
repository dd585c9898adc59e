/**
 * What people may do, as managed policies to attach to their roles: look, roll, or stop everything. `{placeholders}` are put
 * in by infra/constructs/people.ts.
 */
import { actions, READS_OF_PEOPLE } from './grants.ts';
import { type Scope, scopeOf } from './scopes.ts';

export type Role = 'viewer' | 'operator' | 'breaker';

export interface Permission extends Scope {
  readonly actions: readonly string[];
  readonly because: string;
}

const states = (resource: string) => `arn:{partition}:states:{region}:{account}:${resource}`;
/** Of both machines, and of the ways in to single clusters. */
const EXECUTIONS = [states('execution:ecs-rollover:*'), states('execution:ecs-rollover-*:*')];

const LOOK: readonly Permission[] = [
  {
    actions: actions('states: DescribeStateMachine ListExecutions'),
    resources: ['{stateMachine}', '{retirementMachine}'],
    because: 'the graph and the list of runs in the console',
  },
  {
    actions: actions('states: DescribeExecution DescribeStateMachineForExecution GetExecutionHistory'),
    resources: EXECUTIONS,
    because: 'what a run decided, and why',
  },
  {
    actions: actions('dynamodb: GetItem Query'),
    resources: ['{table}'],
    because: 'rollover status, explain, history and report read the ledger',
  },
  {
    actions: actions('ssm: GetParameter GetParameters'),
    resources: ['arn:{partition}:ssm:{region}:{account}:parameter/ecs-rollover/deployment'],
    because: 'the rollover command finds the deployment',
  },
  {
    actions: actions('logs: FilterLogEvents GetLogEvents'),
    resources: ['{logGroups}'],
    because: 'the functions’ logs',
  },
  {
    actions: actions('cloudwatch: GetDashboard'),
    resources: ['arn:{partition}:cloudwatch::{account}:dashboard/ecs-rollover*'],
    because: 'the dashboard',
  },
  {
    actions: actions('cloudwatch: GetMetricData ListMetrics'),
    resources: ['*'],
    because: 'what the dashboard shows',
  },
];

const START: readonly Permission[] = [
  {
    actions: actions('states: StartExecution'),
    resources: ['{stateMachine}'],
    because: 'start, pause, resume, approve, abort and rollback are executions, of any cluster that opted in',
  },
  {
    actions: actions(
      'sqs: DeleteMessage GetQueueAttributes ListMessageMoveTasks ReceiveMessage StartMessageMoveTask',
    ),
    resources: ['{deadLetters}'],
    because: 'looks at dead letters and sends them again',
  },
  {
    actions: actions('sqs: SendMessage'),
    resources: ['{triggerQueue}', '{sweepQueue}'],
    because: 'where dead letters go back to',
  },
];

const STOP: readonly Permission[] = [
  {
    actions: actions('states: StopExecution'),
    resources: EXECUTIONS,
    because: 'Stop is safe: the sweep gives back what the run touched',
  },
  {
    actions: actions('events: DescribeRule DisableRule EnableRule'),
    resources: ['{rules}'],
    because: 'no event begins anything',
  },
  {
    actions: actions('lambda: DeleteFunctionConcurrency GetFunctionConcurrency PutFunctionConcurrency'),
    resources: ['{functions}'],
    because:
      'a concurrency of 0 keeps a function from running: nothing begins or acts, or gives back, until it is taken away',
  },
];

/** Everything that a role holds; an operator and a breaker also look. */
export function permissionsOf(role: Role): readonly Permission[] {
  const reads = READS_OF_PEOPLE.map((action) => ({ action, scope: scopeOf(action, 'plan') }));
  const looking = [...LOOK, ...byScope(reads)];
  return role === 'viewer' ? looking : [...looking, ...(role === 'operator' ? START : STOP)];
}

/** What an operator of one cluster holds: everything that a viewer does, and the way in of this cluster (`{door}`). */
export function permissionsOfClusterOperator(): readonly Permission[] {
  return [
    ...permissionsOf('viewer'),
    {
      actions: actions('states: StartExecution'),
      resources: ['{door}'],
      because: 'a machine that starts rollovers of this cluster, whatever its input says',
    },
  ];
}

function byScope(
  reads: readonly { readonly action: string; readonly scope: Scope }[],
): readonly Permission[] {
  const scopes = new Map<string, Permission>();
  for (const { action, scope } of reads) {
    const key = JSON.stringify(scope);
    const before = scopes.get(key);
    scopes.set(key, {
      actions: [...(before?.actions ?? []), action].sort(),
      ...scope,
      because: 'rollover status, explain and report look at the cluster as a plan does',
    });
  }
  return [...scopes.values()];
}
