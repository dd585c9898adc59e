/** The whole product on a cluster, captured or described in few words: what a test of whole runs starts from. */
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import type { ClusterSpec } from '../../rehearsal/clusters/spec.ts';
import { startOf } from '../../rehearsal/input.ts';
import type { RehearsalRecord } from '../../rehearsal/record.ts';
import { rehearse } from '../../rehearsal/rehearse.ts';
import type { RehearsalResult } from '../../rehearsal/result.ts';
import { parseScenario } from '../../rehearsal/scenario.ts';
import { parseCapture } from '../../simulator/capture/parse.ts';
import type { Readings } from '../../simulator/readings.ts';

/** @throws Error naming what is wrong with the capture or the scenario */
export async function rehearseCluster(
  spec: ClusterSpec,
  scenario: Readonly<Record<string, unknown>> = {},
  seed = 1,
): Promise<RehearsalResult> {
  return (await rehearseCapture(buildCapture(spec), scenario, seed)).result;
}

/** @throws Error naming what is wrong with the capture or the scenario */
export async function rehearseCapture(
  json: unknown,
  scenario: Readonly<Record<string, unknown>> = {},
  seed = 1,
  readings: Partial<Readings> = {},
): Promise<RehearsalRecord> {
  const capture = parseCapture(JSON.parse(JSON.stringify(json)));
  if (!('ok' in capture)) throw new Error(JSON.stringify(capture.problems));
  const parsed = parseScenario(scenario);
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  const start = startOf(capture.ok, parsed.value, undefined);
  if (!start.ok) throw new Error(start.problems.join('; '));
  const { settings, timings, faults, horizonSeconds } = parsed.value;
  return rehearse({
    capture: capture.ok,
    seed,
    start: start.value,
    settings,
    timings,
    faults,
    horizonSeconds,
    readings,
  });
}
