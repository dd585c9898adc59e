/**
 * Rules 11 and 12: drains that take too long. The first time a host stays DRAINING, since an ACTIVE old host attracts
 * what still moves, unless it can take back what is blocked; once the other drains of its pool are over it is tried once
 * more, then it goes back to ACTIVE for good.
 */
import { type Blocker, nameOfTask } from '../drain.ts';
import type { TaskFacts } from '../facts.ts';
import type { Host } from '../groups.ts';
import { hold, lastWord } from '../hold.ts';
import { type Settings, settingsFor } from '../settings.ts';
import { endRun, type Rule, span, type Tick } from '../tick.ts';
import { activate } from './unplaced.ts';

/** So long may tasks of the service that keep dying find another host by themselves. */
const IN_VAIN_MS = 180_000;

type Held = NonNullable<Host['memory']['held']>;

export const holdOverdue: Rule = (tick) => {
  for (const host of tick.look.hosts.values()) {
    if (host.kind === 'draining') judge(tick, host);
    else if (host.kind === 'held') retryOrReturn(tick, host);
  }
};

function judge(tick: Tick, host: Host): void {
  const { look, draft } = tick;
  const { progress } = host;
  if (progress.state === 'draining') {
    const waits = progress.blockers.flatMap((blocker) => blocker.waitUntilMs ?? []);
    // Stopping tasks end by themselves: their own limit is the service's, and it is never a stall.
    draft.waits.push({
      untilMs: waits.length > 0 ? Math.max(...waits) : look.nowMs + 60_000,
      what: 'tasks that drain',
    });
    tellOfSlowStops(tick, host);
    return;
  }
  if (progress.state !== 'overdue') return;
  const [first] = progress.blockers;
  const standalone = first.serviceName === undefined;
  const { standaloneTasks, onDrainTimeout } = settingsOf(tick, host);
  if (standalone ? standaloneTasks === 'stop' : onDrainTimeout === 'stop-tasks') {
    stopAll(tick, progress.blockers, standalone);
    return;
  }
  const reason = reasonOf(tick, host, first);
  if (!standalone && onDrainTimeout === 'rollback') {
    endRun(draft, 'ROLLED_BACK', `${host.instanceId}: ${reason}`);
    return;
  }
  const message = lastWord(tick, first.serviceName);
  const tried = (host.memory.triedBefore ?? 0) > 0;
  hold(tick, host, {
    reason,
    final: tried,
    ...(standalone && { because: 'standalone' }),
    ...(first.serviceName !== undefined && { service: first.serviceName }),
    ...(message !== undefined && { message }),
  });
  draft.hold({
    instanceId: host.instanceId,
    rule: '12',
    reason,
    ...(first.serviceName !== undefined && { service: first.serviceName }),
  });
  if (standalone || canTakeBack(tick, host, first)) activate(tick, host, `held: ${reason}`);
}

/** In force for the host: those of its group. */
function settingsOf({ look }: Tick, host: Host): Settings {
  return settingsFor(look.settings, host.autoScalingGroupName);
}

function reasonOf(tick: Tick, host: Host, blocker: Blocker): string {
  const settings = settingsOf(tick, host);
  if (blocker.serviceName === undefined) {
    return `standalone task ${nameOfTask(blocker.taskArn)} still runs after ${span(settings.standaloneTimeoutSeconds)}`;
  }
  return `${blocker.serviceName} moved no task for ${span(settings.drainTimeoutSeconds)}`;
}

/** Opted into force: what blocks is stopped, nothing else. */
function stopAll({ draft }: Tick, blockers: readonly Blocker[], standalone: boolean): void {
  for (const blocker of blockers) {
    draft.stopTasks.push({
      taskArn: blocker.taskArn,
      reason: standalone ? 'standaloneTasks is stop' : 'onDrainTimeout is stop-tasks',
    });
  }
}

