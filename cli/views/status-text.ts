/** The status as a person reads it in a terminal. Pure. */
import { provenanceText } from '../../functions/core/provenance.ts';
import { bar } from '../../rehearsal/format.ts';
import type { RunStatus, StatusView } from './status.ts';

export function statusText(view: StatusView): string {
  const lines = [
    `${view.cluster}: ${view.state}`,
    ...(view.run === undefined ? ['no run is known'] : runLines(view.run, view)),
    ...view.pending.map(
      ({ text, since, triggeredBy }) =>
        `a request of ${since}${triggeredBy ? ` by ${provenanceText(triggeredBy)}` : ''} ${text}`,
    ),
    ...view.notices.map(
      ({ names, code, state, actsAt, hoursLeft, reason }) =>
        `notice ${names}: ${code}${actsAt ? ` from ${actsAt} on (${hoursLeft} h)` : ''}, ${state}: ${reason}`,
    ),
    ...windowLines(view),
    ...view.quarantine.map(
      ({ imageId, reason, since }) => `${imageId} in quarantine since ${since}: ${reason}`,
    ),
    ...view.rehearsed.map(({ service, text }) => `${service}: ${text}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** One line, for a terminal that is watched. */
export function progressLine(view: StatusView): string {
  const { outdated, replaced } = total(view);
  const share = outdated === 0 ? 1 : replaced / outdated;
  const eta = view.run === undefined ? '' : etaText(view.run);
  return [
    `${bar(share)} ${replaced} of ${outdated} hosts`,
    view.run?.phase ?? view.state,
    eta,
    view.run?.waitsFor,
  ]
    .filter(Boolean)
    .join(' · ');
}

function runLines(run: RunStatus, view: StatusView): string[] {
  const { outdated, replaced } = total(view);
  return [
    `run ${run.runId}: ${run.mode}, ${run.reason}, since ${run.since}${run.until ? `, until ${run.until}` : ''}`,
    ...(run.triggeredBy ? [`  started by ${provenanceText(run.triggeredBy)}`] : []),
    run.mode === 'game-day'
      ? `  single tasks are stopped, no host is replaced · ${run.phase}`
      : `  ${bar(outdated === 0 ? 1 : replaced / outdated)} ${replaced} of ${outdated} hosts, ${run.moves.done} of about ${run.moves.planned} moves · ${run.phase}`,
    ...(run.eta ? [`  ${etaText(run)}`] : []),
    ...(run.waitsFor ? [`  ${run.waitsFor}`] : []),
    ...(run.heldBack ? [`  held back: ${run.heldBack}`] : []),
    ...(run.asked ? [`  asked to ${run.asked.mode} by ${run.asked.by} at ${run.asked.at}`] : []),
    ...(run.approval ? [`  ${approvalText(run.approval)}`] : []),
    ...(run.ending ? [`  ${run.ending.outcome}: ${run.ending.reason}`] : []),
    ...view.groups.map(
      (group) =>
        `  ${group.autoScalingGroupName}: ${group.outdated} outdated, ${group.replaced} replaced, ${group.draining} draining, ${group.held} held → ${group.targetImageIds.join(', ')}`,
    ),
    ...run.held.map(({ instanceId, reason }) => `  ${instanceId} stays: ${reason}`),
  ];
}

function approvalText({ wantedSince, approvedBy }: NonNullable<RunStatus['approval']>): string {
  return approvedBy === undefined
    ? `waits for approval since ${wantedSince}: \`rollover approve\``
    : `approved by ${approvedBy}`;
}

function windowLines({ window }: StatusView): string[] {
  if (window === undefined) return [];
  if (window.open) return [`the window is open${window.closes ? ` until ${window.closes}` : ''}`];
  return [`outside the window (${window.text}); it opens ${window.opens ?? 'at no time within a year'}`];
}

function total({ groups }: StatusView): { outdated: number; replaced: number } {
  return groups.reduce(
    (sum, group) => ({ outdated: sum.outdated + group.outdated, replaced: sum.replaced + group.replaced }),
    { outdated: 0, replaced: 0 },
  );
}

function etaText({ eta }: RunStatus): string {
  if (eta === undefined) return '';
  const error = eta.errorSeconds === undefined ? '' : ` ± ${minutes(eta.errorSeconds)}`;
  return `done in about ${minutes(eta.secondsLeft)}${error} (from ${eta.from})`;
}

const minutes = (seconds: number) => (seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`);
