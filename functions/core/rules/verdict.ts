/**
 * Is the image bad? It never joins, lacks what the task definitions require, its tasks die, or an alarm turns red in the
 * bake: then the run stops and everything goes back (design: "The trial"; decisions.md rule 24).
 */
import type { TaskFacts } from '../facts.ts';
import type { Host } from '../groups.ts';
import { type GroupLook, memoryOf } from '../look.ts';
import { endRun, type Rule, span, type Tick } from '../tick.ts';
import { redAlarms } from './freeze.ts';
import { agentsLost, daemonsDie, tooSmall } from './new-host-verdicts.ts';
import { endedInError } from './task-ends.ts';

/** This many deaths on new hosts while a trial runs, and later: one may be chance. */
const DEATHS_IN_TRIAL = 2;
const DEATHS = 3;
/** One host may have met bad luck: a second one that does the same is a verdict. */
const WITNESSES = 2;
/** A deployment that gave up may have started its last task after we last saw it. */
const DEPLOYED_MS = 60_000;

export const judgeImage: Rule = (tick) => {
  const silenced = tick.look.groups.map((group) => agentsLost(tick, group)).find((why) => why !== undefined);
  const bad =
    tick.look.groups
      .map(
        (group) =>
          neverJoined(tick, group) ??
          lacksAttribute(tick, group) ??
          tooSmall(tick, group) ??
          redInBake(tick, group),
      )
      .find((reason) => reason !== undefined) ??
    silenced ??
    daemonsDie(tick) ??
    tasksDie(tick);
  if (bad === undefined) return;
  tick.draft.noteRun({ imageJudgedBad: true, ...(bad === silenced && { imageSilencesAgents: true }) });
  endRun(tick.draft, 'ROLLED_BACK', bad);
};

function neverJoined({ look, draft }: Tick, group: GroupLook): string | undefined {
  const memory = memoryOf(draft, group);
  const failed = group.hosts.find((host) => host.kind === 'failed');
  if (failed === undefined) return undefined;
  const isProven = memory.waveReadyAtMs !== undefined || group.ready.length > 0;
  if (isProven && !onlyOldOnesStand(draft, group) && !joinsNoMore(look, group)) return undefined;
  const image = failed.facts?.imageId ?? 'the image';
  const waited = span(group.settings.registrationTimeoutSeconds);
  if (failed.facts?.containerInstanceArn === undefined) {
    return `image ${image} never joined the cluster: ${failed.instanceId} did not register within ${waited}`;
  }
  // One that registered may have met bad luck (an agent that lost its link): a second one is a verdict.
  if ((memory.failedNew ?? 0) === 0) return undefined;
  return `image ${image} does not become ready: ${failed.instanceId} registered, but was not connected with its daemons running within ${waited}`;
}

/**
 * Hosts of the target that stood before the run passed its trial, and of those that it launched since then none ever became
 * ready, and two did not in time: what the group launches today is not what it launched then.
 */
function onlyOldOnesStand(draft: Tick['draft'], group: GroupLook): boolean {
  const launched = group.hosts.filter(
    ({ role, facts }) => role === 'new' && (facts?.launchTimeMs ?? 0) >= draft.run.startedAtMs,
  );
  if (launched.some(({ memory }) => memory.readySinceMs !== undefined)) return false;
  const failed = launched.filter(
    ({ kind, facts }) => kind === 'failed' && facts?.containerInstanceArn === undefined,
  );
  return failed.length > 0 && failed.length + (memoryOf(draft, group).failedNew ?? 0) >= WITNESSES;
}

/**
 * Some have joined, and of those that were launched later none any more, three in a row: what was proven is not so now. Where
 * all of them are in a zone in which no other new host stands, while some do elsewhere, it may be the zone.
 */
function joinsNoMore(look: Tick['look'], group: GroupLook): boolean {
  const launched = group.hosts.filter(
    ({ role, memory }) => (role === 'new' || memory.role === 'new') && memory.runningSinceMs !== undefined,
  );
  const since = (host: Host) => host.memory.runningSinceMs ?? 0;
  const joined = launched.filter(({ memory }) => memory.agentReads !== undefined);
  const lastJoinedMs = Math.max(...joined.map(since));
  const inVain = launched.filter(
    (host) => since(host) > lastJoinedMs && host.memory.agentReads === undefined && hadItsTime(look, host),
  );
  if (inVain.length < DEATHS) return false;
  const zones = new Set(inVain.map(({ zone }) => zone));
  return zones.size > 1 || group.ready.length === 0 || group.ready.some(({ zone }) => zones.has(zone));
}

