/** Where the tasks of a generated cluster stand when it is captured. */
import type { ClusterSpec, Placement, ServiceSpec } from './spec.ts';

export interface PlacedHost {
  readonly instanceId: string;
  readonly index: number;
  readonly group: string;
  readonly zone: string;
  readonly instanceType: string;
  readonly capacityProvider: string | undefined;
  cpu: number;
  memoryMiB: number;
  eniSlots: number;
  readonly ports: Set<number>;
  readonly tasks: PlacedTask[];
  /** Tasks of each service on it. */
  readonly ofService: Map<ServiceSpec, number>;
}

export interface PlacedTask {
  readonly taskId: string;
  readonly service: ServiceSpec | undefined;
  readonly family: string;
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly host: PlacedHost;
}

/** @throws Error when the cluster has no room: the spec is wrong */
export function placeTasks(spec: ClusterSpec, hosts: readonly PlacedHost[]): PlacedTask[] {
  const placed: PlacedTask[] = [];
  let serial = 0;
  const put = (
    host: PlacedHost,
    service: ServiceSpec | undefined,
    family: string,
    cpu: number,
    memoryMiB: number,
  ) => {
    const task = { taskId: (++serial).toString(16).padStart(32, '0'), service, family, cpu, memoryMiB, host };
    host.cpu -= cpu;
    host.memoryMiB -= memoryMiB;
    if (service?.networkMode === 'awsvpc') host.eniSlots--;
    if (service?.hostPort !== undefined) host.ports.add(service.hostPort);
    host.tasks.push(task);
    if (service) host.ofService.set(service, (host.ofService.get(service) ?? 0) + 1);
    placed.push(task);
  };

  for (const service of spec.services.filter(({ daemon }) => daemon)) {
    for (const host of hosts) put(host, service, service.name, service.cpu ?? 64, service.memoryMiB ?? 128);
  }
  for (const service of spec.services.filter(({ daemon }) => !daemon)) {
    const cpu = service.cpu ?? 256;
    const memoryMiB = service.memoryMiB ?? 512;
    const inZone = new Map<string, number>();
    for (let task = 0; task < service.desired; task++) {
      const provider = nextProvider(service, placed);
      const fitting = hosts.filter(
        (host) =>
          fits(host, service, cpu, memoryMiB) &&
          (provider === undefined || host.capacityProvider === provider),
      );
      const host = chosen(service.placement ?? spec.placement ?? 'spread', fitting, service, inZone, serial);
      if (!host) throw new Error(`no room for task ${task + 1} of ${service.name}`);
      inZone.set(host.zone, (inZone.get(host.zone) ?? 0) + 1);
      put(host, service, service.name, cpu, memoryMiB);
    }
  }
  for (const { family, cpu = 256, memoryMiB = 512 } of spec.standalone ?? []) {
    const host = hosts
      .filter((h) => h.cpu >= cpu && h.memoryMiB >= memoryMiB)
      .sort((a, b) => b.cpu - a.cpu)[0];
    if (!host) throw new Error(`no room for ${family}`);
    put(host, undefined, family, cpu, memoryMiB);
  }
  return placed;
}

function chosen(
  placement: Placement,
  fitting: readonly PlacedHost[],
  service: ServiceSpec,
  inZone: ReadonlyMap<string, number>,
  serial: number,
): PlacedHost | undefined {
  if (placement === 'binpack') return fullest(fitting);
  // Any order without a pattern will do, as long as it is the same each time.
  if (placement === 'random') return fitting[(serial * 7919) % Math.max(1, fitting.length)];
  return emptiest(fitting, service, inZone);
}

/** The provider that ECS would choose: bases first, then by weight. Undefined where one alone, or none, is named. */
function nextProvider(service: ServiceSpec, placed: readonly PlacedTask[]): string | undefined {
  const names = service.capacityProviders ?? [];
  if (names.length < 2) return undefined;
  const shares = names.map((name) => {
    const { weight = 1, base = 0 } = service.shares?.[name] ?? {};
    const count = placed.filter(
      (task) => task.service === service && task.host.capacityProvider === name,
    ).length;
    return { name, base, count, load: weight > 0 ? (count - base + 1) / weight : Number.POSITIVE_INFINITY };
  });
  const based = shares.find(({ base, count }) => count < base);
  return (based ?? shares.reduce((best, share) => (share.load < best.load ? share : best))).name;
}

function fits(host: PlacedHost, service: ServiceSpec, cpu: number, memoryMiB: number): boolean {
  if (host.cpu < cpu || host.memoryMiB < memoryMiB) return false;
  if (service.networkMode === 'awsvpc' && host.eniSlots < 1) return false;
  if (service.hostPort !== undefined && host.ports.has(service.hostPort)) return false;
  if (service.distinctInstance && host.ofService.has(service)) return false;
  const providers = service.capacityProviders ?? [];
  return (
    providers.length === 0 ||
    (host.capacityProvider !== undefined && providers.includes(host.capacityProvider))
  );
}

/** Zone with the fewest tasks of the service, then the host with the fewest, then the emptiest: ECS's default. */
function emptiest(
  fitting: readonly PlacedHost[],
  service: ServiceSpec,
  inZone: ReadonlyMap<string, number>,
): PlacedHost | undefined {
  return least(fitting, (host) => [
    inZone.get(host.zone) ?? 0,
    host.ofService.get(service) ?? 0,
    host.tasks.length,
    host.index,
  ]);
}

function fullest(fitting: readonly PlacedHost[]): PlacedHost | undefined {
  return least(fitting, (host) => [host.memoryMiB, host.index]);
}

function least(hosts: readonly PlacedHost[], rankOf: (host: PlacedHost) => number[]): PlacedHost | undefined {
  let found: { readonly host: PlacedHost; readonly rank: number[] } | undefined;
  for (const host of hosts) {
    const rank = rankOf(host);
    if (!found || compare(rank, found.rank) < 0) found = { host, rank };
  }
  return found?.host;
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
