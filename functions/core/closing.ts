/**
 * After the end is decided (decisions.md rule 23): our DRAINING hosts that still have tasks go back to ACTIVE, what was
 * brought in beyond the goal drains and ends by id with decrement, and then `restore` puts the knobs back. However the
 * run ended, it ends with every host terminated or ACTIVE (I8).
 */
import { isStopping } from './drain.ts';
import type { Host } from './groups.ts';
import { type GroupLook, memoryOf } from './look.ts';
import type { HostMemory } from './memory.ts';
import { Motion, RECOVER_MS } from './motion.ts';
import { emptiness } from './order.ts';
import { alarmsStillSeeSurplus } from './rules/alarms-cool.ts';
import { beginDrain, begunDrains } from './rules/drain.ts';
import { goneWaitMs, isEnded, standing } from './rules/finish.ts';
import { bringBack, goesBack, isUnwanted } from './rules/go-back.ts';
import { followGrowth, ownBounds } from './rules/goal.ts';
import { stopLimitMs } from './rules/overdue.ts';
import { protectedSurplus } from './rules/policies.ts';
import { isSilent } from './rules/silent.ts';
import { tellSplits } from './rules/split.ts';
import { unevenness } from './rules/surplus.ts';
import { end } from './rules/terminate.ts';
import { activate } from './rules/unplaced.ts';
import type { Rule, Tick } from './tick.ts';

/** A surplus host that cannot be drained within this many drain timeouts stays, and the run ends without it. */
const GIVE_UP_TIMEOUTS = 1;
/** Zones that differ by so much are level: Auto Scaling does nothing about it. */
const LEVEL = 1;
/** A group notices within so long that a host of it is gone, and launches another. */
const REFILL_MS = 180_000;

export const close: Rule = (tick) => {
  const { look, draft, freeze } = tick;
  draft.phase = 'closing';
  followGrowth(tick);
  for (const group of look.groups) capGoal(tick, group);
  const open = look.groups.map((group) => closeGroup(tick, group));
  const ghosts = draft.deregister.length > 0;
  if (awaitsPin(tick) && !hasActs(draft)) {
    draft.noteRun({ goBack: 'asked' });
    draft.pinBack = true;
  }
  if (open.some((isOpen) => isOpen) || ghosts || draft.activate.length + draft.endQuiesce.length > 0) {
    draft.reason = freeze.all ?? freeze.drains ?? 'giving back what the run brought in';
    return;
  }
  if (alarmsStillSeeSurplus(tick)) {
    draft.reason = 'waiting until the alarms that scale the groups have seen the cluster without the surplus';
    return;
  }
  if (draft.run.told?.includes('stalled')) countWhatWent(tick);
  tellStanding(tick);
  tellSplits(tick);
  draft.restore = true;
};

/** What ran before is to come back, and the groups do not launch it yet: `prepare` sees to that. */
function awaitsPin(tick: Tick): boolean {
  return goesBack(tick) && tick.draft.run.goBack !== 'pinned';
}

function hasActs({ register, activate, drain, terminate }: Tick['draft']): boolean {
  return register.length + activate.length + drain.length + terminate.length > 0;
}

/** Growth above a MaxSize that only we had raised ends with it. */
function capGoal({ draft }: Tick, group: GroupLook): void {
  if (group.plan.referenceOnly) return;
  const memory = memoryOf(draft, group);
  const { maxSize } = ownBounds(group.facts, memory);
  if (memory.goal > maxSize) draft.noteGroup(group.name, { goal: maxSize });
}

/** A run that stood still ends FAILED when it had replaced nothing; what it had drained went since then. */
function countWhatWent({ look, draft }: Tick): void {
  const { ending } = draft.run;
  const planned = [...look.hosts.values()].filter((host) => host.role === 'outdated');
  const gone = planned.filter((host) => host.kind === 'gone').length;
  if (ending?.outcome === 'FAILED' && gone > 0 && gone < planned.length + look.plan.keptOut.length)
    draft.noteRun({ ending: { ...ending, outcome: 'PARTIAL' } });
}

/** How far the work has come is said at the end: what had drained when the window closed went since. */
function tellStanding(tick: Tick): void {
  const { ending, phase } = tick.draft.run;
  if (ending?.outcome !== 'PENDING_WINDOW' || phase === 'closed') return;
  tick.draft.noteRun({ ending: { ...ending, reason: `${ending.reason}; ${standing(tick)}` } });
}

