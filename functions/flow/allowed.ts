/**
 * What the deployment forbids is forbidden to a run that is under way too: a guardrail that was tightened, or an opt-in that
 * was taken back, stops it before its next act. Giving back is never forbidden.
 */
import { readHeader } from '../aws/ledger/runs.ts';
import type { Table } from '../aws/ledger/table.ts';
import type { Settings } from '../core/settings.ts';
import { environment } from '../edge/environment.ts';
import { WorldChanged } from '../edge/errors.ts';
import { clusterProblem, guardrailProblems, NO_GUARDRAILS, optInOf } from '../edge/guardrails.ts';

/** Why this run may not go on as the deployment stands now; undefined: it may. */
export function forbidden(cluster: string, settings: Settings): string | undefined {
  const { guardrails } = environment();
  const { byGroup = {}, ...all } = settings;
  const problems = [
    guardrails.observeOnly === true ? 'the deployment only observes' : undefined,
    clusterProblem(guardrails, cluster),
    // Against themselves: whether they may differ from the deployment's was asked when the run began.
    ...guardrailProblems(guardrails, all, settings, 'settings of the run'),
    ...Object.entries(byGroup).flatMap(([group, own]) =>
      guardrailProblems(guardrails, own, { ...settings, ...own }, `settings of the run for ${group}`),
    ),
  ];
  return problems.find((problem) => problem !== undefined);
}

/** The same, and whether the cluster's owner still wants it. */
export function forbiddenNow(
  cluster: string,
  settings: Settings,
  clusterTags: Readonly<Record<string, string>>,
): string | undefined {
  if (optInOf(clusterTags, NO_GUARDRAILS) !== 'roll')
    return `${cluster} is no longer tagged rollover:enabled=true`;
  return forbidden(cluster, settings);
}

/**
 * Before each acting state: costs nothing where the deployment has no guardrails.
 *
 * @throws WorldChanged while the run rolls and may not: the next look ends it
 */
export async function assertAllowed(
  table: Table,
  { cluster, runId }: { readonly cluster: string; readonly runId: string },
): Promise<void> {
  if (Object.keys(environment().guardrails).length === 0) return;
  const { record, phase } = await readHeader(table, runId);
  if (record === undefined || phase !== 'rolling') return;
  const problem = forbidden(cluster, record.settings);
  if (problem !== undefined) throw new WorldChanged(problem);
}
