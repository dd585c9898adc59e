/** In which order hosts are tried, and which are the emptiest. */
import type { DrainEffect } from './attraction.ts';
import type { Host } from './groups.ts';
import type { GroupLook } from './look.ts';

/**
 * Rule 10: in which order hosts are tried. Zones take turns: the one with the most old hosts left, then the one with
 * the most free new room, so that the last of the old are spread as the first were and the group ends level. In a zone
 * the host leads whose drain spares the most bounces (the magnets: a full host cannot take any, and not every strategy
 * draws to the emptiest), then the emptiest; hosts that received a bounce come last.
 */
export function drainOrder(
  candidates: readonly Host[],
  groups: readonly GroupLook[],
  effects: ReadonlyMap<string, DrainEffect>,
): Host[] {
  const room = roomByZone(groups);
  const queues = new Map<string, Host[]>();
  for (const host of [...candidates].sort((a, b) => compare(b, a, effects))) {
    const queue = queues.get(host.zone);
    if (queue === undefined) queues.set(host.zone, [host]);
    else queue.push(host);
  }
  const zones = [...queues].map(([zone, queue]) => ({ zone, queue, room: room.get(zone) ?? 0 }));
  zones.sort((a, b) => b.room - a.room || (a.zone < b.zone ? -1 : 1));
  const order: Host[] = [];
  while (order.length < candidates.length) {
    const longest = zones.reduce((best, zone) => (zone.queue.length > best.queue.length ? zone : best));
    const host = longest.queue.pop();
    if (host === undefined) break;
    order.push(host);
  }
  return order;
}

function compare(a: Host, b: Host, effects: ReadonlyMap<string, DrainEffect>): number {
  const gain = ({ instanceId }: Host) => {
    const effect = effects.get(instanceId);
    return effect === undefined ? 0 : effect.spares - effect.bounces;
  };
  return (
    Number(a.facts?.impaired !== true) - Number(b.facts?.impaired !== true) ||
    (a.memory.bouncedAtMs ?? 0) - (b.memory.bouncedAtMs ?? 0) ||
    gain(b) - gain(a) ||
    emptiness(b) - emptiness(a) ||
    (a.instanceId < b.instanceId ? -1 : 1)
  );
}

/** The share that is free, of what is scarcer. */
export function emptiness(host: Host): number {
  const { registered, remaining } = host.facts ?? {};
  if (registered === undefined || remaining === undefined) return 0;
  const share = (left: number, all: number) => (all > 0 ? left / all : 0);
  return Math.min(share(remaining.cpu, registered.cpu), share(remaining.memoryMiB, registered.memoryMiB));
}

function roomByZone(groups: readonly GroupLook[]): Map<string, number> {
  const room = new Map<string, number>();
  for (const host of groups.flatMap((group) => group.ready)) {
    room.set(host.zone, (room.get(host.zone) ?? 0) + (host.facts?.remaining?.memoryMiB ?? 0));
  }
  return room;
}