/** Does what the group still needs; answers whether anything is left to do or to wait for. */
function closeGroup(tick: Tick, group: GroupLook): boolean {
  const { look, draft } = tick;
  if (group.plan.referenceOnly) return false;
  let open = false;
  const surplus = () => surplusOf(tick, group);

  for (const host of group.hosts) {
    if (host.role !== 'outdated' || host.kind === 'gone' || host.kind === 'terminating') continue;
    if (
      host.memory.drainingSinceMs === undefined ||
      draft.activate.some((a) => a.instanceId === host.instanceId)
    )
      continue;
    if (host.memory.held?.final === true && host.facts?.status === 'ACTIVE') continue;
    // An old host that is empty already is the cheapest surplus, unless old hosts are what we go back to.
    const isEmpty = host.kind === 'drained' && host.facts?.lifecycleState === 'InService';
    const isWaiting = host.progress.state === 'empty' && host.kind !== 'drained';
    if (draft.run.ending?.outcome !== 'ROLLED_BACK' && surplus() > 0 && (isEmpty || isWaiting)) {
      if (isEmpty) {
        end(tick, group, host);
        // A run that stood still held it; now it goes after all.
        draft.noteHost(host.instanceId, host.memory, { held: undefined });
      }
      open = true;
    } else if (host.facts?.status === 'DRAINING' || host.memory.drainingSeenAtMs === undefined) {
      activate(tick, host, `the run ends ${draft.run.ending?.outcome ?? ''}: back to work`);
      open = true;
    }
  }
  if (group.terminating > 0) open = true;
  if (group.hosts.some((host) => isReturning(host, look.nowMs))) open = true;
  if (isRefilling(tick, group)) open = true;
  // What we ended is replaced once EC2 says terminated.
  const waitMs = goneWaitMs(group.facts);
  if (
    group.hosts.some(
      (host) =>
        host.memory.terminateIntentMs !== undefined &&
        host.kind === 'gone' &&
        !isEnded(host, waitMs, look.nowMs),
    )
  )
    open = true;
  if (awaitsPin(tick)) return true;
  const isOnItsWayBack = bringBack(tick, group);
  return removeSurplusHosts(tick, group) || isOnItsWayBack || open;
}

/**
 * A surplus host went without us, so desired still counts it: what the group launches in its place is surplus as well. To
 * lower desired instead, while the group may still take it for in service, would let it choose a victim.
 * Source: Amazon EC2 Auto Scaling user guide, ec2-auto-scaling-health-checks, "Unhealthy instance replacement".
 */
function isRefilling({ look, draft }: Tick, group: GroupLook): boolean {
  const standing = group.alive.length - group.terminating;
  const desired = group.facts.desiredCapacity - group.decrementsInFlight;
  if (desired <= Math.max(standing, memoryOf(draft, group).goal)) return false;
  return group.hosts.some(({ kind, role, memory: { goneSinceMs = look.nowMs, terminateIntentMs } }) => {
    const isLost = kind === 'gone' && role === 'new' && terminateIntentMs === undefined;
    return isLost && look.nowMs - goneSinceMs < REFILL_MS;
  });
}

/** Set back to ACTIVE, and not seen so yet. */
function isReturning(host: Host, nowMs: number): boolean {
  const { activatedAtMs } = host.memory;
  if (activatedAtMs === undefined || host.facts?.status !== 'DRAINING' || host.kind === 'gone') return false;
  return nowMs - activatedAtMs < 600_000;
}

/** Hosts beyond the goal that nobody is taking away yet, or did so in vain: then another may go in its place. */
function surplusOf({ draft }: Tick, group: GroupLook): number {
  const ending = new Set(draft.terminate.map((action) => action.instanceId));
  const isLeaving = (memory: HostMemory | undefined) =>
    memory?.surplus !== undefined && memory.givenUp !== true;
  const staying = group.alive.filter(
    (host) =>
      host.kind !== 'terminating' && !ending.has(host.instanceId) && !isLeaving(draft.host(host.instanceId)),
  );
  const { goal, foreignAbove } = memoryOf(draft, group);
  // Seen once only, what others add may be theirs: it is not taken away before the second read decides.
  return staying.length - goal - (foreignAbove?.count ?? 0);
}

