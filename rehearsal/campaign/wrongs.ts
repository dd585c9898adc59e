/**
 * Everything that is wrong with a drawn run when it is over. Safety: no invariant broke, whatever struck. Liveness: once
 * nothing strikes any more it came to an end that is allowed for what was drawn, within a bounded time, with everything
 * given back and no host left DRAINING. A claim that a dead execution holds keeps a rehearsal from ending: "it ends" says
 * so too.
 */
import type { RehearsalResult } from '../result.ts';
import { allowedOutcomes } from './allowed-outcomes.ts';
import type { DrawnFault } from './draw-faults.ts';
import type { DrawnRun } from './draw-run.ts';

/** A cluster of ten hosts is rolled in hours, whatever its settings; those that we draw wait for two at most. */
const LONGEST_SECONDS = 8 * 3600;
/** The same over the windows of two days. */
const LONGEST_WITH_WINDOWS_SECONDS = 47 * 3600;

/** What became of the run, beside its result. */
export interface RunSeen {
  readonly fired: readonly DrawnFault[];
  readonly drainingAtEnd: readonly string[];
  /** Hosts that their group is ending, and that count as gone. */
  readonly endingAtEnd: readonly string[];
}

/** Everything that is wrong; empty when nothing is. */
export function wrongsOf(
  run: DrawnRun,
  result: RehearsalResult,
  { fired, drainingAtEnd, endingAtEnd }: RunSeen,
): string[] {
  const { outcome, reason, instances, tasks } = result;
  const { outdated, replaced, held } = instances;
  const stay = outdated - replaced;
  const wrongs = result.violations.map(
    ({ atSeconds, invariant, message }) => `${invariant} at ${Math.round(atSeconds)} s: ${message}`,
  );
  const claim = (what: string, holds: boolean) => {
    if (!holds) wrongs.push(`${what} (${outcome}: ${reason}; ${outdated} outdated, ${replaced} replaced)`);
  };

  const longest = 'windows' in run.settings ? LONGEST_WITH_WINDOWS_SECONDS : LONGEST_SECONDS;
  claim('it ends', !reason.includes('still running'));
  claim('it ends in time', result.durationSeconds < healedAtSeconds(result, fired) + longest);
  const { restored, leftovers } = result;
  // What is left is I4's to judge: it knows what nobody could have put back.
  claim('all is given back', restored || leftovers.length > 0);
  claim('nothing is killed', tasks.killed === 0);
  claim(`no host is left DRAINING: ${drainingAtEnd.join(', ')}`, drainingAtEnd.length === 0);

  const isAsked = isPlanOnly(run);
  const allowed = allowedOutcomes(run, result, fired);
  claim(`${outcome} is none of ${[...allowed].join(', ')}`, isAsked || allowed.has(outcome));
  if (isAsked) claim('a plan replaces nothing', replaced === 0 || fired.length > 0);
  claim('no reason is empty', reason !== '' && held.every((host) => host.reason !== ''));
  claim('SUCCEEDED means all', isAsked || outcome !== 'SUCCEEDED' || stay <= endingAtEnd.length);
  claim(
    'every host that stays is held',
    isAsked || outcome !== 'PARTIAL' || held.length + endingAtEnd.length >= stay,
  );
  for (const { field, message, remedy } of result.findings)
    claim('a finding names field and remedy', field !== '' && message !== '' && remedy !== '');
  if (fired.length === 0 && !run.isUnheard)
    wrongs.push(...wrongsOfUndisturbed(run, result, endingAtEnd.length));
  return wrongs;
}

/** What else may not be where nothing struck: the numbers are the run's own doing. */
function wrongsOfUndisturbed(
  run: DrawnRun,
  { outcome, reason, instances, services, bound }: RehearsalResult,
  ending: number,
): string[] {
  if (isPlanOnly(run)) return [];
  const { outdated, replaced, held } = instances;
  const stay = outdated - replaced;
  const claims: readonly (readonly [string, boolean])[] = [
    ...services.map(
      ({ serviceName, lowestHealthy, allowedMinimum }) =>
        [`${serviceName} keeps its minimum`, lowestHealthy >= allowedMinimum] as const,
    ),
    ['every host that stays is held, and no other', held.length <= stay && held.length >= stay - ending],
    ['PARTIAL means some', outcome !== 'PARTIAL' || stay > 0],
    ['REFUSED means none', outcome !== 'REFUSED' || replaced === 0],
    [
      'FAILED means none, or that all went without proof',
      outcome !== 'FAILED' || replaced === 0 || stay === 0,
    ],
    ['nobody beats the bound', (bound.ratio ?? 1) >= 1],
  ];
  return claims.flatMap(([what, holds]) => (holds ? [] : [`${what} (${outcome}: ${reason})`]));
}

function isPlanOnly({ start }: DrawnRun): boolean {
  return (start.request as { readonly mode?: string } | undefined)?.mode === 'plan';
}

/** When the last fault was over: it struck, or its time or the campaign's healing ended it. */
function healedAtSeconds(result: RehearsalResult, fired: readonly DrawnFault[]): number {
  const longest = Math.max(0, ...fired.map(({ seconds }) => Number(seconds ?? 0)));
  const last = Math.max(0, ...result.faults.flatMap(({ firedAtSeconds }) => firedAtSeconds));
  return last + longest;
}
