/** What happens during a rehearsal: the scenario file (public contract), read with every problem named at once. */
import * as z from 'zod';
import { parseRequest, type Request } from '../functions/edge/request.ts';
import { closedObject, type Parsed, problemsOf } from '../functions/edge/schema.ts';
import { parseSettings } from '../functions/edge/settings.ts';
import { type Fault, faultsSchema } from '../simulator/faults/schema.ts';
import type { TimingOverrides } from '../simulator/timings.ts';

export interface Scenario {
  /** Starts the state machine by hand, as in the console. */
  readonly request?: Request;
  /** Delivered at second 0, as AWS would; a raw event. */
  readonly event?: Readonly<Record<string, unknown>>;
  /** A deployment layer of settings, as given. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly timings: TimingOverrides;
  readonly faults: readonly Fault[];
  readonly horizonSeconds: number;
}

const HORIZON_SECONDS = 172_800;

export const EMPTY_SCENARIO: Scenario = {
  settings: {},
  timings: {},
  faults: [],
  horizonSeconds: HORIZON_SECONDS,
};

const nonNegative = z.number('must be a number of seconds, 0 or more').nonnegative('must be 0 or more');
const timing = z
  .union([nonNegative, z.tuple([nonNegative, nonNegative])], 'must be a number of seconds or [min, max]')
  .refine((value) => typeof value === 'number' || value[0] <= value[1], 'must be [min, max] with min <= max')
  .optional();

const scenarioSchema = closedObject(
  {
    request: z.unknown().optional(),
    event: z.record(z.string(), z.unknown(), 'must be a raw AWS event, a JSON object').optional(),
    settings: z.record(z.string(), z.unknown(), 'must be an object of settings').optional(),
    timings: closedObject(
      {
        launchSeconds: timing,
        registerSeconds: timing,
        startSeconds: timing,
        stopSeconds: timing,
        eventDelaySeconds: timing,
      },
      'must be an object of timings',
    ).optional(),
    faults: faultsSchema.optional(),
    horizonSeconds: z.number('must be a number of seconds').positive('must be more than 0').optional(),
  },
  'must be a scenario, a JSON object',
);

/** Reads a scenario; problems carry their path in the file. */
export function parseScenario(input: unknown): Parsed<Scenario> {
  const parsed = scenarioSchema.safeParse(input);
  const problems = parsed.success ? [] : [...problemsOf(parsed.error.issues, input, 'scenario')];
  const raw = (typeof input === 'object' && input !== null ? input : {}) as Record<string, unknown>;

  const request = raw.request === undefined ? undefined : parseRequest(raw.request);
  if (request && !request.ok) problems.push(...request.problems.map((problem) => `request.${problem}`));
  if (raw.request !== undefined && raw.event !== undefined) {
    problems.push('request: a scenario has either a request or an event, not both; remove one');
  }
  const settings = parseSettings(raw.settings ?? {});
  if (!settings.ok) problems.push(...settings.problems.map((problem) => `settings.${problem}`));
  if (!parsed.success || problems.length > 0) return { ok: false, problems };

  const { event, timings, faults, horizonSeconds } = parsed.data;
  return {
    ok: true,
    value: {
      ...(request?.ok && { request: request.value }),
      ...(event !== undefined && { event }),
      settings: (raw.settings ?? {}) as Record<string, unknown>,
      timings: (timings ?? {}) as TimingOverrides,
      faults: faults ?? [],
      horizonSeconds: horizonSeconds ?? HORIZON_SECONDS,
    },
  };
}