function removeSurplusHosts(tick: Tick, group: GroupLook): boolean {
  const { look, draft, freeze } = tick;
  for (const host of group.alive.filter(isBackAtWork))
    draft.noteHost(host.instanceId, host.memory, { surplus: undefined });
  const leaving = group.alive.filter(
    (host) => draft.host(host.instanceId)?.surplus !== undefined && host.memory.givenUp !== true,
  );
  let open = leaving.some((host) => host.kind !== 'terminating');
  for (const host of leaving) endOrGiveUp(tick, group, host);

  let surplus = surplusOf(tick, group);
  if (surplus <= 0) return open || group.terminating > 0;
  const candidates = victims(tick, group).filter((host) => protectedSurplus(tick, host) === undefined);
  const motion = closingMotion(tick, new Set([...leaving, ...candidates.slice(0, surplus)]));
  const tried = new Set<Host>();
  let isOursRefused = false;
  while (surplus > 0) {
    // Each that goes changes which of the others leaves the zones level.
    const host = victims(tick, group).find((one) => !tried.has(one));
    if (host === undefined) break;
    tried.add(host);
    if (waitsForNext(tick, group, host)) continue;
    const isOurs = cameWithRun(tick, host);
    // What the run brought in goes a little later: no reason to take what stood there before it.
    if (isOursRefused && !isOurs) continue;
    open = true;
    if (freeze.all !== undefined) break;
    const guard = protectedSurplus(tick, host);
    if (guard !== undefined)
      draft.hold({ instanceId: host.instanceId, rule: '23', reason: `surplus, but ${guard}` });
    else if (takeAway(tick, group, host, motion)) surplus -= 1;
    else isOursRefused ||= isOurs;
  }
  // What the freeze holds up, a closed window above all, is no time in which hosts could have been drained.
  const isFrozen = freeze.drains !== undefined || freeze.all !== undefined;
  if (open && (isFrozen || draft.run.closingSinceMs === undefined))
    draft.noteRun({ closingSinceMs: look.nowMs });
  return open && !isOverdue(tick, group);
}

/** Taken out to be removed, and set back to ACTIVE by `restore` after a failure, or by somebody: it counts again. */
function isBackAtWork({ memory, facts }: Host): boolean {
  const isTakenOut = memory.drainingSinceMs !== undefined || memory.givenUp === true;
  return memory.surplus !== undefined && !isTakenOut && facts?.status === 'ACTIVE';
}

/**
 * A run that goes on in its next window, or once somebody says `resume`, leaves till then what only a drain would take
 * away, and the host whose going would set zones apart: AZRebalance, back at work, would end an old host with all its
 * tasks to level them (rule 19).
 * Source: Amazon EC2 Auto Scaling user guide, auto-scaling-benefits, "Rebalancing activities".
 */
function waitsForNext(tick: Tick, group: GroupLook, host: Host): boolean {
  const { draft } = tick;
  if (draft.run.ending?.outcome !== 'PENDING_WINDOW') return false;
  if (
    unevenness(group, going(tick, group))(host) > LEVEL &&
    memoryOf(draft, group).suspendedByUs.includes('AZRebalance')
  )
    return true;
  return host.tasks.some((task) => task.taskClass !== 'daemon' && task.lastStatus !== 'STOPPED');
}

/** The closing phase has a limit as well: a surplus that never finds room elsewhere stays rather than hang the run. */
function isOverdue({ look, draft, freeze }: Tick, group: GroupLook): boolean {
  if (freeze.drains !== undefined || freeze.all !== undefined) return false;
  const sinceMs = Math.max(draft.run.closingSinceMs ?? look.nowMs, draft.run.lastProgressAtMs);
  const { drainTimeoutSeconds } = group.settings;
  const limitMs = drainTimeoutSeconds * 1000 * GIVE_UP_TIMEOUTS;
  if (look.nowMs - sinceMs < limitMs) return false;
  draft.tell('surplus-stays', 'hosts beyond the goal could not be drained: they stay');
  return true;
}

/** Hosts that nothing keeps any more; old ones stay, where the run ends without having replaced them. */
function going({ draft }: Tick, group: GroupLook): ReadonlySet<Host> {
  const ending = new Set(draft.terminate.map((action) => action.instanceId));
  return new Set(
    group.alive.filter(
      (host) => ending.has(host.instanceId) || draft.host(host.instanceId)?.surplus !== undefined,
    ),
  );
}

function cameWithRun({ draft }: Tick, host: Host): boolean {
  return (host.facts?.launchTimeMs ?? 0) >= draft.run.startedAtMs;
}

/**
 * What the run brought in first, the emptiest leading, then hosts of the target that stood before it; never the old ones
 * that stay.
 */
function victims(tick: Tick, group: GroupLook): Host[] {
  const { draft } = tick;
  const isBack = goesBack(tick);
  const weight = unevenness(group, going(tick, group));
  return (
    group.alive
      .filter(
        (host) =>
          (host.role === 'new' || (host.role === 'other' && cameWithRun(tick, host))) &&
          draft.host(host.instanceId)?.surplus === undefined &&
          host.kind !== 'terminating' &&
          host.kind !== 'exempt',
      )
      // What goes back to hosts of the old image takes away those of the new one that came with it, and no other.
      .filter((host) => host.memory.held === undefined && (!isBack || isUnwanted(draft, host)))
      .sort(
        (a, b) =>
          weight(a) - weight(b) ||
          Number(cameWithRun(tick, b)) - Number(cameWithRun(tick, a)) ||
          a.replicaCount - b.replicaCount ||
          a.standalone.length - b.standalone.length ||
          emptiness(b) - emptiness(a) ||
          (a.instanceId < b.instanceId ? -1 : 1),
      )
  );
}

