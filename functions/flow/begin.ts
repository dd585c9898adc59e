/** How an execution begins: with the request as parsed, or with a reason why its cluster is not to be looked at. */
import { environment } from '../edge/environment.ts';
import { clusterProblem, optInOf } from '../edge/guardrails.ts';
import type { Request } from '../edge/request.ts';
import { NO_ACTS, type RunState } from '../edge/run-state.ts';

export function firstState(cluster: string, request: Request, execution: string): RunState {
  return {
    version: 1,
    cluster,
    request,
    execution,
    mode: 'roll',
    runId: execution.slice(execution.lastIndexOf(':') + 1),
    token: 0,
    next: 'prepare',
    step: NO_ACTS,
    nextLookAt: new Date().toISOString(),
    counters: { ticks: 0, events: 0, failures: 0 },
    summary: {},
  };
}

/** Why this cluster is not to be looked at, let alone changed. */
export function refusalOf(cluster: string, tags: Readonly<Record<string, string>>): string | undefined {
  const { guardrails } = environment();
  const problem = clusterProblem(guardrails, cluster);
  if (problem !== undefined || optInOf(tags, guardrails) !== 'no') return problem;
  return `${cluster} has not opted in: tag the cluster rollover:enabled=observe for plans only, or =true for rollovers`;
}
