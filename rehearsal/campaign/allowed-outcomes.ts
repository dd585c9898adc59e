/**
 * Which ends are allowed for what was drawn: a table, so that it can be read and doubted. A run on a healthy image without
 * faults SUCCEEDS unless its own cluster or settings stand in the way; each fault that fired allows what an operator would
 * expect after it, and no more. Some leave only one end.
 */
import type { Outcome } from '../../functions/core/outcome.ts';
import type { RehearsalResult } from '../result.ts';
import type { DrawnFault, DrawnKind } from './draw-faults.ts';
import type { DrawnRun } from './draw-run.ts';

/** Some hosts stay, or none could be begun: what stands in the way has been named. */
const STAYS: readonly Outcome[] = ['PARTIAL', 'REFUSED', 'FAILED'];

/** What stands in the way without any fault, and the ends that it allows beside SUCCEEDED. */
const IN_THE_WAY: readonly {
  readonly holds: (run: DrawnRun) => boolean;
  readonly allows: readonly Outcome[];
}[] = [
  { holds: ({ spec }) => (spec.standalone ?? []).length > 0, allows: STAYS },
  { holds: hasNoRoomToSurge, allows: STAYS },
  { holds: hasServiceThatStays, allows: STAYS },
  // Another type than the captured host's may come, with less room.
  { holds: ({ spec }) => spec.groups.some(({ overrides }) => overrides !== undefined), allows: STAYS },
  { holds: ({ settings }) => settings.windows !== undefined, allows: ['PENDING_WINDOW', ...STAYS] },
];

/** Beside what the cluster allows: an end that a fault of this kind may bring. */
const AFTER: Readonly<Record<DrawnKind, (fault: DrawnFault) => readonly Outcome[]>> = {
  'image-never-registers': () => ['ROLLED_BACK', 'PARTIAL', 'FAILED'],
  'image-breaks-tasks': () => ['ROLLED_BACK', 'PARTIAL', 'FAILED'],
  // New hosts whose agents stay away longer than the registration timeout are hosts that do not join.
  'agent-disconnects': ({ seconds }) => (Number(seconds) >= 600 ? ['PARTIAL', 'FAILED', 'ROLLED_BACK'] : []),
  'terminate-instance': () => [],
  'stop-instance': () => [],
  'spot-interruption': () => [],
  'launch-fails': ({ seconds, times }) => (Number(seconds ?? times) > 2 ? ['PARTIAL', 'FAILED'] : []),
  'api-error': () => [],
  'lost-response': () => [],
  'handler-crash': () => [],
  'stop-execution': () => ['ABORTED'],
  'stale-reads': () => [],
  'task-stuck-stopping': () => [],
  // A task that does not start looks like one that cannot: its host may be held.
  'pending-stall': () => ['PARTIAL', 'FAILED'],
  'protect-task': () => STAYS,
  'end-task': () => [],
  // More tasks than the hosts can take, or a service on its way for ever.
  'scale-service': () => ['PARTIAL', 'FAILED'],
  'deploy-service': () => ['PARTIAL', 'FAILED'],
  'scheduled-action': () => [],
  'az-rebalance': () => [],
  'managed-scale-in': () => [],
  'set-instance-active': () => [],
  // Somebody else's template wins.
  'change-launch-template': () => [...STAYS, 'NOTHING_TO_DO'],
  'start-instance-refresh': () => [...STAYS, 'NOTHING_TO_DO'],
  'publish-image': () => ['PARTIAL', 'NOTHING_TO_DO'],
  'delete-image-digest': () => [...STAYS, 'ROLLED_BACK'],
  'move-image-tag': () => [],
  'schedule-instance-event': () => [],
  // The host stays, or the run was for it alone.
  // PENDING_WINDOW: its request had joined the run, or waited, and was dropped.
  'cancel-instance-event': () => ['ABORTED', 'PARTIAL', 'NOTHING_TO_DO', 'PENDING_WINDOW'],
  // The last word may be that of the run for them: moved, left to Fargate, waiting for its window, or a deployment failed.
  'retire-fargate-tasks': () => ['PARTIAL', 'REFUSED', 'FAILED', 'NOTHING_TO_DO', 'PENDING_WINDOW'],
  'send-event': (fault) => AFTER_REQUEST[modeOf(fault)] ?? [],
  'duplicate-events': () => [],
  'drop-events': () => [],
  alarm: () => ['ROLLED_BACK', 'PARTIAL', 'FAILED'],
};

const AFTER_REQUEST: Readonly<Record<string, readonly Outcome[]>> = {
  abort: ['ABORTED', 'NOTHING_TO_DO'],
  rollback: ['ROLLED_BACK', 'NOTHING_TO_DO'],
  pause: ['NOTHING_TO_DO'],
  resume: ['NOTHING_TO_DO'],
  roll: ['NOTHING_TO_DO'],
};

/** Ends that are allowed when these faults fired. */
export function allowedOutcomes(
  run: DrawnRun,
  result: RehearsalResult,
  fired: readonly DrawnFault[],
): Set<Outcome> {
  const allowed = new Set<Outcome>(['SUCCEEDED']);
  for (const { holds, allows } of IN_THE_WAY)
    if (holds(run)) for (const outcome of allows) allowed.add(outcome);
  for (const fault of fired) for (const outcome of AFTER[fault.kind](fault)) allowed.add(outcome);
  if (result.instances.outdated === 0) allowed.add('NOTHING_TO_DO');
  if (isBadFromTheStart(result, fired)) allowed.delete('SUCCEEDED');
  return allowed;
}

/** No new host ever joins, and nothing else may have replaced the old ones or ended the run before it began. */
function isBadFromTheStart({ instances }: RehearsalResult, fired: readonly DrawnFault[]): boolean {
  return (
    instances.outdated > 0 &&
    fired.some(({ kind, atSeconds }) => kind === 'image-never-registers' && atSeconds === 0)
  );
}

/** New hosts may not come beside the old ones. */
function hasNoRoomToSurge({ settings, spec }: DrawnRun): boolean {
  return settings.raiseMaxSize === false && spec.groups.some(({ hosts, maxSize }) => maxSize === hosts);
}

/** A service that ECS can never move, or may not move yet. */
function hasServiceThatStays({ spec }: DrawnRun): boolean {
  return spec.services.some((service) => {
    const { desired, daemon, minimumHealthyPercent = 100, maximumPercent = 200 } = service;
    if (daemon || desired === 0) return false;
    const mayStartFirst = Math.floor((desired * maximumPercent) / 100) > desired;
    const mayStopFirst = Math.ceil((desired * minimumHealthyPercent) / 100) < desired;
    return (!mayStartFirst && !mayStopFirst) || service.protectedTasks !== undefined;
  });
}

function modeOf({ event }: DrawnFault): string {
  return (event as { readonly detail: { readonly mode: string } }).detail.mode;
}
