/** What a rehearsal runs on: everything parsed, nothing defaulted any more. */
import { parseRequest, type Request } from '../functions/edge/request.ts';
import type { Parsed } from '../functions/edge/schema.ts';
import type { Capture } from '../simulator/capture/capture.ts';
import type { Fault } from '../simulator/faults/schema.ts';
import type { Readings } from '../simulator/readings.ts';
import type { TimingOverrides } from '../simulator/timings.ts';
import type { Scenario } from './scenario.ts';

/** How it begins: an execution started by hand, or a raw AWS event. */
export type Start =
  | { readonly kind: 'request'; readonly request: Request }
  | { readonly kind: 'event'; readonly event: Readonly<Record<string, unknown>> };

export interface RehearsalInput {
  readonly capture: Capture;
  readonly seed: number;
  readonly start: Start;
  /** Deployment layer of the settings, as given. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly timings: TimingOverrides;
  readonly faults: readonly Fault[];
  readonly horizonSeconds: number;
  /** Between two sweeps; as deployed unless given. */
  readonly sweepSeconds?: number;
  /** What AWS leaves open, fixed; drawn by the seed unless given. */
  readonly readings?: Partial<Readings>;
}

/** The request given beside the scenario, else the scenario's own start, else the one cluster that takes part. */
export function startOf(capture: Capture, scenario: Scenario, request: Request | undefined): Parsed<Start> {
  const given = request ?? scenario.request;
  if (given) return { ok: true, value: { kind: 'request', request: given } };
  if (scenario.event) return { ok: true, value: { kind: 'event', event: scenario.event } };

  const names = capture.ecs.clusters.filter(isOptedIn).map((cluster) => cluster.clusterName ?? '');
  const [only] = names;
  if (names.length !== 1 || only === undefined) {
    const found = names.length === 0 ? 'no cluster is opted in' : `${names.join(', ')} are opted in`;
    return {
      ok: false,
      problems: [
        `--request: is missing; without a request or event exactly one cluster must carry the tag ` +
          `rollover:enabled, and ${found}. Give --request '{"cluster": "NAME"}'`,
      ],
    };
  }
  const parsed = parseRequest({ cluster: only });
  return parsed.ok ? { ok: true, value: { kind: 'request', request: parsed.value } } : parsed;
}

function isOptedIn(cluster: Capture['ecs']['clusters'][number]): boolean {
  return (cluster.tags ?? []).some(
    ({ key, value }) => key === 'rollover:enabled' && (value === 'true' || value === 'observe'),
  );
}
