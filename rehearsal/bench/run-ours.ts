/** One rehearsal of the product for the bench: on a described cluster, or on the example. */
import { parseRequest } from '../../functions/edge/request.ts';
import type { Capture } from '../../simulator/capture/capture.ts';
import { parseCapture } from '../../simulator/capture/parse.ts';
import { type Fault, faultsSchema } from '../../simulator/faults/schema.ts';
import { buildCapture } from '../clusters/build.ts';
import type { ClusterSpec } from '../clusters/spec.ts';
import type { RehearsalInput } from '../input.ts';
import type { RehearsalRecord } from '../record.ts';
import { rehearse } from '../rehearse.ts';

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

export function runOurs(input: Omit<RehearsalInput, 'seed'>, seed: number): Promise<RehearsalRecord> {
  return rehearse({ ...input, seed });
}
