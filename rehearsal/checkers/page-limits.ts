/** How AWS pages its lists and limits its batches: what a caller must send and follow. */
import type { CallObservation } from '../../simulator/observation.ts';
import { inputOf } from './calls.ts';

/** Most items of one call. Source: the API reference of each service, request parameters. */
export const BATCH_LIMITS: Readonly<Record<string, { readonly field: string; readonly most: number }>> = {
  'ECS.UpdateContainerInstancesState': { field: 'containerInstances', most: 10 },
  'ECS.DescribeContainerInstances': { field: 'containerInstances', most: 100 },
  'ECS.DescribeTasks': { field: 'tasks', most: 100 },
  'ECS.DescribeServices': { field: 'services', most: 10 },
  'ECS.DescribeClusters': { field: 'clusters', most: 100 },
  'ECS.GetTaskProtection': { field: 'tasks', most: 100 },
  'ECS.UpdateTaskProtection': { field: 'tasks', most: 10 },
  'AutoScaling.DescribeAutoScalingInstances': { field: 'InstanceIds', most: 50 },
  'AutoScaling.SetInstanceProtection': { field: 'InstanceIds', most: 50 },
  'AutoScaling.DetachInstances': { field: 'InstanceIds', most: 20 },
  'AutoScaling.EnterStandby': { field: 'InstanceIds', most: 20 },
  'AutoScaling.ExitStandby': { field: 'InstanceIds', most: 20 },
  'AutoScaling.TerminateInstanceInAutoScalingGroup': { field: 'InstanceIds', most: 100 },
  'SSM.GetParameters': { field: 'Names', most: 10 },
  'EventBridge.PutEvents': { field: 'Entries', most: 10 },
};

/** Lists that come newest first and are long by nature: the first page is what one wants. */
export const NEWEST_FIRST: ReadonlySet<string> = new Set([
  'AutoScaling.DescribeScalingActivities',
  'SFN.ListExecutions',
  'SFN.GetExecutionHistory',
]);

const TOKENS = ['nextToken', 'NextToken', 'Marker', 'NextMarker', 'ExclusiveStartKey', 'LastEvaluatedKey'];

/** The token that a call was given, the one that its answer gives, and the rest of its input: the list's identity. */
export function pageTokensOf(call: CallObservation): {
  readonly given: string | undefined;
  readonly next: string | undefined;
  readonly base: () => string;
} {
  const { rest, token: given } = tokenIn(inputOf(call));
  const output = typeof call.output === 'object' && call.output !== null ? call.output : {};
  // A limit of one asks whether there is any, and one is the answer.
  const isProbe = rest.maxResults === 1 || rest.MaxResults === 1 || rest.Limit === 1 || rest.MaxRecords === 1;
  const next = isProbe ? undefined : tokenIn(output as Readonly<Record<string, unknown>>).token;
  return { given, next, base: () => JSON.stringify(rest) };
}

function tokenIn(object: Readonly<Record<string, unknown>>): {
  readonly rest: Readonly<Record<string, unknown>>;
  readonly token: string | undefined;
} {
  const rest = Object.fromEntries(Object.entries(object).filter(([key]) => !TOKENS.includes(key)));
  const found = TOKENS.map((key) => object[key]).find((value) => value !== undefined && value !== null);
  const token = typeof found === 'string' ? found : found === undefined ? undefined : JSON.stringify(found);
  return { rest, token: token === '' ? undefined : token };
}
