/**
 * Where AWS does not say how it behaves, the account has both readings. Each account draws one of each, every question
 * from a stream of its own, so that a new question does not change the others' answers; whoever tests may fix any.
 */
import type { RandomStreams } from './kernel/random.ts';

interface Question {
  readonly question: string;
  /** The reading `true`. */
  readonly yes: string;
  /** The reading `false`. */
  readonly no: string;
  /** What each means for the safety of whoever replaces hosts. */
  readonly safety: string;
}

/** Every unconfirmed question; `node test/simulator/readings-page.ts` writes the list in `docs/simulator.md` anew. */
export const QUESTIONS = {
  drainingIgnoresProtection: {
    question: 'Does DRAINING stop tasks under scale-in protection?',
    yes: 'they are stopped as any other (an AWS-authored article says so for managed draining)',
    no: 'they stay until their protection ends',
    safety:
      'yes: protected work is lost unless protection is read before a host drains; no: the drain stands still',
  },
  statusChangeEmitsEvent: {
    question: "Does a change of a host's status alone send an event?",
    yes: 'an ECS Container Instance State Change for ACTIVE → DRAINING and back',
    no: 'only the documented causes send one',
    safety: 'no: whoever waits for that event waits for ever; the status must be read',
  },
  repeatedDecrementCounts: {
    question: 'Does terminating with decrement a host that is ending already decrement again?',
    yes: 'desired capacity falls once more',
    no: 'the second call changes nothing',
    safety: 'yes: a call repeated after a lost answer takes a host too many from the group',
  },
  deprecatedImageShownById: {
    question: 'Is a deprecated image of somebody else shown when asked for by id?',
    yes: 'DescribeImages shows it',
    no: 'only with IncludeDeprecated',
    safety: 'no: an image that still launches may look as if it did not exist',
  },
  taskStatusCountsAsHostChange: {
    question: 'Does every status change of a task raise the version of its host and send a host event?',
    yes: 'each one does',
    no: 'only what changes its resources: a task placed on it, or told to stop, or ended by itself',
    safety:
      'no: an unchanged version says nothing of how far a stopping task is; its own status must be read before the host ends',
  },
  inactiveHostsStayDescribable: {
    question: 'How long can an INACTIVE container instance be described?',
    yes: 'for an hour',
    no: 'it is MISSING within seconds',
    safety: 'no: a host that cannot be described may be gone, not unknown',
  },
  inactiveFailsAsMissing: {
    question: 'What is the failure reason of UpdateContainerInstancesState for an INACTIVE host?',
    yes: '`MISSING`',
    no: '`INACTIVE`',
    safety: 'either must be taken as gone',
  },
  tagOfGoneHostIsInvalid: {
    question: 'How does TagResource or UntagResource of an INACTIVE or forgotten container instance fail?',
    yes: 'with InvalidParameterException',
    no: 'with ResourceNotFoundException',
    safety: 'either must be taken as gone: a host that left in the meantime is no failure of the run',
  },
  wrongStatusFailsWholeCall: {
    question: 'What becomes of the others when one host of a batch is neither ACTIVE nor DRAINING?',
    yes: 'the whole call is refused with InvalidParameterException and changes nothing',
    no: 'that host is in failures[], the others change',
    safety: 'yes: a batch may have to be repeated without one host; no: an unread failures[] loses a host',
  },
  forcedDeregistrationOrphansTasks: {
    question: 'What do the containers of a live host do after a deregistration by force?',
    yes: 'they run on, unknown to ECS (deregister_container_instance)',
    no: 'they are stopped (ecs_task_events)',
    safety: 'yes: old and new copies of a task work at the same time; never force a live host',
  },
  shortDisconnectImpairsHealth: {
    question: "Does a host's health become IMPAIRED as soon as its agent disconnects?",
    yes: 'at once, several times a day as a part of normal operation',
    no: 'only when the agent stays away for three minutes',
    safety: 'yes: one IMPAIRED says no more than one `agentConnected` false',
  },
  queuedTaskMayStall: {
    question:
      'Can a task that its agent queued behind a stopping one stay PENDING (amazon-ecs-agent issue 5138)?',
    yes: 'now and then, until another task ends or starts on that host or for 15 to 20 minutes',
    no: 'it starts as soon as there is room',
    safety: 'yes: 20 minutes of PENDING are no failure of the image; an empty host avoids it',
  },
  crashIsUnknown: {
    question: 'What is the error of a function whose process died?',
    yes: '`Lambda.Unknown`',
    no: '`Runtime.ExitError`',
    safety: 'a Retry that names only one of them leaves a run half done after the other',
  },
  joiningHostWakesScheduler: {
    question: 'Does a host that joins wake a service scheduler that backs off after failed placements?',
    yes: 'it tries again within seconds',
    no: 'it waits out its pause, up to 27 minutes (amazon-ecs-agent issue 2309 saw four minutes)',
    safety: 'no: a drain begun before there is room costs minutes, however soon the room comes',
  },
  rebalancingMovesOneTaskAtATime: {
    question: 'How much of a service does Availability Zone rebalancing move at a time?',
    yes: 'one task after the other',
    no: 'as many as its maximum percent allows',
    safety: 'no: many tasks appear on hosts where the plan did not see them, and many stop at once',
  },
  repeatedServiceMessagesOmitted: {
    question:
      "Are repeated messages left out of a service's events until the cause is over or six hours pass?",
    yes: 'a failed placement is told once',
    no: 'each attempt is told',
    safety: 'yes: no new message does not mean that the scheduler has placed its tasks',
  },
  scaleOutCountsFromDesired: {
    question: 'From which capacity does target tracking compute the new desired count of a service?',
    yes: 'from the desired count',
    no: 'from the tasks that run (so documented for a service that starts from zero)',
    safety:
      'yes: while tasks are gone from a service, its desired count rises beyond what its load needs, in the middle of a drain',
  },
  exitCountsAsFailedTask: {
    question:
      'Does a task that exits right after RUNNING count as failed for the deployment circuit breaker?',
    yes: 'it counts',
    no: 'only tasks count that never reach RUNNING or fail their health checks',
    safety: 'no: a deployment that crashes for ever stays IN_PROGRESS and keeps its hosts from being drained',
  },
  eventReplacesFromNotice: {
    question: 'When does Auto Scaling replace an instance that EC2 scheduled an event for?',
    yes: 'any time between the notice and the time of the event',
    no: 'when the time of the event has come',
    safety:
      'yes: the host may be taken within minutes of the notice, tasks and all; no: there is time until then',
  },
  accountNoticesReachBackupRegion: {
    question: 'Does AWS Health send what concerns one account to the backup Region too?',
    yes: 'as a copy (`region` us-west-2, `backupEvent` "true"), which comes to whoever forwards events from there',
    no: 'only public events (about-public-events names no others)',
    safety:
      'yes: the same retirement comes twice, with another id and Region; eventArn and communicationId tell that it is one',
  },
  noticesNameInstancesByArn: {
    question: 'How does an AWS Health event of EC2 name its instances?',
    yes: 'by ARN in affectedEntities alone (sample of 2026)',
    no: 'by bare id, in resources too (older sample)',
    safety: 'either: read both forms, and no rule may ask for resources',
  },
  cancelledEventsStayVisible: {
    question: 'How does DescribeInstanceStatus show an event that EC2 has called off?',
    yes: 'its description starts with `[Canceled]`, as in the history that instances read, for up to a week',
    no: 'not any more (the API reference knows `[Completed]` alone)',
    safety: 'no: what is not shown any more before its date is called off, not forgotten',
  },
  cancelledEntitiesResolve: {
    question:
      'What is the status of an instance in the AWS Health event that closes because EC2 called it off?',
    yes: '`RESOLVED`, as after the maintenance',
    no: '`UNIMPAIRED`',
    safety: 'yes: the closing event does not tell whether it was done or called off; EC2 does',
  },
  drainingCountsInReservation: {
    question: 'Do DRAINING hosts count in CapacityProviderReservation?',
    yes: 'for 15 minutes more (so seen in the reservation metrics, amazon-ecs-agent issue 718)',
    no: 'from the moment on at which they drain they count neither as needed nor as there',
    safety:
      'no: each drain raises the ratio, and managed scaling launches hosts that nobody asked for; yes: hosts that are drained and empty lower it, and fresh empty hosts go',
  },
  drainingFillsStrategy: {
    question: 'Do tasks on DRAINING hosts count for their capacity provider when ECS chooses the next one?',
    yes: 'until they are told to stop (containers-roadmap issue 1859 looks like it)',
    no: 'their replacements take their place in base and weight',
    safety:
      'yes: replacements go to other providers than the one that was given new hosts, and wait there in PROVISIONING',
  },
  daemonsKeepProtection: {
    question: 'Does a host with only daemons left stay protected from scale-in?',
    yes: 'it does (containers-roadmap issue 2814)',
    no: 'managed termination protection is taken off within a minute, as documented',
    safety:
      'no: fresh hosts that hold daemons only are the first to be scaled in; yes: desired capacity falls and no host goes',
  },
  stoppedHostHangsDraining: {
    question: 'Does managed draining hang for a host whose machine somebody stopped?',
    yes: 'for its 48 hours, unless somebody completes the hook (seen by users)',
    no: 'it ends as soon as ECS has learned that the tasks are gone',
    safety: 'yes: a host that is ending holds its place in Terminating:Wait, whoever waits for it waits too',
  },
} as const satisfies Record<string, Question>;

/** One answer to each question. */
export type Readings = { readonly [K in keyof typeof QUESTIONS]: boolean };

/** `fixed` wins; the seed chooses the others. */
export function drawReadings(random: RandomStreams, fixed: Partial<Readings> = {}): Readings {
  const names = Object.keys(QUESTIONS) as (keyof Readings)[];
  const drawn = names.map((name) => [name, random.stream(`readings/${name}`).chance(0.5)]);
  return { ...(Object.fromEntries(drawn) as Readings), ...fixed };
}