/** Room is every ACTIVE host that stays, old ones too: after a rollback they are what the tasks go back to. */
function closingMotion(tick: Tick, going: ReadonlySet<Host>): Motion {
  const isBack = goesBack(tick);
  const room = tick.look.groups
    .flatMap((group) => group.alive)
    .filter((host) => host.facts?.status === 'ACTIVE' && host.facts.agentConnected && !going.has(host))
    .filter((host) => !(isBack && isUnwanted(tick.draft, host)));
  const { closingSinceMs } = tick.draft.run;
  const patient = closingSinceMs === undefined || tick.look.nowMs - closingSinceMs < RECOVER_MS;
  const unplacedAtPlan = (name: string) => tick.draft.service(name)?.unplacedAtPlan ?? 0;
  const motion = new Motion(tick.look, room, unplacedAtPlan, patient);
  for (const host of begunDrains(tick)) motion.include(host);
  return motion;
}

function takeAway(tick: Tick, group: GroupLook, host: Host, motion: Motion): boolean {
  const { draft, freeze } = tick;
  const { facts } = host;
  if (facts?.lifecycleState !== 'InService') return false;
  if (facts.containerInstanceArn === undefined) {
    end(tick, group, host);
    return true;
  }
  if (facts.status !== 'ACTIVE') return false;
  if (freeze.drains !== undefined && host.replicaCount > 0) {
    draft.hold({ instanceId: host.instanceId, rule: '23', reason: freeze.drains });
    return false;
  }
  const refusal = luredBy(tick, group, host) ?? motion.accept(host)?.reason;
  if (refusal !== undefined) {
    draft.hold({ instanceId: host.instanceId, rule: '23', reason: `surplus, but ${refusal}` });
    return false;
  }
  beginDrain(tick, host, false);
  draft.noteHost(host.instanceId, host.memory, { surplus: 'remove' });
  return true;
}

/**
 * On the way back a host whose drain or end was decided on may be ACTIVE still, or again: a process died before the call.
 * ECS would start there what moves, on the image that kills it, and neither host could go before the other. Each such call
 * is taken for lost within minutes (rule 17; `observe.ts`), and that host, the emptier one, goes first.
 */
function luredBy(tick: Tick, group: GroupLook, host: Host): string | undefined {
  if (host.replicaCount === 0 || !goesBack(tick)) return undefined;
  const trap = group.alive.find(
    (other) =>
      other !== host &&
      isUnwanted(tick.draft, other) &&
      other.facts?.status === 'ACTIVE' &&
      (other.kind === 'terminating' || other.memory.drainingSinceMs !== undefined),
  );
  return trap && `its tasks would start on ${trap.instanceId}, which is to go and still takes tasks`;
}

/**
 * Dead by the verdict on its image, which silences agents: ECS has let go of all its tasks, their replacements are up
 * elsewhere, and each is past the time in which it could have stopped. Nobody will ever hear that it has.
 */
function isSilencedForGood(tick: Tick, host: Host): boolean {
  const { draft, look } = tick;
  if (draft.run.imageSilencesAgents !== true || host.role !== 'new' || !isSilent(tick, host)) return false;
  if (host.kind !== 'draining' || host.facts?.lifecycleState !== 'InService') return false;
  return host.tasks.every(
    (task) =>
      task.taskClass === 'daemon' ||
      task.lastStatus === 'STOPPED' ||
      (task.taskClass === 'replica' &&
        isStopping(task) &&
        look.services.get(task.serviceName ?? '')?.inMotion === 0 &&
        look.nowMs - (host.memory.drainingSinceMs ?? look.nowMs) > stopLimitMs(look, task)),
  );
}

/** Its tasks cannot be stopped as long as its agent is away, nor is it proven dead. */
function isStuckSilent(tick: Tick, host: Host): boolean {
  const sinceMs = host.memory.drainingSinceMs ?? tick.look.nowMs;
  const hasTasks = host.kind === 'draining' && host.progress.state === 'draining';
  return hasTasks && isSilent(tick, host) && tick.look.nowMs - sinceMs >= RECOVER_MS;
}

function endOrGiveUp(tick: Tick, group: GroupLook, host: Host): void {
  const { draft } = tick;
  const ending = draft.terminate.some((action) => action.instanceId === host.instanceId);
  if (host.kind === 'drained' && host.facts?.lifecycleState === 'InService' && !ending)
    end(tick, group, host);
  if (!ending && isSilencedForGood(tick, host)) {
    end(tick, group, host, true);
    return;
  }
  if (host.progress.state !== 'overdue' && !isStuckSilent(tick, host)) return;
  draft.tell(
    'surplus-stays',
    `${host.instanceId} is beyond the goal and did not drain: it stays`,
    host.instanceId,
  );
  activate(tick, host, 'surplus that did not drain in time');
  draft.noteHost(host.instanceId, host.memory, { givenUp: true });
}
