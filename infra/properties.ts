/**
 * The properties of a deployment: of the construct, and by the same names in the CDK's context. Read at synth, where every
 * problem is named at once, each with its path and what to write instead.
 */
import { Token } from 'aws-cdk-lib';
import { IANAZone } from 'luxon';
import * as z from 'zod';
import { type GuardrailsInput, guardrailsSchema } from '../functions/edge/guardrails.ts';
import { closedObject, problemsOf } from '../functions/edge/schema.ts';
import { resolveSettings, type SettingsInput, settingsLayerSchema } from '../functions/edge/settings.ts';

/** What may differ from one deployment to another. Everything has a default that changes nothing of any cluster. */
export interface RolloverProperties {
  /**
   * `observe`: every trigger ends as a plan that is reported, whatever a cluster's tag says; `act`: clusters tagged
   * `rollover:enabled=true` are rolled.
   *
   * @default 'observe'
   */
  readonly mode?: 'observe' | 'act';
  /** The deployment's layer of the settings (docs/settings.md); tags and requests come after it. */
  readonly settings?: SettingsInput;
  /** What tags and requests can never loosen (docs/settings.md). */
  readonly guardrails?: GuardrailsInput;
  /** Rollovers at fixed times, whatever else begins some. */
  readonly schedules?: readonly UserSchedule[];
  /** Clusters that get a way in of their own, and a policy for people who may roll this cluster alone (docs/iam.md). */
  readonly operatedClusters?: readonly string[];
  /**
   * ARNs of the roles in the instance profiles of your groups' templates: what may be passed to EC2.
   *
   * @default - every role of this account, to EC2 alone
   */
  readonly instanceRoleArns?: readonly string[];
  /** E-mail addresses that are told of everything; each has to confirm. */
  readonly notificationEmails?: readonly string[];
  /**
   * The ledger that an earlier deployment left behind, to go on with it (docs/deploy.md); named once, always named.
   *
   * @default - a table of its own
   */
  readonly ledgerTableName?: string;
  /**
   * Of all log groups; they outlive the stack.
   *
   * @default 90
   */
  readonly logRetentionDays?: number;
  /**
   * Of the functions: `x86_64` for a Region whose Lambda has no Graviton.
   *
   * @default 'arm64'
   */
  readonly architecture?: 'arm64' | 'x86_64';
}

/** A rollover at fixed times: for clusters whose image lags behind, what is up to date already ends as a no-op. */
export interface UserSchedule {
  /** An expression of EventBridge Scheduler: `cron(0 2 ? * TUE *)`, `rate(7 days)`. */
  readonly expression: string;
  /**
   * Of the expression; of the IANA database.
   *
   * @default 'UTC'
   */
  readonly timeZone?: string;
  /** Name of an ECS cluster that opted in. */
  readonly cluster: string;
  /**
   * `plan` only reports.
   *
   * @default 'roll'
   */
  readonly mode?: 'roll' | 'plan';
}

/** Source: CloudWatch Logs API reference, PutRetentionPolicy. */
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];
/** Source: EventBridge Scheduler user guide, schedule-types: a rate, a cron expression or one time. */
const EXPRESSION =
  /^(rate\(\d+ (minutes?|hours?|days?)\)|cron\(\S+( \S+){5}\)|at\(\d{4}(-\d\d){2}T\d\d(:\d\d){2}\))$/;

const CLUSTER = 'must be the name of an ECS cluster, such as "prod"';
const TABLE = 'must be the name of a DynamoDB table';
const ROLE = 'must be the ARN of an IAM role, such as "arn:aws:iam::111122223333:role/ecsInstanceRole"';
const EMAIL = 'must be an e-mail address';
const WRITE_EXPRESSION =
  'must be an expression of EventBridge Scheduler, such as "cron(0 2 ? * TUE *)", "rate(7 days)" or "at(2026-12-01T02:00:00)"';
const WRITE_ZONE = 'must be a time zone of the IANA database, such as "Europe/Berlin" or "UTC"';
const clusterName = z.string({ error: CLUSTER }).regex(/^[A-Za-z0-9_-]{1,255}$/, { error: CLUSTER });

