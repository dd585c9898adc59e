/**
 * Launch before terminate: members launched on top of the desired capacity, and the old ones that end once those are
 * ready. Rebalancing of zones, Spot capacity, instance refreshes and maintenance policies work like this.
 */
import type { RandomStream } from '../kernel/random.ts';
import type { Actor } from '../observation.ts';
import type { World } from '../world.ts';
import {
  type Group,
  isCounted,
  isSuspended,
  type Member,
  readyAtMs,
  type Surge,
  stamp,
  warmupSeconds,
} from './group.ts';
import type { Launched, Launcher } from './launcher.ts';
import type { Lifecycle } from './lifecycle.ts';
import { victimsOf } from './scale-in.ts';

export type SurgeRequest = Omit<Surge, 'newIds'> & {
  /** The launches' cause. */
  readonly because: string;
};

export class Surges {
  readonly #world: World;
  readonly #launcher: Launcher;
  readonly #lifecycle: () => Lifecycle;
  readonly #random: RandomStream;

  /** @param random the group's own choices of whom to end */
  constructor(world: World, launcher: Launcher, lifecycle: () => Lifecycle, random: RandomStream) {
    this.#world = world;
    this.#launcher = launcher;
    this.#lifecycle = lifecycle;
    this.#random = random;
  }

  /** Launches one for each victim, or `several` without victims of its own. */
  begin(group: Group, request: SurgeRequest, several: number, zones?: readonly string[]): Launched {
    const { because, victims, ...surge } = request;
    const launched = this.#launcher.launch(group, several, surge.actor, because, zones ? { zones } : {});
    const newIds = launched.members.map((member) => member.instanceId);
    if (victims.length === 0) {
      if (newIds.length > 0) group.surges.push({ ...surge, victims, newIds: new Set(newIds) });
    } else {
      // One by one, so that each old one goes as soon as its own successor is ready.
      newIds.forEach((id, at) => {
        const victim = victims[at];
        if (victim !== undefined) group.surges.push({ ...surge, victims: [victim], newIds: new Set([id]) });
      });
    }
    return launched;
  }

  /** Ends the old ones whose successors are ready; without Terminate the group stays larger until it is resumed. */
  advance(group: Group): void {
    const nowMs = this.#world.clock.nowMs;
    for (const surge of [...group.surges]) {
      for (const id of surge.newIds) {
        const member = group.members.get(id);
        if (!member || !isCounted(member)) surge.newIds.delete(id);
      }
      if (surge.newIds.size === 0) {
        group.surges.splice(group.surges.indexOf(surge), 1);
        continue;
      }
      const members = [...surge.newIds].map((id) => group.members.get(id) as Member);
      if (members.some((member) => !this.#isReady(group, member, surge, nowMs))) continue;
      if (isSuspended(group, 'Terminate')) continue;
      group.surges.splice(group.surges.indexOf(surge), 1);
      for (const member of this.#ending(group, surge, nowMs)) {
        const at = stamp(nowMs);
        const cause = `At ${at} an instance was taken out of service in response to ${surge.why}.  At ${at} instance ${member.instanceId} was selected for termination.`;
        this.#lifecycle().terminate(group, member, surge.actor, cause);
      }
    }
  }

  /** Capacity above the desired one that the group holds on purpose. */
  static extra(group: Group): number {
    let sum = 0;
    for (const { newIds } of group.surges) for (const id of newIds) sum += group.members.get(id)?.weight ?? 0;
    return sum;
  }

  /** When one of the new members will have warmed up. */
  static *moments(group: Group): Generator<number> {
    for (const { newIds, reason } of group.surges) {
      for (const id of newIds) {
        const member = group.members.get(id);
        const readyMs = member && readyAtMs(member, warmupFor(group, reason));
        if (readyMs !== undefined) yield readyMs;
      }
    }
  }

  #isReady(group: Group, member: Member, { reason }: Surge, nowMs: number): boolean {
    const readyMs = readyAtMs(member, warmupFor(group, reason));
    return readyMs !== undefined && readyMs <= nowMs;
  }

  #ending(group: Group, surge: Surge, nowMs: number): readonly Member[] {
    if (surge.victims.length === 0)
      return victimsOf(group, surge.newIds.size, this.#random, nowMs, surge.newIds).members;
    return surge.victims
      .map((id) => group.members.get(id))
      .filter((member): member is Member => member !== undefined && isCounted(member));
  }
}

function warmupFor(group: Group, reason: Surge['reason']): number {
  // Zones are evened out as soon as the new ones are in service.
  if (reason === 'rebalance') return 0;
  const own = reason === 'refresh' ? group.refreshes.at(-1)?.shape.Preferences?.InstanceWarmup : undefined;
  return warmupSeconds(group, own);
}

export const REBALANCE: Actor = { kind: 'aws', name: 'az-rebalance' };
