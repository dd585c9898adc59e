/**
 * JSON → capture. What is ours (the lists and their names) is strict; AWS's objects are lenient where nothing relies on
 * them. Every problem is reported, each with its path: wrong shapes, and references without which the account could not
 * run. Missing lists are empty, missing fields get AWS's defaults (`defaults.ts`).
 */
import type * as z from 'zod';
import type { Capture } from './capture.ts';
import * as compute from './compute-schema.ts';
import { withDefaults } from './defaults.ts';
import * as ecs from './ecs-schema.ts';
import { time } from './fields.ts';
import * as other from './other-schemas.ts';
import { inPlainWords, type Problem, problemsOf } from './problems.ts';
import { referenceProblems } from './references.ts';

export type { Problem } from './problems.ts';

/** Schema of an item, by list, by section: the whole of the public contract's names. */
const LISTS: Readonly<Record<string, Readonly<Record<string, z.ZodType>>>> = {
  ecs: {
    clusters: ecs.cluster,
    capacityProviders: ecs.capacityProvider,
    services: ecs.service,
    serviceRevisions: ecs.serviceRevision,
    taskDefinitions: ecs.taskDefinition,
    containerInstances: ecs.containerInstance,
    tasks: ecs.task,
    protectedTasks: ecs.protectedTask,
    accountSettings: ecs.setting,
  },
  autoScaling: {
    autoScalingGroups: compute.autoScalingGroup,
    lifecycleHooks: compute.lifecycleHook,
    scheduledActions: compute.scheduledAction,
    scalingPolicies: compute.scalingPolicy,
    instanceRefreshes: compute.instanceRefresh,
    warmPools: compute.warmPool,
  },
  ec2: {
    instances: compute.instance,
    launchTemplateVersions: compute.launchTemplateVersion,
    images: compute.image,
    instanceTypes: compute.instanceType,
    instanceStatuses: compute.instanceStatus,
    subnets: compute.subnet,
    eventWindows: compute.eventWindow,
  },
  ssm: { parameters: other.parameter },
  elasticLoadBalancingV2: {
    targetGroups: other.targetGroup,
    targetGroupAttributes: other.targetGroupAttributes,
    targetHealth: other.targetHealth,
  },
  applicationAutoScaling: {
    scalableTargets: other.scalableTarget,
    scalingPolicies: other.serviceScalingPolicy,
  },
  cloudWatch: { alarms: other.alarm },
  ecr: { images: other.imageDetail },
  serviceQuotas: { quotas: other.quota },
};

const HEAD = ['version', 'region', 'accountId', 'capturedAt'];

/** Index of each good item in the list as it was read. */
type Places = WeakMap<object, number>;

export type ParsedCapture = { readonly ok: Capture } | { readonly problems: readonly Problem[] };

export function parseCapture(json: unknown): ParsedCapture {
  const input = withoutNulls(json);
  if (!isRecord(input)) return { problems: [{ path: '$', message: 'a capture is a JSON object' }] };

  const problems: Problem[] = [...unknownKeys(input, '', [...HEAD, ...Object.keys(LISTS)])];
  const places: Places = new WeakMap();
  const capture: Record<string, unknown> = { ...headOf(input, problems) };
  for (const [section, lists] of Object.entries(LISTS))
    capture[section] = sectionOf(section, input[section], lists, problems, places);

  // Every list holds what its schema let through, in the SDK's own shapes; what is wrong with it is in `problems`.
  const parsed = capture as unknown as Capture;
  problems.push(...referenceProblems(parsed, input, (item) => places.get(item) ?? 0));
  if (problems.length > 0) return { problems };
  const complete = withDefaults(parsed);
  return 'problems' in complete ? complete : { ok: complete.capture };
}

function headOf(input: Record<string, unknown>, problems: Problem[]): Record<string, unknown> {
  const problem = (path: string, message: string) => problems.push({ path, message });
  if (input.version !== 1) problem('version', input.version === undefined ? 'is missing' : 'must be 1');
  if (typeof input.region !== 'string' || !/^[a-z]{2,}(-[a-z]+)+-\d+$/.test(input.region))
    problem('region', input.region === undefined ? 'is missing' : 'must be a Region, as eu-west-1');
  if (typeof input.accountId !== 'string' || !/^\d{12}$/.test(input.accountId))
    problem('accountId', input.accountId === undefined ? 'is missing' : 'must be text of 12 digits');
  const capturedAt = time.safeParse(input.capturedAt);
  if (!capturedAt.success) problems.push(...problemsOf(capturedAt.error, ['capturedAt']));
  return {
    version: 1,
    region: input.region,
    accountId: input.accountId,
    capturedAt: capturedAt.data ?? new Date(0),
  };
}

function sectionOf(
  section: string,
  input: unknown,
  lists: Readonly<Record<string, z.ZodType>>,
  problems: Problem[],
  places: Places,
): Record<string, unknown[]> {
  if (input !== undefined && !isRecord(input)) {
    problems.push({ path: section, message: 'must be an object of lists' });
    return Object.fromEntries(Object.keys(lists).map((list) => [list, []]));
  }
  problems.push(...unknownKeys(input ?? {}, section, Object.keys(lists)));
  return Object.fromEntries(
    Object.entries(lists).map(([list, schema]) => [
      list,
      itemsOf([section, list], input?.[list], schema, problems, places),
    ]),
  );
}

function itemsOf(
  path: string[],
  input: unknown,
  schema: z.ZodType,
  problems: Problem[],
  places: Places,
): unknown[] {
  if (input === undefined) return [];
  if (!Array.isArray(input)) {
    problems.push({ path: path.join('.'), message: 'must be a list' });
    return [];
  }
  return input.flatMap((item, at) => {
    const parsed = schema.safeParse(item, { error: (issue) => inPlainWords(issue) });
    if (parsed.success) {
      places.set(parsed.data as object, at);
      return [parsed.data];
    }
    problems.push(...problemsOf(parsed.error, [...path, at]));
    return [];
  });
}

function unknownKeys(input: Record<string, unknown>, under: string, known: readonly string[]): Problem[] {
  return Object.keys(input)
    .filter((key) => !known.includes(key))
    .map((key) => ({
      path: under === '' ? key : `${under}.${key}`,
      message: `is not a known key; known are ${known.join(', ')}`,
    }));
}

/** `--query` of the AWS CLI prints null for what is not there. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => [key, withoutNulls(inner)]),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
