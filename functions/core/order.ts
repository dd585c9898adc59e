/** In which order hosts are tried, and which are the emptiest. */
import type { Attraction } from './attraction.ts';
import type { Host } from './groups.ts';
import type { GroupLook } from './look.ts';
import type { Motion } from './motion.ts';

/** What the order is made of, as it stands after the hosts that were accepted so far. */
export interface Circumstances {
  readonly attraction: Pick<Attraction, 'effectOf'>;
  readonly motion: Pick<Motion, 'fillOf'>;
}

interface ZoneQueue {
  readonly zone: string;
  readonly room: number;
  /** The best last, while `isSorted`. */
  left: Host[];
  isSorted: boolean;
}

/**
 * Rule 10: in which order hosts are tried. Those with a deadline lead, the nearest first, wherever they are. Then zones take turns: the one with the most old hosts left, then the one with
 * the most free new room, so that the last of the old are spread as the first were and the group ends level. In a zone
 * the host leads whose drain spares the most bounces (the magnets: a full host cannot take any, and not every strategy
 * draws to the emptiest); then the one that fills the in-motion limits of its services most evenly, since a full limit
 * keeps away every other host of that service; then the emptiest. Hosts that received a bounce come last.
 *
 * What is accepted changes what is best next: say so with `accepted`.
 */
export class DrainOrder {
  /** With a deadline, the nearest last. */
  readonly #due: Host[];
  readonly #zones: ZoneQueue[];
  readonly #circumstances: Circumstances;
  /** By service, tasks on hosts that were not accepted yet. */
  readonly #still = new Map<string, number>();

  constructor(candidates: readonly Host[], groups: readonly GroupLook[], circumstances: Circumstances) {
    this.#circumstances = circumstances;
    const room = roomByZone(groups);
    const zones = new Map<string, Host[]>();
    const isDue = (host: Host) => host.memory.deadlineMs !== undefined;
    this.#due = candidates
      .filter(isDue)
      .sort(
        (a, b) =>
          (b.memory.deadlineMs ?? 0) - (a.memory.deadlineMs ?? 0) || (b.instanceId < a.instanceId ? -1 : 1),
      );
    for (const host of candidates) {
      if (!isDue(host)) addTo(zones, host);
      for (const [name, count] of host.replicas) this.#still.set(name, (this.#still.get(name) ?? 0) + count);
    }
    this.#zones = [...zones].map(([zone, left]) => ({
      zone,
      left,
      room: room.get(zone) ?? 0,
      isSorted: false,
    }));
    this.#zones.sort((a, b) => b.room - a.room || (a.zone < b.zone ? -1 : 1));
  }

  /** The next to be tried, each once. */
  next(): Host | undefined {
    const due = this.#due.pop();
    if (due !== undefined) return due;
    const [first, ...others] = this.#zones;
    if (first === undefined) return undefined;
    const longest = others.reduce((best, zone) => (zone.left.length > best.left.length ? zone : best), first);
    if (!longest.isSorted) {
      longest.left = this.#sorted(longest.left);
      longest.isSorted = true;
    }
    return longest.left.pop();
  }

  accepted(host: Host): void {
    for (const [name, count] of host.replicas) this.#still.set(name, (this.#still.get(name) ?? 0) - count);
    for (const zone of this.#zones) zone.isSorted = false;
  }

  #sorted(hosts: readonly Host[]): Host[] {
    const judged = hosts.map((host) => {
      const { spares, bounces } = this.#circumstances.attraction.effectOf(host);
      return { host, gain: Math.round(spares - bounces), strain: this.#strain(host) };
    });
    judged.sort(
      (a, b) =>
        Number(a.host.facts?.impaired === true) - Number(b.host.facts?.impaired === true) ||
        (b.host.memory.bouncedAtMs ?? 0) - (a.host.memory.bouncedAtMs ?? 0) ||
        a.gain - b.gain ||
        b.strain - a.strain ||
        emptiness(a.host) - emptiness(b.host) ||
        (b.host.instanceId < a.host.instanceId ? -1 : 1),
    );
    return judged.map(({ host }) => host);
  }

  /** Per task; cubes, and less for services with the most still to move, whose limit should never be idle. */
  #strain(host: Host): number {
    let [strain, tasks] = [0, 0];
    for (const [name, count] of host.replicas) {
      const before = this.#circumstances.motion.fillOf(name);
      const after = this.#circumstances.motion.fillOf(name, count);
      const turns = ((after - before) * (this.#still.get(name) ?? count)) / count;
      strain += (after ** 3 - before ** 3) / Math.max(after - before, turns);
      tasks += count;
    }
    return tasks === 0 ? 0 : strain / tasks;
  }
}

function addTo(zones: Map<string, Host[]>, host: Host): void {
  const known = zones.get(host.zone);
  if (known === undefined) zones.set(host.zone, [host]);
  else known.push(host);
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
