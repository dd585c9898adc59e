/** The step as it leaves the decision: what is told to people, and when to look again. */
import type { Draft } from './draft.ts';
import { type Look, memoryOf } from './look.ts';
import { AGENT_READS_APART_MS } from './observe.ts';
import { alignedSeconds, readsPerLook, tickSeconds } from './pace.ts';
import type { Step } from './step.ts';

/** With nothing going on but waits with a known end, looks may be this far apart, seconds. */
const IDLE_SECONDS = 60;
const CLOSED_SECONDS = 900;
const LONG_FROZEN_MS = 300_000;
/** Source: Amazon ECS API reference, DeploymentConfiguration.minimumHealthyPercent. */
const HEALTHY_AFTER_MS = 40_000;

export function stepOf(draft: Draft, wait: number, phase: Step['phase'], reason: string): Step {
  const { ending } = draft.run;
  return {
    register: draft.register,
    activate: draft.activate,
    drain: draft.drain,
    terminate: draft.terminate,
    stopTasks: draft.stopTasks,
    deregister: draft.deregister,
    quiesce: draft.quiesce,
    endQuiesce: draft.endQuiesce,
    remember: draft.remembered(),
    holds: [...draft.holds.values()],
    phase,
    reason,
    notify: draft.notify,
    waitSeconds: wait,
    ...(ending !== undefined && { end: ending }),
    restore: draft.restore,
    ...(draft.pinBack && { pinBack: true }),
  };
}

/** Where the run stands, for people: the first stage that some group is still in. */
export function phaseOf(look: Look, draft: Draft): Step['phase'] {
  if (draft.phase !== undefined) return draft.phase;
  const memories = look.groups
    .filter((group) => group.plan.outdated.length > 0)
    .map((group) => memoryOf(draft, group));
  if (
    memories.some((memory) => memory.bakeStartedAtMs !== undefined && memory.trialPassedAtMs === undefined)
  ) {
    return 'baking';
  }
  if (memories.some((memory) => memory.waveReadyAtMs === undefined)) {
    const isTrial = look.groups.some(
      ({ ready, outdatedLeft, settings }) =>
        ready.length === 0 && outdatedLeft.length > 0 && settings.canaryInstances > 0,
    );
    return isTrial ? 'trial' : 'registering';
  }
  const moving = [...look.hosts.values()].some((host) =>
    ['draining', 'drained', 'terminating'].includes(host.kind),
  );
  return moving ? 'moving' : 'waiting';
}

export function reasonOf(look: Look, draft: Draft, frozen: string | undefined): string {
  const { ending } = draft.run;
  if (ending !== undefined)
    return draft.restore ? ending.reason : `${draft.reason ?? 'closing'}: ${ending.reason}`;
  const left = look.groups.reduce((sum, group) => sum + group.outdatedLeft.length, 0);
  const ready = look.groups.reduce((sum, group) => sum + group.ready.length, 0);
  const draining = [...look.hosts.values()].filter((host) => host.kind === 'draining').length;
  const standing = `${left} outdated hosts left, ${ready} new ones ready, ${draining + draft.drain.length} draining`;
  if (frozen !== undefined) return `${frozen}; ${standing}`;
  const waits = [...new Set(draft.waits.map((wait) => wait.what))].sort();
  return waits.length > 0 ? `${standing}; waiting for ${waits.join(', ')}` : standing;
}

/** What most hosts wait for, for people: `5 × no room on ready hosts · 1 × …`; the log has every host's reason. */
export function heldBackText(holds: Step['holds']): string {
  const byReason = new Map<string, number>();
  for (const { reason } of holds) byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
  return [...byReason]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 3)
    .map(([reason, hosts]) => `${hosts} × ${reason}`)
    .join(' · ')
    .slice(0, 300);
}