/** It did not register in time, and stands or was ended for it. */
function hadItsTime({ nowMs, settings }: Tick['look'], { kind, memory }: Host): boolean {
  const untilMs = memory.terminateIntentMs ?? nowMs;
  const isLate = untilMs - (memory.runningSinceMs ?? untilMs) >= settings.registrationTimeoutSeconds * 1000;
  return kind === 'failed' || (memory.terminateIntentMs !== undefined && isLate);
}

function lacksAttribute({ look }: Tick, group: GroupLook): string | undefined {
  const sample = group.ready[0];
  if (sample?.facts === undefined || sample.memory.readySinceMs !== undefined) return undefined;
  const old = group.outdatedLeft.filter((host) => host.facts !== undefined);
  for (const host of old) {
    for (const name of host.replicas.keys()) {
      const arn = look.services.get(name)?.facts.taskDefinitionArn;
      const required = (arn === undefined ? undefined : look.definitions.get(arn)?.requiresAttributes) ?? [];
      const missing = required.find(
        (attribute) =>
          host.facts?.attributes[attribute.name] !== undefined &&
          group.ready.every((ready) => ready.facts?.attributes[attribute.name] === undefined),
      );
      if (missing !== undefined) {
        return `${sample.instanceId} on image ${sample.facts.imageId ?? ''} lacks the attribute ${missing.name}, which ${name} requires and ${host.instanceId} has`;
      }
    }
  }
  return undefined;
}

function redInBake({ look, draft }: Tick, group: GroupLook): string | undefined {
  const memory = memoryOf(draft, group);
  const firstDrain = group.hosts.some((host) => host.memory.trial === true);
  if (!firstDrain || memory.trialPassedAtMs !== undefined) return undefined;
  const red = redAlarms(look);
  return red.length > 0 ? `alarm ${red.join(', ')} turned red while ${group.name} was on trial` : undefined;
}

/** Tasks that stopped by themselves on new hosts, of services that were well before and are not deploying. */
function tasksDie({ look, draft }: Tick): string | undefined {
  const deaths = look.facts.tasks.filter((task) => {
    const host = task.instanceId === undefined ? undefined : look.hosts.get(task.instanceId);
    return host?.role === 'new' && task.createdAtMs >= draft.run.startedAtMs && diedByItself(task);
  });
  const telling = deaths.filter((task) => tellsOfTheImage({ look, draft }, task));
  const inTrial = look.groups.some((group) => {
    const memory = memoryOf(draft, group);
    return group.plan.outdated.length > 0 && memory.trialPassedAtMs === undefined;
  });
  if (telling.length < (inTrial ? DEATHS_IN_TRIAL : DEATHS)) return undefined;
  const [first] = telling;
  const services = [...new Set(telling.map((task) => task.serviceName))].sort().join(', ');
  const why = first?.stoppedReason ?? first?.stopCode ?? 'unknown';
  return `${telling.length} tasks of ${services} died on new hosts (${why}, exit codes ${first?.exitCodes?.join(', ') ?? 'none'})`;
}

export function diedByItself(task: TaskFacts): boolean {
  return task.taskClass === 'replica' && endedInError(task);
}

/** A service that was ailing before, deploys, or dies on old hosts as well says nothing of the image. */
function tellsOfTheImage({ look, draft }: Pick<Tick, 'look' | 'draft'>, task: TaskFacts): boolean {
  const name = task.serviceName ?? '';
  const service = look.services.get(name);
  const memory = draft.service(name);
  if (service === undefined || memory === undefined || service.facts.deploying) return false;
  if (memory.deployedAtMs !== undefined && task.createdAtMs <= memory.deployedAtMs + DEPLOYED_MS)
    return false;
  if (task.taskDefinitionArn !== (memory.taskDefinitionArn ?? service.facts.taskDefinitionArn)) return false;
  if (memory.healthyAtPlan < memory.desiredAtPlan) return false;
  return !look.facts.tasks.some(
    (other) =>
      other.serviceName === name && diedByItself(other) && isOld(look.hosts.get(other.instanceId ?? '')),
  );
}

const isOld = (host: Host | undefined) => host?.role === 'outdated';
