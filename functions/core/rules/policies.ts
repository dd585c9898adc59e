/**
 * What the settings say about tasks that a drain would wait for or end: standalone and protected ones (design 7.2).
 */
import { nameOfTask } from '../drain.ts';
import type { TaskFacts } from '../facts.ts';
import type { Host } from '../groups.ts';
import { hold } from '../hold.ts';
import { counted } from '../plan/words.ts';
import { settingsFor } from '../settings.ts';
import { span, type Tick } from '../tick.ts';

export interface Policy {
  readonly rule: 'standalone' | 'protected' | 'registration';
  readonly reason: string;
}

/** Why the host may not drain yet, or ever in this run (then it is held in memory too); undefined when nothing does. */
export function policyOf(tick: Tick, host: Host): Policy | undefined {
  return unregistered(host) ?? standalonePolicy(tick, host) ?? protectedPolicy(tick, host);
}

function unregistered(host: Host): Policy | undefined {
  if (host.facts?.containerInstanceArn !== undefined && host.facts.status === 'ACTIVE') return undefined;
  const status = host.facts?.status ?? 'not registered with the cluster';
  return { rule: 'registration', reason: `its container instance is ${status}: ECS cannot drain it` };
}

function standalonePolicy(tick: Tick, host: Host): Policy | undefined {
  const { standaloneTasks } = settingsFor(tick.look.settings, host.autoScalingGroupName);
  if (standaloneTasks !== 'hold' || host.standalone.length === 0) return undefined;
  const reason = `${counted(host.standalone.length, 'standalone task')} on it, and standaloneTasks is hold`;
  hold(tick, host, { reason, because: 'standalone', final: false });
  return { rule: 'standalone', reason };
}

/** ECS stops protected tasks of a DRAINING host like others (assumed; unconfirmed), so the host waits ACTIVE. */
function protectedPolicy(tick: Tick, host: Host): Policy | undefined {
  const { nowMs } = tick.look;
  const settings = settingsFor(tick.look.settings, host.autoScalingGroupName);
  const guarded = protectedOn(host, nowMs);
  if (guarded.length === 0) return undefined;
  const untilMs = lastEndOf(guarded);

  if (settings.protectedTasks === 'hold') {
    const reason = `${counted(guarded.length, 'protected task')} on it, and protectedTasks is hold`;
    hold(tick, host, { reason, because: 'protected', ...serviceOf(guarded), final: false });
    return { rule: 'protected', reason };
  }
  const limitMs = protectedLimitMs(tick, host);
  if (host.memory.protectedSinceMs === undefined)
    tick.draft.noteHost(host.instanceId, host.memory, { protectedSinceMs: nowMs });
  if (nowMs < limitMs) {
    tick.draft.waits.push({ untilMs: Math.min(untilMs, limitMs), what: 'protected tasks' });
    return { rule: 'protected', reason: guardedUntil(guarded) };
  }
  if (settings.protectedTasks === 'stop') return undefined;
  const named = guarded.map(({ taskArn }) => nameOfTask(taskArn)).sort();
  const reason = `task ${named.join(', ')} is protected for longer than ${span(settings.protectedTimeoutSeconds)}`;
  hold(tick, host, { reason, because: 'protected', ...serviceOf(guarded), final: false });
  return { rule: 'protected', reason };
}

/**
 * Why a host beyond the goal may not drain yet. It is held by no memory: what waits for it has a limit of its own, after
 * which the host stays.
 */
export function protectedSurplus({ look, draft }: Tick, host: Host): string | undefined {
  const guarded = protectedOn(host, look.nowMs);
  if (guarded.length === 0) return undefined;
  if (settingsFor(look.settings, host.autoScalingGroupName).protectedTasks === 'stop') {
    if (host.memory.protectedSinceMs === undefined)
      draft.noteHost(host.instanceId, host.memory, { protectedSinceMs: look.nowMs });
    if (look.nowMs >= protectedLimitMs({ look }, host)) return undefined;
  }
  return guardedUntil(guarded);
}

/** The tasks of a host that are under scale-in protection now. */
export const protectedOn = (host: Host, nowMs: number): readonly TaskFacts[] =>
  host.tasks.filter((task) => (task.protectedUntilMs ?? 0) > nowMs);

const lastEndOf = (guarded: readonly TaskFacts[]) =>
  Math.max(...guarded.map((task) => task.protectedUntilMs ?? 0));

function guardedUntil(guarded: readonly TaskFacts[]): string {
  const until = new Date(lastEndOf(guarded)).toISOString();
  return `${counted(guarded.length, 'protected task')} on it, the last until ${until}`;
}

/** Until when the protected tasks of a host are waited for: counted from when they first were. */
export function protectedLimitMs({ look }: Pick<Tick, 'look'>, host: Host): number {
  const { protectedTimeoutSeconds } = settingsFor(look.settings, host.autoScalingGroupName);
  return (host.memory.protectedSinceMs ?? look.nowMs) + protectedTimeoutSeconds * 1000;
}

/** The service that holds it, where there is but one to name. */
function serviceOf([task]: readonly TaskFacts[]): { readonly service?: string } {
  return task?.serviceName === undefined ? {} : { service: task.serviceName };
}