export function waitSeconds(look: Look, draft: Draft): number {
  const { facts, nowMs } = look;
  const tick = tickSeconds(
    readsPerLook({
      hosts: facts.hosts.length,
      tasks: facts.tasks.length,
      services: facts.services.length,
      groups: facts.groups.length,
      moving: movingHosts(look),
    }),
  );
  if (draft.restore) return tick;
  // Its drained host may stand for a day: nothing to hurry for.
  const acts = draft.activate.length + draft.drain.length + draft.terminate.length + draft.register.length;
  const isStill = draft.waits.some(({ what }) => what === 'approval') || isLongFrozen(look, draft);
  if (acts === 0 && isStill) return Math.max(tick, IDLE_SECONDS);
  if (isBusy(look, draft)) return nearest(look, draft, alignedSeconds(tick, knownMoments(look), nowMs));
  // A run that is to wait for the window gives back first.
  if (!look.window.open && draft.run.ending?.outcome !== 'PENDING_WINDOW') {
    const untilMs = look.window.opensAtMs ?? Number.POSITIVE_INFINITY;
    return Math.max(tick, Math.min(CLOSED_SECONDS, Math.ceil((untilMs - nowMs) / 1000)));
  }
  return nearest(look, draft, Math.max(tick, IDLE_SECONDS));
}

/** Nothing may be done, and that for so long already that a minute more or less is none of its length. */
function isLongFrozen({ nowMs }: Look, { run: { frozen } }: Draft): boolean {
  return frozen?.lastMs === nowMs && nowMs - frozen.sinceMs >= LONG_FROZEN_MS;
}

/** Hosts whose tasks may change until the next look. */
function movingHosts(look: Look): number {
  const kinds: ReadonlySet<string> = new Set(['draining', 'drained', 'incoming']);
  return [...look.hosts.values()].filter((host) => kinds.has(host.kind)).length;
}

/** A second after what is foreseen, so that AWS's own clocks have come that far. */
const MARGIN_MS = 1000;

/** When something that the next step waits for can be true at the earliest, as far as anybody can know. */
function knownMoments(look: Look): number[] {
  const moments: number[] = [];
  for (const host of look.hosts.values()) {
    const [lastRead] = host.memory.agentReads ?? [];
    if (host.kind === 'incoming' && lastRead?.connected === true)
      moments.push(lastRead.atMs + AGENT_READS_APART_MS);
  }
  // Without a check of its own or a load balancer's, a task counts as healthy a fixed time after its start.
  let youngestMs = 0;
  for (const task of look.facts.tasks) {
    if (task.healthy || task.startedAtMs === undefined || task.lastStatus !== 'RUNNING') continue;
    const service = look.services.get(task.serviceName ?? '');
    if (service === undefined || service.inMotion === 0 || service.facts.targetGroupArns.length > 0) continue;
    if (task.healthStatus === 'UNKNOWN' && task.desiredStatus === 'RUNNING')
      youngestMs = Math.max(youngestMs, task.startedAtMs);
  }
  if (youngestMs > 0) moments.push(youngestMs + HEALTHY_AFTER_MS + MARGIN_MS);
  return moments;
}

/** Not past the first known end: a bake that is over should not wait for a tick. */
function nearest(look: Look, draft: Draft, seconds: number): number {
  const ends = draft.waits
    .filter((wait) => wait.what === 'the bake')
    .map((wait) => Math.ceil((wait.untilMs - look.nowMs) / 1000));
  return Math.max(1, Math.min(seconds, ...ends.filter((end) => end > 0)));
}

/** Something may change within a tick: hosts come, tasks move or stop, or we have just acted. */
function isBusy(look: Look, draft: Draft): boolean {
  const acts =
    draft.register.length +
    draft.activate.length +
    draft.drain.length +
    draft.terminate.length +
    draft.stopTasks.length +
    draft.deregister.length;
  if (acts > 0) return true;
  if (
    look.groups.some((group) => group.incoming.length > 0 || group.alive.length < group.facts.desiredCapacity)
  ) {
    return true;
  }
  for (const service of look.services.values()) if (service.unmoved > 0) return true;
  return [...look.hosts.values()].some((host) => {
    if (host.kind === 'terminating' || host.kind === 'drained') return true;
    if (host.kind === 'gone') return host.facts !== undefined && host.facts.ec2State !== 'terminated';
    if (host.kind !== 'draining') return false;
    // A host that only waits for standalone tasks changes when they end: nothing to hurry for.
    return host.tasks.some((task) => task.taskClass !== 'standalone') || host.progress.state === 'empty';
  });
}
