/**
 * I4: every knob recorded before it is touched, restored exactly, foreign changes kept.
 *
 * Recorded before touched: an item that names the group (or template) was written to the ledger before the first call
 * that changes a knob of it. Restored: `metrics/restored.ts` at the end. Sizes never go below what is in service, since
 * Auto Scaling would choose victims: what holds the hosts of a group, one of which the role was forbidden to take away, is
 * told as left, and no more. Other groups are judged, and this one as soon as that host is gone. The same where none of its
 * hosts may be emptied by I2: others have raised what a service wants beyond the room that there is, and its tasks on the
 * host are needed for its minimum. So is a reference that Auto Scaling refuses, since others made its template name what is
 * not there: nobody could put it back.
 */
import type { CallObservation } from '../../simulator/observation.ts';
import { Originals } from '../metrics/restored.ts';
import { actionOf, inputOf, isLedgerWrite, texts, touchedBy } from './calls.ts';
import { type CheckerFactory, isOurs, tookEffect, Verdicts } from './checker.ts';
import type { ServiceMotion } from './service-motion.ts';

/** Calls that change a knob of a group, template or host; ending or launching one host by id is none. */
const KNOB_CALLS = new Set([
  'UpdateAutoScalingGroup',
  'SetDesiredCapacity',
  'SuspendProcesses',
  'ResumeProcesses',
  'SetInstanceProtection',
  'CreateOrUpdateTags',
  'DeleteTags',
  'PutWarmPool',
  'DeleteWarmPool',
  'PutScheduledUpdateGroupAction',
  'DeleteScheduledAction',
  'ModifyLaunchTemplate',
  'TagResource',
  'UntagResource',
]);

/** Calls without which no host can be taken away. */
const TAKES_AWAY = new Set(['TerminateInstanceInAutoScalingGroup', 'UpdateContainerInstancesState']);
const HOLDS_HOSTS = new Set(['MaxSize', 'DesiredCapacity']);
/** What others do to what a reference names. */
const CHANGES_TEMPLATE = 'change-launch-template';
/** While it is active any reference is refused, and can be put back afterwards. */
const STARTS_REFRESH = 'start-instance-refresh';
const DENIAL = /AccessDenied|UnauthorizedOperation|AuthorizationError/;

export const knobsAreRestored: CheckerFactory = (context) => {
  const verdicts = new Verdicts('I4', context.startedAtMs);
  const originals = new Originals(context);
  const recorded = new Set<string>();
  /** Hosts that one of our calls was forbidden to take away. */
  const denied = new Set<string>();
  /** Groups whose reference was refused when we last set it. */
  const refused = new Set<string>();
  const foreign = new Set<string>();
  const names = new Set([
    ...context.truth.groups().map((group) => group.group),
    ...context.truth.launchTemplates().map((template) => template.launchTemplateId),
  ]);

  function takeUpRecord(call: CallObservation): void {
    if (recorded.size === names.size) return;
    const text = JSON.stringify(inputOf(call), withoutBytes);
    for (const name of names) {
      if (recorded.has(name)) continue;
      // A launch source is kept as JSON inside a string, its quotes escaped.
      if (text.includes(`"${name}"`) || text.includes(`${name}\\`)) recorded.add(name);
    }
    for (const key of texts(keysIn(call))) {
      for (const name of names) {
        if (key !== name && !key.endsWith(`#${name}`)) continue;
        recorded.add(name);
        break;
      }
    }
  }

  /** Its end would take a service below its minimum, and no room is left for its tasks: they wait for more already. */
  function isNeeded(instanceId: string): boolean {
    const here = new Map<ServiceMotion, number>();
    for (const task of context.chronicle.hosts.get(instanceId)?.tasksToMove ?? []) {
      const motion = context.chronicle.motionOf(task);
      if (motion && task.healthy) here.set(motion, (here.get(motion) ?? 0) + 1);
    }
    return [...here].some(
      ([motion, count]) =>
        motion.desired > motion.desiredFirst &&
        motion.healthy < motion.desired &&
        motion.healthy - count < motion.allowedMinimum,
    );
  }

  return {
    invariant: 'I4',
    violations: verdicts.violations,
    observe(observation, atMs) {
      originals.observe(observation);
      if (observation.kind === 'fault') foreign.add(observation.fault);
      if (observation.kind !== 'call') return;
      if (!isOurs({ kind: 'function', name: observation.function })) return;
      noteReference(observation, refused);
      if (TAKES_AWAY.has(actionOf(observation.operation)) && DENIAL.test(observation.answer)) {
        for (const id of touchedBy(observation, context.chronicle).instanceIds) denied.add(id);
      }
      if (!tookEffect(observation.answer)) return;
      if (isLedgerWrite(observation.operation)) takeUpRecord(observation);
      if (!KNOB_CALLS.has(actionOf(observation.operation))) return;
      const { groups, launchTemplates } = touchedBy(observation, context.chronicle);
      for (const name of [...groups, ...launchTemplates]) {
        if (recorded.has(name)) continue;
        verdicts.add(
          atMs,
          `unrecorded ${name}`,
          `${observation.operation} by ${observation.function} touched ${name} before the ledger had a record of it`,
        );
      }
    },
    end(truth, ending) {
      const standing = new Map(
        truth
          .groups()
          .map(({ group, instanceIds }) => [
            `AutoScalingGroup ${group}`,
            instanceIds.filter((id) => truth.host(id)?.lifecycleState === 'InService'),
          ]),
      );
      for (const { resource, knob, original, now } of originals.leftovers(truth, ending.outcome)) {
        const hosts = standing.get(resource) ?? [];
        const isHeld = hosts.length === now && (hosts.some((id) => denied.has(id)) || hosts.every(isNeeded));
        if (isHeld && HOLDS_HOSTS.has(knob)) continue;
        const isForeign = foreign.has(CHANGES_TEMPLATE) && !foreign.has(STARTS_REFRESH);
        if (knob === 'LaunchTemplate' && isForeign && refused.has(resource)) continue;
        verdicts.add(
          truth.nowMs,
          `${resource} ${knob}`,
          `${resource}: ${knob} was ${JSON.stringify(original)}, is ${JSON.stringify(now)} at ${ending.outcome}`,
        );
      }
    },
  };
};

/** What became of a call that sets a group's reference. */
function noteReference(call: CallObservation, refused: Set<string>): void {
  const { AutoScalingGroupName: name, LaunchTemplate, MixedInstancesPolicy } = inputOf(call);
  if (actionOf(call.operation) !== 'UpdateAutoScalingGroup') return;
  if (LaunchTemplate === undefined && MixedInstancesPolicy === undefined) return;
  const resource = `AutoScalingGroup ${name}`;
  if (call.answer === 'ValidationError') refused.add(resource);
  else if (tookEffect(call.answer)) refused.delete(resource);
}

/** Key attributes of the item, such as `group#web`, that name what it is about. */
function keysIn(call: CallObservation): string[] {
  const input = inputOf(call);
  const item = (input.Key ?? input.Item) as Readonly<Record<string, { readonly S?: unknown }>> | undefined;
  return Object.values(item ?? {}).flatMap((attribute) => texts(attribute?.S));
}

/** Bytes name nothing, and are long as text. */
function withoutBytes(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? null : value;
}
