/**
 * The one source of the settings: for each its values, default, scope and documentation. The type that the core reads,
 * the parser of every layer, the tags and docs/settings.md follow from it.
 */
import type * as z from 'zod';
import type { Settings } from '../core/settings.ts';
import {
  alarmNames,
  amount,
  freezeTexts,
  imageOwners,
  imageSource,
  oneOf,
  soakedElsewhere,
  topicArn,
  type ValueKind,
  wholeNumber,
  wholeNumberOr,
  windowTexts,
  yesOrNo,
} from './settings-values.ts';

/** The settings that a layer can hold. */
export type SettingName = Exclude<keyof Settings, 'byGroup'>;

/** One row: a setting. */
export interface SettingRow<N extends SettingName = SettingName, K extends ValueKind = ValueKind> {
  readonly name: N;
  readonly kind: K;
  /** As one would write it; undefined: none. */
  readonly default: z.input<K['schema']> | undefined;
  /** The default in words where the value alone does not say it. */
  readonly defaultText?: string;
  /** `group`: an Auto Scaling group's own tag may change it for that group. */
  readonly scope: 'cluster' | 'group';
  readonly documentation: string;
}

/** Holds a row to the type that the core reads. */
function row<const N extends SettingName, S extends z.ZodType<Settings[N] | undefined>>(
  name: N,
  kind: ValueKind<S>,
  rest: Omit<SettingRow<N, ValueKind<S>>, 'name' | 'kind'>,
): SettingRow<N, ValueKind<S>> {
  return { name, kind, ...rest };
}

/** Two days: longer than any documented limit of a drain (Amazon ECS developer guide, managed-instance-draining). */
const TWO_DAYS = 172_800;
const WEEK = 604_800;

