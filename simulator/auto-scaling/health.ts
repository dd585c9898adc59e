/**
 * Unhealthy members: who they are, and how they are replaced.
 * Source: Amazon EC2 Auto Scaling user guide, health-checks-overview ("How Amazon EC2 Auto Scaling minimizes downtime"),
 * understand-how-suspending-processes-affects-other-processes.
 */
import type { Actor } from '../observation.ts';
import type { World } from '../world.ts';
import { type Group, isPending, isSuspended, type Member, readyAtMs, stamp } from './group.ts';
import type { GroupStore } from './group-store.ts';
import type { Lifecycle } from './lifecycle.ts';
import { maintenanceBounds, plannedReplacements, roomOf, surgeVictims } from './replacing.ts';
import type { Surges } from './surges.ts';

const HEALTH: Actor = { kind: 'aws', name: 'health-check' };
const WHY = 'an EC2 health check indicating it has been terminated or stopped';
const LAUNCHED = 'an instance was launched in response to an unhealthy instance needing to be replaced.';

export class Health {
  readonly #world: World;
  readonly #store: GroupStore;
  readonly #surges: Surges;
  readonly #lifecycle: () => Lifecycle;

  constructor(world: World, store: GroupStore, surges: Surges, lifecycle: () => Lifecycle) {
    this.#world = world;
    this.#store = store;
    this.#surges = surges;
    this.#lifecycle = lifecycle;
  }

  /** Members whose instance does not run, or that EC2 doubts, are unhealthy, unless nobody checks. */
  examine(group: Group): void {
    if (isSuspended(group, 'HealthCheck')) return;
    for (const instanceId of group.suspects) {
      const member = group.members.get(instanceId);
      if (member?.lifecycleState === 'InService') {
        member.healthStatus = 'Unhealthy';
        this.#store.memberChanged(group, member);
      }
      group.suspects.delete(instanceId);
    }
  }

  /**
   * Terminate first. Those whose instance does not run any more, and those marked by SetInstanceHealth, all at once; of
   * others at most a tenth of the group at a time, and none while launches are under way and a tenth is missing.
   * A maintenance policy may ask to launch first. Terminate suspended: ReplaceUnhealthy waits for it. Launch suspended:
   * they end and nothing comes for them.
   */
  replaceUnhealthy(group: Group): void {
    if (isSuspended(group, 'ReplaceUnhealthy', 'Terminate')) return;
    const inService = [...group.members.values()].filter((member) => member.lifecycleState === 'InService');
    const replaced = surgeVictims(group);
    const unhealthy = inService.filter(
      (member) => member.healthStatus === 'Unhealthy' && !replaced.has(member.instanceId),
    );
    if (unhealthy.length === 0) return;
    const atOnce = Math.max(1, Math.floor(group.desiredCapacity / 10));
    const nowMs = this.#world.clock.nowMs;
    const warmup = Math.max(0, group.base.DefaultInstanceWarmup ?? 0);
    const warming = inService.filter((member) => (readyAtMs(member, warmup) ?? 0) > nowMs).length;
    const isLaunching = warming > 0 || [...group.members.values()].some(isPending);
    const missing = isLaunching ? Math.max(0, group.desiredCapacity - inService.length + warming) : 0;
    const immediate = unhealthy.filter((member) => this.#isReplacedAtOnce(member));
    const others = unhealthy.filter((member) => !this.#isReplacedAtOnce(member));
    const now = [...immediate, ...others.slice(0, Math.max(0, atOnce - missing - immediate.length))];
    const bounds = maintenanceBounds(group);
    if (!bounds || isSuspended(group, 'Launch')) {
      for (const member of now) this.#end(group, member);
      return;
    }
    const room = roomOf(group, bounds, nowMs);
    // An unhealthy one is no part of the healthy minimum: its end costs nothing while that is met.
    const least = Math.ceil((group.desiredCapacity * bounds.minPercentage) / 100);
    const isMet = inService.length - unhealthy.length >= least;
    const { endFirst, launchFirst } = plannedReplacements(now, {
      toTerminate: isMet ? now.length : 0,
      toLaunch: Math.max(1, room.toLaunch),
    });
    for (const member of endFirst) this.#end(group, member);
    if (launchFirst.length === 0 || nowMs < group.retryLaunchAtMs) return;
    const victims = launchFirst.map((member) => member.instanceId);
    this.#surges.begin(
      group,
      { reason: 'health', victims, actor: HEALTH, why: WHY, because: LAUNCHED },
      victims.length,
    );
  }

  #isReplacedAtOnce(member: Member): boolean {
    return member.isMarkedUnhealthy || this.#world.ec2.instance(member.instanceId)?.state !== 'running';
  }

  #end(group: Group, member: Member): void {
    const at = stamp(this.#world.clock.nowMs);
    const cause = `At ${at} an instance was taken out of service in response to ${WHY}.`;
    this.#lifecycle().terminate(group, member, HEALTH, cause);
    group.causes.push(`At ${at} ${LAUNCHED}`);
  }
}

/** Somebody has to look at it again. */
export function isReplaceable(member: Member): boolean {
  return member.healthStatus === 'Unhealthy' && member.lifecycleState === 'InService';
}
