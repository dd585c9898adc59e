/** Everything that is told, by kind, and when: the type of what may be told, and a table of docs/events.md. */

import type { Outcome } from './outcome.ts';

interface Row {
  readonly kinds: readonly string[];
  /** Markdown. */
  readonly when: string;
}

export const NOTIFICATION_ROWS = [
  {
    kinds: ['started'],
    when: 'the cluster is claimed and the first change is about to be made; `detail.triggeredBy` says who or what began it, here and at the end',
  },
  {
    kinds: [
      'succeeded',
      'nothing_to_do',
      'partial',
      'refused',
      'pending_window',
      'rolled_back',
      'aborted',
      'failed',
    ],
    when: 'the end: the outcome in lower case, with its reason; `detail.stays` names hosts that stay, each with why (at most 500), `detail.staysCount` says how many there are; that work waits is told once for its images and what it waits for, however many causes it has',
  },
  {
    kinds: ['control'],
    when: 'a `pause`, `abort` or `rollback` was handed to the running run; its end is told by itself',
  },
  {
    kinds: ['spot-interruption'],
    when: "Spot takes a host of a running run's cluster back: its tasks count as moving",
  },
  {
    kinds: ['hosts-joined'],
    when: 'named hosts with a deadline came while the run was at work: it replaces them before its others; `detail.instances` names them, `detail.added` those that its plan did not have',
  },
  {
    kinds: ['request-answered'],
    when: "a request for named hosts waited for a run's end, and they have gone with it: there is nothing left to do for it",
  },
  {
    kinds: ['approval-wanted'],
    when: "a run waits for somebody's yes, before its start or after its trial: `rollover approve`",
  },
  {
    kinds: ['approval-expired'],
    when: 'nobody approved a request in time: it is dropped, nothing was changed',
  },
  {
    kinds: ['host-held'],
    when: "a host is set aside, with the service and ECS's own words where there are any",
  },
  {
    kinds: ['quiesce'],
    when: 'a host waits for protected tasks: `detail.taskArns` should take no new work and end their protection before `detail.until`; `detail.containerInstanceArn` and `detail.instanceId` say where ([below](#how-protected-tasks-listen))',
  },
  {
    kinds: ['quiesce-over'],
    when: 'the run ends and that host stays: `detail.taskArns`, who were asked, may take work again',
  },
  {
    kinds: ['slow-stop'],
    when: 'a task is still stopping after deregistration delay, stopTimeout and two minutes',
  },
  {
    kinds: ['small-trial'],
    when: 'the trial moved fewer than three tasks: it says little of the image',
  },
  {
    kinds: ['scheduled-action'],
    when: 'a scheduled action fell due while we held it, and moved the goal',
  },
  {
    kinds: ['provider-split'],
    when: 'a service stands on its capacity providers otherwise than before: ECS chose them for its replacements',
  },
  {
    kinds: ['terminating-wait'],
    when: 'a host waits in `Terminating:Wait` for a hook for more than 15 minutes',
  },
  {
    kinds: ['frozen'],
    when: 'agents gone together, or an alarm, have kept the run from doing anything for a minute',
  },
  {
    kinds: ['stalled'],
    when: 'nothing moved for `drainTimeoutSeconds`, and no wait has a known end',
  },
  {
    kinds: ['surplus-stays'],
    when: 'a new host beyond the goal could not be drained again',
  },
  {
    kinds: ['restore-waits'],
    when: 'an instance refresh of somebody else, or a host that is still launching with the protection of the run, keeps a group from being put back: the run stays open until it ends',
  },
  {
    kinds: ['notice-seen', 'notice-planned', 'notice-acting', 'notice-missed'],
    when: 'a [notice of AWS](notices.md) about a host: announced again, to be answered in a window, being answered, not answered before its date',
  },
  {
    kinds: ['notice-told', 'notice-left', 'notice-done', 'notice-cancelled', 'notice-reminder'],
    when: 'a [notice of AWS](notices.md) about a host: not ours, over with proof, called off, its date is near',
  },
  {
    kinds: ['service-told', 'service-left-to-aws', 'service-failed', 'service-missed'],
    when: 'a service whose Fargate tasks retire and that we do not, or cannot, deploy anew: why, and what to do',
  },
  {
    kinds: ['standalone-task-retires', 'service-on-spot-only'],
    when: 'Fargate stops a task that nobody starts again; a service has no other capacity than Spot',
  },
  {
    kinds: ['new-hosts-stay'],
    when: 'a rollback could not put the old image back for what the group launches: the new hosts stay, and the message says why',
  },
  {
    kinds: ['restored-with-warnings'],
    when: 'all is put back, but somebody should look: the message says at what',
  },
  {
    kinds: ['settings-problem'],
    when: 'tags of a cluster, or settings, cannot be read, a misspelt opt-in among them: its rollovers are refused until they are mended; told once',
  },
] as const satisfies readonly Row[];

export type NotificationKind = (typeof NOTIFICATION_ROWS)[number]['kinds'][number];

export const NOTIFICATION_KINDS: readonly NotificationKind[] = NOTIFICATION_ROWS.flatMap(({ kinds }) => [
  ...kinds,
]);

/** How a run ended, as it is told. */
export function kindOfOutcome(outcome: Outcome): Lowercase<Outcome> {
  return outcome.toLowerCase() as Lowercase<Outcome>;
}