export const SETTINGS_TABLE = [
  row('surge', amount, {
    default: '100%',
    scope: 'group',
    documentation:
      'How many new hosts may stand beside the old ones, as a share of the group, rounded up, or a number; at least 1. Doubling a group for minutes costs no more instance-hours than creeping for hours.',
  }),
  row('surgeMaxInstances', wholeNumber(1, 10_000, 'of hosts'), {
    default: 100,
    scope: 'group',
    documentation: 'The most new hosts beside the old ones in one group, whatever `surge` says.',
  }),
  row('maxTasksInMotionPercent', wholeNumber(1, 100, 'of percent'), {
    default: 25,
    scope: 'cluster',
    documentation:
      'The share of each service that may be on its way at a time: at least 1 task, and at least what one host carries.',
  }),
  row('canaryInstances', wholeNumber(0, 100, 'of hosts'), {
    default: 1,
    scope: 'group',
    documentation:
      'New hosts of a group that are tried before the others are launched. 0 leaves out the trial.',
  }),
  row('bakeSeconds', wholeNumber(0, 86_400, 'of seconds'), {
    default: 300,
    scope: 'group',
    documentation:
      'How long the first moved tasks must stay up, with the alarms quiet, before more hosts are drained.',
  }),
  row('registrationTimeoutSeconds', wholeNumber(30, 86_400, 'of seconds'), {
    default: 600,
    defaultText: '600, on Windows 1800',
    scope: 'group',
    documentation:
      'How long a new host may take to join the cluster, from EC2 `running`; waits of launch hooks are not counted.',
  }),
  row('drainTimeoutSeconds', wholeNumber(30, TWO_DAYS, 'of seconds'), {
    default: 1800,
    scope: 'group',
    documentation:
      'How long a draining host may stand without progress of the service that blocks it. A stopping task has a limit of its own: deregistration delay + stopTimeout + 120 s.',
  }),
  row('standaloneTasks', oneOf(['wait', 'hold', 'stop']), {
    default: 'wait',
    scope: 'group',
    documentation:
      'Tasks that belong to no service: `wait` drains the host and waits for them, then holds it; `hold` leaves the host undrained and holds it at once; `stop` waits, then stops them.',
  }),
  row('standaloneTimeoutSeconds', wholeNumber(0, WEEK, 'of seconds'), {
    default: 14_400,
    scope: 'group',
    documentation: 'How long a host waits for its standalone tasks.',
  }),
  row('protectedTasks', oneOf(['wait', 'hold', 'stop']), {
    default: 'wait',
    scope: 'group',
    documentation:
      'Tasks under scale-in protection, which draining would stop: `wait` keeps the host ACTIVE until none is protected, then drains it, and holds it at the limit; `hold` holds it at once; `stop` waits, then drains.',
  }),
  row('protectedTimeoutSeconds', wholeNumber(0, WEEK, 'of seconds'), {
    default: 43_200,
    scope: 'group',
    documentation:
      'How long a host waits for its protected tasks, from when they first kept it from being drained; over several windows the time between them counts.',
  }),
  row('onDrainTimeout', oneOf(['hold', 'stop-tasks', 'rollback']), {
    default: 'hold',
    scope: 'group',
    documentation:
      'When a drain does not end: `hold` gives the host back and goes on with the others, `stop-tasks` stops what is left, `rollback` ends the run and takes the new hosts away.',
  }),
  row('maxHeldInstances', wholeNumberOr('unlimited', 0, 10_000, 'of hosts'), {
    default: undefined,
    defaultText: 'unlimited',
    scope: 'cluster',
    documentation: 'More held hosts than this end the run as PARTIAL, with everything restored.',
  }),
  row('alarms', alarmNames, {
    default: [],
    scope: 'cluster',
    documentation: 'CloudWatch alarms that must be quiet: one in ALARM freezes the run.',
  }),
  row('imageSource', imageSource, {
    default: 'launch-template',
    scope: 'group',
    documentation:
      'Where the image comes from: `launch-template` rolls the hosts to what the group launches already; `ssm:<parameter>` (JSON or plain) and `ami-…` make a new template version.',
  }),
  row('imageOwners', imageOwners, {
    default: ['amazon', 'self'],
    scope: 'group',
    documentation: 'Who must own an image: an image of anybody else is refused, whatever its name.',
  }),
  row('minImageAgeHours', wholeNumber(0, 8760, 'of hours'), {
    default: 0,
    scope: 'group',
    documentation: 'An image younger than this is not used yet.',
  }),
  row('maxInstanceAgeDays', wholeNumberOr('none', 1, 3650, 'of days'), {
    default: undefined,
    defaultText: 'none',
    scope: 'group',
    documentation:
      'No host gets older than this: it is replaced before, even if its image is the target, by a run that begins by itself (`reason: age`) as soon as a host is due. Days are those of UTC.',
  }),
  row('instanceAgeSpreadDays', wholeNumber(1, 365, 'of days'), {
    default: 7,
    scope: 'group',
    documentation:
      'Over so many days before `maxInstanceAgeDays` hosts of the same age are replaced, a share of the group each day, so that a group that was launched at once is not replaced at once; at most half of that limit. Where the limit leaves fewer days, the share is as much larger as it has to be.',
  }),
  row('raiseMaxSize', yesOrNo, {
    default: true,
    scope: 'group',
    documentation: "May the group's MaxSize be raised for the length of the run?",
  }),
  row('windows', windowTexts, {
    default: [],
    defaultText: 'always open',
    scope: 'cluster',
    documentation:
      'When hosts may be drained and terminated. Outside its windows a request waits as PENDING_WINDOW. An end at or before the start is on the next day.',
  }),
  row('freezes', freezeTexts, {
    default: [],
    defaultText: 'none',
    scope: 'cluster',
    documentation: 'Days on which nothing disruptive starts, both ends included.',
  }),
  row('deadlineMarginHours', wholeNumber(0, 720, 'of hours'), {
    default: 24,
    scope: 'cluster',
    documentation:
      'A retirement notice overrides the windows once its date is nearer than this; the report says so.',
  }),
  row('approval', oneOf(['none', 'before-start', 'after-canary']), {
    default: 'none',
    scope: 'cluster',
    documentation:
      'Whether somebody has to approve a run (`rollover approve`, or mode `resume`): before anything changes, or once the trial has passed, with its hosts in place. Without a trial the second is the first. A notice `approval-wanted` asks for it.',
  }),
  row('approvalTimeoutHours', wholeNumber(1, 720, 'of hours'), {
    default: 24,
    scope: 'cluster',
    documentation:
      'How long is waited for approval: then the request is dropped, or the run ends and gives everything back.',
  }),
  row('onRebootMaintenance', oneOf(['replace', 'wait', 'tell']), {
    default: 'replace',
    scope: 'cluster',
    documentation:
      'What is done when EC2 announces a reboot of a host: `replace` it before, `wait` until it is over, or only `tell`. A host that EC2 is to stop or retire is always replaced.',
  }),
  row('onNetworkMaintenance', oneOf(['replace', 'wait', 'tell']), {
    default: 'wait',
    scope: 'cluster',
    documentation: 'The same for announced maintenance of the network, which a host loses for a short time.',
  }),
  row('onPowerMaintenance', oneOf(['replace', 'wait', 'tell']), {
    default: 'replace',
    scope: 'cluster',
    documentation: 'The same for announced maintenance of the power, which takes a host offline.',
  }),
  row('servicesAtOnce', wholeNumber(1, 100, 'of services'), {
    default: 3,
    scope: 'cluster',
    documentation:
      'How many services get a new deployment at the same time when their Fargate tasks are retired.',
  }),
  row('after', soakedElsewhere, {
    default: undefined,
    defaultText: 'none',
    scope: 'cluster',
    documentation:
      'This image must have SUCCEEDED on that cluster, this many hours ago, and its last run there must not have ended otherwise, before it is used here; the request waits until then. The cluster is one of this deployment (same account and Region).',
  }),
  row('notificationTopicArn', topicArn, {
    default: undefined,
    defaultText: "the deployment's",
    scope: 'cluster',
    documentation: 'The SNS topic that is told of start, holds, end and failure.',
  }),
] as const;

export const SETTING_NAMES: readonly SettingName[] = SETTINGS_TABLE.map(({ name }) => name);

/** The row of a setting. */
export function settingRow(name: SettingName): SettingRow {
  const found = SETTINGS_TABLE.find((candidate) => candidate.name === name);
  if (found === undefined) throw new TypeError(`no setting ${name}`);
  return found as SettingRow;
}

/** `drainTimeoutSeconds` → `drain-timeout-seconds`. */
export function kebabName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
