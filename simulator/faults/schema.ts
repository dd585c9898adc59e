/**
 * The faults that a scenario may name (public contract): every kind with exactly its arguments. A fault fires once,
 * `atSeconds` after the start or right after the effect that makes its moment (`when`).
 */
import * as z from 'zod';
import { inPlainWords } from '../capture/problems.ts';
import { MOMENT_PATTERN, MOMENTS_IN_WORDS } from './moments.ts';

const ROLE_PATTERN = /^(?:(?:outdated|draining|new):[1-9]\d*|canary|m?i-[0-9A-Za-z-]+)$/;

const seconds = z.number().nonnegative();
const share = z.number().min(0).max(1);
const times = z.int().min(1);
const name = z.string().min(1);
const image = z.string().regex(/^ami-[0-9A-Za-z]+$/, 'must be an image id, ami-…');
const instance = z
  .string()
  .regex(ROLE_PATTERN, 'must be an instance id or a role: outdated:n, draining:n, new:n, canary');
const operation = z
  .string()
  .regex(
    /^[A-Za-z0-9]+\.(?:\*|[A-Za-z0-9]+)$/,
    'must be Service.Operation or Service.*, as ECS.DescribeTasks',
  );
/** ISO 8601 or epoch seconds, as in a capture. */
const time = z.union([z.iso.datetime({ offset: true }), z.number().nonnegative()], {
  error: 'must be an ISO 8601 time with Z or an offset, or epoch seconds',
});

/** Arguments by kind: the table of the contract. `oneOf`: exactly one of these. */
const KINDS = {
  'image-never-registers': { arguments: { image: image.optional() } },
  'image-breaks-tasks': {
    arguments: {
      image: image.optional(),
      services: z.array(name).min(1).optional(),
      exitCode: z.int(),
      afterSeconds: seconds,
      share,
    },
  },
  'agent-disconnects': {
    arguments: { instance: instance.optional(), share: share.optional(), seconds },
    oneOf: ['instance', 'share'],
  },
  'terminate-instance': { arguments: { instance } },
  'stop-instance': { arguments: { instance } },
  'spot-interruption': { arguments: { instance } },
  'launch-fails': {
    arguments: { zone: name.optional(), message: name, seconds: seconds.optional(), times: times.optional() },
    oneOf: ['seconds', 'times'],
  },
  'api-error': {
    arguments: {
      operation,
      error: name,
      rate: share.optional(),
      times: times.optional(),
      seconds: seconds.optional(),
    },
    oneOf: ['rate', 'times'],
  },
  'lost-response': { arguments: { operation, times } },
  'handler-crash': { arguments: { function: name, afterCalls: z.int().nonnegative(), times } },
  'stop-execution': { arguments: {} },
  'stale-reads': { arguments: { service: name, lagSeconds: seconds } },
  'task-stuck-stopping': {
    arguments: { service: name.optional(), task: name.optional(), seconds },
    oneOf: ['service', 'task'],
  },
  'pending-stall': { arguments: { service: name.optional(), seconds } },
  'protect-task': {
    arguments: { service: name.optional(), task: name.optional(), seconds },
    oneOf: ['service', 'task'],
  },
  'end-task': {
    arguments: {
      service: name.optional(),
      family: name.optional(),
      task: name.optional(),
      exitCode: z.int(),
    },
    oneOf: ['service', 'family', 'task'],
  },
  'scale-service': { arguments: { service: name, desired: z.int().nonnegative() } },
  'deploy-service': { arguments: { service: name, good: z.boolean() } },
  'scheduled-action': { arguments: { group: name, desired: z.int().nonnegative() } },
  'az-rebalance': { arguments: { group: name.optional() } },
  'managed-scale-in': { arguments: { group: name.optional() } },
  'set-instance-active': { arguments: { instance } },
  'change-launch-template': { arguments: { group: name, image } },
  'start-instance-refresh': { arguments: { group: name.optional() } },
  'publish-image': { arguments: { parameter: name, image } },
  'delete-image-digest': { arguments: { service: name } },
  'move-image-tag': { arguments: { service: name } },
  'retire-fargate-tasks': {
    arguments: { service: name.optional(), task: name.optional(), startTime: time },
    oneOf: ['service', 'task'],
  },
  'schedule-instance-event': { arguments: { instance, code: name, notBefore: time } },
  'cancel-instance-event': { arguments: { instance } },
  'send-event': { arguments: { event: z.record(z.string(), z.unknown()) } },
  'duplicate-events': { arguments: { share } },
  'drop-events': { arguments: { share } },
  alarm: { arguments: { name, seconds } },
} as const satisfies Record<string, { arguments: z.core.$ZodShape; oneOf?: readonly string[] }>;

export type FaultKind = keyof typeof KINDS;

export const FAULT_KINDS = Object.keys(KINDS) as readonly FaultKind[];

/** Exactly one of both, which the schema checks. */
interface FaultMoment {
  readonly atSeconds?: number | undefined;
  readonly when?: string | undefined;
}

/** One kind of fault with its arguments. */
export type FaultOf<K extends FaultKind> = { readonly kind: K } & FaultMoment &
  Readonly<z.output<z.ZodObject<(typeof KINDS)[K]['arguments']>>>;

export type Fault = { [K in FaultKind]: FaultOf<K> }[FaultKind];

const moment = {
  atSeconds: seconds.optional(),
  when: z.string().regex(MOMENT_PATTERN, `must be ${MOMENTS_IN_WORDS}`).optional(),
};

const schemas = new Map<string, { schema: z.ZodType; oneOf: readonly (readonly string[])[] }>(
  Object.entries(KINDS).map(([kind, rules]) => [
    kind,
    {
      schema: z.strictObject({ kind: z.literal(kind), ...moment, ...rules.arguments }),
      oneOf: [['atSeconds', 'when'], ...('oneOf' in rules ? [rules.oneOf] : [])],
    },
  ]),
);

/**
 * A fault as data. Unknown kinds and arguments are problems that name them, and all problems of a fault come at once.
 */
export const faultSchema = z.unknown().transform((input, context): Fault => {
  const problem = (path: PropertyKey[], message: string) =>
    context.issues.push({ code: 'custom', input, path, message });

  if (!isRecord(input) || typeof input.kind !== 'string') {
    problem(isRecord(input) ? ['kind'] : [], 'a fault is an object with a kind');
    return z.NEVER;
  }
  const { kind } = input;
  const rules = schemas.get(kind);
  if (!rules) {
    problem(['kind'], `unknown kind of fault ${JSON.stringify(kind)}; known are ${FAULT_KINDS.join(', ')}`);
    return z.NEVER;
  }
  const parsed = rules.schema.safeParse(input, {
    error: (issue) => inPlainWords(issue, { tellsValue: false }),
  });
  for (const issue of parsed.error?.issues ?? []) {
    if (issue.code !== 'unrecognized_keys') problem(issue.path, issue.message);
    else for (const key of issue.keys) problem([key], `${kind} has no argument ${JSON.stringify(key)}`);
  }
  for (const names of rules.oneOf) {
    const given = names.filter((name) => input[name] !== undefined);
    if (given.length === 0) problem([], `${kind} needs ${names.join(' or ')}`);
    if (given.length > 1) problem([], `${kind} takes only one of ${given.join(', ')}`);
  }
  return context.issues.length > 0 ? z.NEVER : (parsed.data as Fault);
});

export const faultsSchema = z.array(faultSchema);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
