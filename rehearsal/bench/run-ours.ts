/** One rehearsal of the product for the bench: on a described cluster, or on the example. */
import { parseRequest } from '../../functions/edge/request.ts';
import type { Capture } from '../../simulator/capture/capture.ts';
import { parseCapture } from '../../simulator/capture/parse.ts';
import { type Fault, faultsSchema } from '../../simulator/faults/schema.ts';
import { isOurs } from '../checkers/checker.ts';
import { buildCapture } from '../clusters/build.ts';
import type { ClusterSpec } from '../clusters/spec.ts';
import type { RehearsalInput } from '../input.ts';
import type { LogLine } from '../log.ts';
import { rehearse } from '../rehearse.ts';
import type { RehearsalResult } from '../result.ts';
import { type ApiShare, ApiUse } from './api-use.ts';

const HORIZON_SECONDS = 172_800;

/** @throws Error naming what is wrong with the capture that the cluster makes: a defect of the bench */
export function captureOf(spec: ClusterSpec): Capture {
  const parsed = parseCapture(JSON.parse(JSON.stringify(buildCapture(spec))));
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed.ok;
}

/** @throws Error naming what is wrong: a defect of the bench */
export function faultsOf(faults: readonly unknown[]): readonly Fault[] {
  return faultsSchema.parse(faults);
}

export function inputOf(
  spec: ClusterSpec,
  settings: Readonly<Record<string, unknown>>,
  faults: readonly Fault[] = [],
): Omit<RehearsalInput, 'seed'> {
  const request = parseRequest({ cluster: spec.name ?? 'prod' });
  if (!request.ok) throw new Error(request.problems.join('; '));
  return {
    capture: captureOf(spec),
    start: { kind: 'request', request: request.value },
    settings,
    timings: {},
    faults,
    horizonSeconds: HORIZON_SECONDS,
  };
}

/** One run of ours, as the figures need it. */
export interface Measured {
  readonly result: RehearsalResult;
  /** The documented request rate of which it used most. */
  readonly apiShare: ApiShare | null;
  /** Executions of the state machine that it took; null where nobody counted. */
  readonly executions: number | null;
}

export async function runOurs(input: Omit<RehearsalInput, 'seed'>, seed: number): Promise<Measured> {
  const { result, log } = await rehearse({ ...input, seed });
  return { result, ...countedIn(log) };
}

/** From the log's lines, in the order of time. */
export function countedIn(lines: Iterable<LogLine>): Pick<Measured, 'apiShare' | 'executions'> {
  const use = new ApiUse();
  const executions = new Set<unknown>();
  for (const line of lines) {
    if (line.kind === 'call' && isOurs({ kind: 'function', name: String(line.function) }))
      use.take(String(line.operation), line.t);
    if (line.kind === 'state') executions.add(line.execution);
  }
  return { apiShare: use.greatest, executions: executions.size };
}