/** The blocked service has lost a task that found no other place, and this host could take it back. */
function canTakeBack({ look }: Tick, host: Host, blocker: Blocker): boolean {
  const service = blocker.serviceName === undefined ? undefined : look.services.get(blocker.serviceName);
  const left = host.facts?.remaining;
  if (service?.demand === undefined || left === undefined) return false;
  if (service.placedElsewhere + service.unmoved >= service.facts.desiredCount) return false;
  const provider = host.facts?.capacityProviderName ?? '';
  if (service.waitingFor.size > 0 && !service.waitingFor.has(provider)) return false;
  const { needs } = service.demand;
  return needs.cpu <= left.cpu && needs.memoryMiB <= left.memoryMiB && needs.eniSlots <= left.eniSlots;
}

function retryOrReturn(tick: Tick, host: Host): void {
  const { look, draft } = tick;
  const { held } = host.memory;
  if (held === undefined) return;
  draft.hold({
    instanceId: host.instanceId,
    rule: held.service === undefined ? 'held' : '12',
    reason: held.reason,
    ...(held.service !== undefined && { service: held.service }),
  });
  const draining = host.memory.drainingSinceMs !== undefined && host.facts?.status === 'DRAINING';
  if (held.final === true) {
    if (draining) activate(tick, host, `held: ${held.reason}`);
    return;
  }
  const others = [...look.hosts.values()].filter(
    (other) =>
      other !== host && other.autoScalingGroupName === host.autoScalingGroupName && isOnItsWay(other),
  );
  const isVain = look.nowMs - draft.run.lastProgressAtMs >= IN_VAIN_MS;
  if (draining && isVain && waitForIt(others, held)) {
    activate(tick, host, `held: ${held.reason}; the others wait for it`);
    return;
  }
  if (others.length > 0) return;
  if (keepsItsTasks(held, host, look.nowMs)) {
    draft.noteHost(host.instanceId, host.memory, { held: { ...held, final: true } });
    return;
  }
  draft.waits.push({
    untilMs: look.nowMs + settingsOf(tick, host).drainTimeoutSeconds * 1000,
    what: 'a second try',
  });
  if (draining) {
    // The second try: the clock starts anew, and `attempts` says that there is no third.
    draft.noteHost(host.instanceId, host.memory, { drainingSinceMs: look.nowMs, clockStoppedMs: undefined });
  }
  reopen(draft, host);
}

/** What the host is held for is still on it: a second try would only wait as long again. */
function keepsItsTasks({ because }: Held, host: Host, nowMs: number): boolean {
  if (because === 'standalone') return host.standalone.length > 0;
  if (because !== 'protected') return false;
  return host.tasks.some((task) => (task.protectedUntilMs ?? 0) > nowMs);
}

const isOnItsWay = (host: Host) =>
  host.role === 'outdated' && ['outdated', 'draining', 'drained', 'terminating'].includes(host.kind);

/** Nothing drains beside it, and what its drain keeps in motion is what keeps the others: each would wait for the other. */
function waitForIt(others: readonly Host[], { service = '' }: Held): boolean {
  return (
    others.length > 0 && others.every(({ kind, replicas }) => kind === 'outdated' && replicas.has(service))
  );
}

function reopen(draft: Tick['draft'], host: Host): void {
  const held = host.memory.held;
  if (held === undefined) return;
  draft.noteHost(host.instanceId, host.memory, {
    held: undefined,
    triedBefore: held.attempts,
    firstHeldMs: held.sinceMs,
  });
}

/** A stopping task has its own limit: deregistration delay, stopTimeout and two minutes. */
export function stopLimitMs({ services, definitions }: Tick['look'], task: TaskFacts): number {
  const service = task.serviceName === undefined ? undefined : services.get(task.serviceName);
  const stop = definitions.get(task.taskDefinitionArn)?.stopTimeoutSeconds ?? 30;
  return ((service?.facts.deregistrationDelaySeconds ?? 0) + stop + 120) * 1000;
}

/** A stopping task past deregistration delay, stopTimeout and two minutes: told, never held. */
function tellOfSlowStops({ look, draft }: Tick, host: Host): void {
  for (const task of host.tasks) {
    if (task.stoppingAtMs === undefined || task.lastStatus === 'STOPPED' || task.taskClass === 'daemon')
      continue;
    if (look.nowMs - task.stoppingAtMs > stopLimitMs(look, task)) {
      draft.tell(
        'slow-stop',
        `a task of ${task.serviceName ?? 'no service'} on ${host.instanceId} is still stopping`,
        host.instanceId,
      );
    }
  }
}
