/** What may not be, whatever the cluster, when a run on healthy images and without faults is over. */
import type { RehearsalResult } from '../../rehearsal/result.ts';
import { AGE_SECONDS, type GeneratedRun } from './generated-cluster.ts';

/** A cluster of ten hosts is rolled in hours, whatever its settings; those that we generate wait two hours at most. */
const LONGEST_SECONDS = 8 * 3600;
/** The same over the windows of two days. */
const LONGEST_WITH_WINDOWS_SECONDS = 47 * 3600;

/** Everything that is wrong with a run on healthy images and without faults; empty when nothing is. */
export function wrongsOf(result: RehearsalResult, { spec, settings }: GeneratedRun): string[] {
  const { outcome, reason, instances, tasks } = result;
  const { outdated, replaced, held } = instances;
  const stay = outdated - replaced;
  const longest = 'windows' in settings ? LONGEST_WITH_WINDOWS_SECONDS : LONGEST_SECONDS;
  const wrong: string[] = result.violations.map(({ invariant, message }) => `${invariant}: ${message}`);
  const claim = (what: string, holds: boolean) => {
    if (!holds) wrong.push(`${what} (${outcome}: ${reason}; ${outdated} outdated, ${replaced} replaced)`);
  };

  claim('it ends', !reason.includes('still running') && result.durationSeconds < longest);
  claim('all is given back', result.restored && result.leftovers.length === 0);
  claim('nothing is killed', tasks.killed === 0);
  // Auto Scaling takes hosts of that age by itself, with all that runs on them and after the run as well.
  const isAging = spec.groups.some(
    ({ maxInstanceLifetimeSeconds = Number.POSITIVE_INFINITY }) =>
      maxInstanceLifetimeSeconds < AGE_SECONDS + 48 * 3600,
  );
  for (const { serviceName, lowestHealthy, allowedMinimum } of result.services) {
    claim(`${serviceName} keeps its minimum`, isAging || lowestHealthy >= allowedMinimum);
  }
  claim('a good image is not judged bad', outcome !== 'ROLLED_BACK' && outcome !== 'ABORTED');
  claim('every host that stays is held, with a reason', isAging ? held.length >= stay : held.length === stay);
  claim(
    'and no reason is empty',
    held.every((host) => host.reason !== ''),
  );
  claim('SUCCEEDED means all', outcome !== 'SUCCEEDED' || stay === 0);
  claim('PARTIAL means some', outcome !== 'PARTIAL' || stay > 0 || isAging);
  claim('REFUSED means none', outcome !== 'REFUSED' || replaced === 0 || isAging);
  claim(
    'FAILED means none, or that all went without proof',
    outcome !== 'FAILED' || replaced === 0 || stay === 0 || isAging,
  );
  claim(
    'NOTHING_TO_DO means that nothing was outdated',
    outcome !== 'NOTHING_TO_DO' || outdated === 0 || isAging,
  );
  for (const { field, message, remedy } of result.findings) {
    claim('a finding names field and remedy', field !== '' && message !== '' && remedy !== '');
  }
  claim('nobody beats the bound', (result.bound.ratio ?? 1) >= 1);
  return wrong;
}