const scheduleSchema = closedObject(
  {
    expression: z.string({ error: WRITE_EXPRESSION }).regex(EXPRESSION, { error: WRITE_EXPRESSION }),
    timeZone: z
      .string({ error: WRITE_ZONE })
      .refine((zone) => IANAZone.isValidZone(zone), { error: WRITE_ZONE })
      .default('UTC'),
    cluster: clusterName,
    mode: z.enum(['roll', 'plan'], { error: 'must be roll or plan' }).default('roll'),
  },
  'must be an object such as { "expression": "cron(0 2 ? * TUE *)", "timeZone": "Europe/Berlin", "cluster": "prod" }',
);

const listOf = <S extends z.ZodType>(item: S, of: string) =>
  z.array(item, { error: `must be a list of ${of}` }).default([]);

const shape = {
  mode: z.enum(['observe', 'act'], { error: 'must be observe or act' }).default('observe'),
  settings: settingsLayerSchema.optional(),
  guardrails: guardrailsSchema.optional(),
  schedules: listOf(scheduleSchema, 'schedules'),
  operatedClusters: listOf(clusterName, 'cluster names'),
  instanceRoleArns: listOf(
    z
      .string({ error: ROLE })
      .refine((arn) => Token.isUnresolved(arn) || /^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/.test(arn), {
        error: ROLE,
      }),
    'role ARNs',
  ),
  notificationEmails: listOf(
    z.string({ error: EMAIL }).regex(/^[^@\s]+@[^@\s]+$/, { error: EMAIL }),
    'e-mail addresses',
  ),
  ledgerTableName: z
    .string({ error: TABLE })
    .regex(/^[A-Za-z0-9_.-]{3,255}$/, { error: TABLE })
    .optional(),
  logRetentionDays: z
    .literal(RETENTION_DAYS, { error: `must be one of ${RETENTION_DAYS.join(', ')}` })
    .default(90),
  architecture: z.enum(['arm64', 'x86_64'], { error: 'must be arm64 or x86_64' }).default('arm64'),
};
const propertiesSchema = closedObject(shape, `must be an object with ${Object.keys(shape).join(', ')}`);

export const PROPERTY_NAMES = Object.keys(shape) as readonly (keyof RolloverProperties)[];

/** The properties with their defaults; `settings` and `guardrails` as they were written, for the functions to read. */
export type Deployed = Omit<z.output<typeof propertiesSchema>, 'settings' | 'guardrails'> & {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly guardrails: Readonly<Record<string, unknown>>;
};

/** @throws Error naming every problem: what is wrong, where, and what to write instead. */
export function readProperties(written: unknown): Deployed {
  const known = withoutTokens(written);
  const result = propertiesSchema.safeParse(known);
  const problems = result.success
    ? together(result.data, known)
    : problemsOf(result.error.issues, known, 'properties');
  if (!result.success || problems.length > 0) {
    throw new Error(
      `ecs-rollover cannot be deployed with these properties:\n${problems.map((one) => `- ${one}`).join('\n')}`,
    );
  }
  const { settings = {}, guardrails = {} } = written as Pick<RolloverProperties, 'settings' | 'guardrails'>;
  return {
    ...result.data,
    settings,
    guardrails: { ...guardrails, ...(result.data.mode === 'observe' && { observeOnly: true }) },
  };
}

/** What is wrong with properties that each by itself can be read. */
function together(
  { mode, guardrails = {} }: z.output<typeof propertiesSchema>,
  known: unknown,
): readonly string[] {
  const { settings } = known as { settings?: unknown };
  const contradicts = guardrails.observeOnly !== undefined && guardrails.observeOnly !== (mode === 'observe');
  return [
    ...(contradicts
      ? [`guardrails.observeOnly: must be left out; the property mode says it, and is ${mode}`]
      : []),
    ...resolveSettings({ deployment: settings }, guardrails).problems,
  ];
}

/** A value that is only known once deployed, such as a topic's ARN, is not judged: it comes from another construct. */
function withoutTokens(written: unknown): unknown {
  if (typeof written !== 'object' || written === null || Array.isArray(written)) return written;
  return Object.fromEntries(
    Object.entries(written)
      .filter(([, value]) => typeof value !== 'string' || !Token.isUnresolved(value))
      .map(([key, value]) => [key, withoutTokens(value)]),
  );
}
