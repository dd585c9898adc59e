/**
 * I6: one run per cluster. A run owns the cluster from its first act until its execution ends (or, without a state
 * machine, from its first changing call); another one that acts in between is the violation. An execution that only
 * looks, plans or finds the claim taken is none.
 */
import { isMutating } from './calls.ts';
import { type CheckerFactory, tookEffect, Verdicts } from './checker.ts';

/** States in which an execution of the machine acts on hosts (design.md §2), or waits for what it stopped on a game day. */
const ACTING_STATES = new Set(['Register', 'Drain', 'Terminate', 'Wait for recovery']);

export const oneRunPerCluster: CheckerFactory = (context) => {
  const verdicts = new Verdicts('I6', context.startedAtMs);
  /** By cluster: runs that have acted and not ended, in the order of their last act. */
  const runs = new Map<string, string[]>();

  function actingBeside(run: string): string[] {
    const cluster = context.clusterOf?.(run) ?? '';
    const known = runs.get(cluster) ?? [];
    runs.set(cluster, known);
    return known;
  }

  function act(run: string, what: string, atMs: number): void {
    const acting = actingBeside(run);
    const known = acting.indexOf(run);
    const others = acting.slice(known + 1);
    if (known >= 0 && others.length > 0) tell(run, others.join(', '), what, atMs);
    if (known >= 0) acting.splice(known, 1);
    acting.push(run);
  }

  function tell(run: string, others: string, what: string, atMs: number): void {
    const key = [run, others].sort().join(' ');
    verdicts.add(
      atMs,
      key,
      `${run} acts (${what}) while ${others} acts on the same cluster and has not ended`,
    );
  }

  return {
    invariant: 'I6',
    violations: verdicts.violations,
    observe(observation, atMs) {
      if (observation.kind === 'execution' && observation.status !== 'RUNNING') {
        const acting = actingBeside(observation.execution);
        const at = acting.indexOf(observation.execution);
        if (at >= 0) acting.splice(at, 1);
      }
      if (observation.kind === 'state' && ACTING_STATES.has(observation.name)) {
        const others = actingBeside(observation.execution).filter((run) => run !== observation.execution);
        if (others.length > 0) tell(observation.execution, others.join(', '), observation.name, atMs);
        act(observation.execution, observation.name, atMs);
      }
      if (
        observation.kind !== 'call' ||
        !isMutating(observation.operation) ||
        !tookEffect(observation.answer)
      )
        return;
      const run = context.runOf?.(observation.function);
      if (run !== undefined) act(run, observation.operation, atMs);
    },
  };
};
