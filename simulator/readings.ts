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

/** Every unconfirmed question; `docs/simulator.md` lists the same ones. */
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
  crashIsUnknown: {
    question: 'What is the error of a function whose process died?',
    yes: '`Lambda.Unknown`',
    no: '`Runtime.ExitError`',
    safety: 'a Retry that names only one of them leaves a run half done after the other',
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
    question: 'Does managed draining come to an end for a host whose machine somebody stopped?',
    yes: 'not before its 48 hours, unless somebody completes the hook (seen by users)',
    no: 'as soon as ECS has learned that its tasks are gone',
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
