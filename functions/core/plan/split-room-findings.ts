/** Whose next task ECS would send to a capacity provider whose hosts can never hold it: a drain would wait for ever. */
import type { HostFacts, ServiceFacts } from '../facts.ts';
import { type Demand, demandOf, Room, type RoomHost, roomHost } from '../placement.ts';
import type { Finding } from '../plan.ts';
import { type Choosing, choose, type ProviderCounts, spans, waysOfChoosing, without } from '../providers.ts';
import type { PlanContext } from './context.ts';
import { withDaemons } from './new-hosts.ts';
import type { Replacement } from './placement-findings.ts';
import { countsByProvider } from './split-findings.ts';

/** One way of choosing, and a provider that overflows in it. */
interface Overflow {
  readonly provider: string;
  readonly asked: number;
  readonly holds: number;
}

/**
 * Told only where it is certain: in every way in which ECS may choose, a provider is asked for more tasks of the service than
 * its hosts hold when nothing but daemons is on them. A task waits for the provider that ECS chose, even where another has room
 * (containers roadmap, issue 1859). Each host is asked in turn; what is told stays where it is.
 */
export function splitRoomFindings(replacements: readonly Replacement[], context: PlanContext): Finding[] {
  return context.facts.services.flatMap((service) => {
    const definition = context.definitions.get(service.taskDefinitionArn);
    if (!spans(service.strategy) || service.schedulingStrategy !== 'REPLICA' || definition === undefined)
      return [];
    const demand = demandOf(service, definition, context.facts.subnetZones);
    return findingsOf(service, roomByProvider(service, demand, replacements, context), replacements, context);
  });
}

function findingsOf(
  service: ServiceFacts,
  holds: ReadonlyMap<string, number>,
  replacements: readonly Replacement[],
  context: PlanContext,
): Finding[] {
  const { serviceName, strategy } = service;
  const providers = new Map(context.facts.hosts.map((host) => [host.instanceId, host.capacityProviderName]));
  const before = countsByProvider(context.facts.tasks, serviceName, (id) => providers.get(id));
  let ways: readonly Choosing[] = waysOfChoosing(strategy, before, new Map());
  return replacements.flatMap(({ host }) => {
    const tasks = (context.tasksByHost.get(host.instanceId) ?? []).filter(
      (task) => task.serviceName === serviceName,
    ).length;
    if (tasks === 0) return [];
    const moved = ways.map((way) => afterMove(strategy, way, host.capacityProviderName, tasks));
    const overflows = moved.map((after, at) => overflowIn(after, ways[at]?.counts ?? before, holds));
    const [first] = overflows;
    if (first === undefined || overflows.includes(undefined)) {
      ways = moved;
      return [];
    }
    return [finding(service, host, first)];
  });
}

/** Counts once the host is gone: a drain that still counted its tasks has ended by then. */
function afterMove(
  strategy: ServiceFacts['strategy'],
  way: Choosing,
  provider: string | undefined,
  tasks: number,
): Choosing {
  const { after } = choose(strategy, without(way, provider, tasks), tasks);
  if (!after.countsLeaving) return after;
  return { ...without({ ...after, countsLeaving: false }, provider, tasks), countsLeaving: true };
}

function overflowIn(
  { counts }: Choosing,
  before: ProviderCounts,
  holds: ReadonlyMap<string, number>,
): Overflow | undefined {
  for (const [provider, asked] of counts) {
    const most = holds.get(provider);
    if (most !== undefined && asked > most && asked > (before.get(provider) ?? 0))
      return { provider, asked, holds: most };
  }
  return undefined;
}

/** Tasks of the service that each provider's hosts hold when all are replaced; absent where nobody knows, or it may grow. */
function roomByProvider(
  service: ServiceFacts,
  demand: Demand,
  replacements: readonly Replacement[],
  context: PlanContext,
): ReadonlyMap<string, number> {
  const { facts } = context;
  const replaced = new Set(replacements.map(({ host }) => host.instanceId));
  const rooms = new Map<string, number>();
  for (const { capacityProvider: name } of service.strategy) {
    const groups = facts.groups.filter((group) => group.capacityProviderName === name);
    const mayGrow = groups.some(
      ({ managedScaling, maxSize, desiredCapacity }) => managedScaling && maxSize > desiredCapacity,
    );
    const own = replacements.filter(({ host }) => host.capacityProviderName === name);
    const isKnown = groups.length > 0 && own.every(({ newHost }) => newHost !== undefined);
    if (!isKnown || mayGrow) continue;
    const hosts = [
      ...own.flatMap(({ newHost }) => (newHost === undefined ? [] : [withDaemons(newHost, context)])),
      ...facts.hosts
        .filter((host) => host.capacityProviderName === name && !replaced.has(host.instanceId))
        .flatMap(whenEmpty),
    ];
    const wanted = service.desiredCount;
    const unplaced = new Room(hosts).place({ ...demand, capacityProviders: [name] }, wanted);
    // All of them fit: more than are wanted are never asked for.
    if (unplaced > 0) rooms.set(name, wanted - unplaced);
  }
  return rooms;
}

function whenEmpty(host: HostFacts): RoomHost[] {
  const { registered } = host;
  const room = registered && roomHost({ ...host, remaining: registered }, new Set());
  return room === undefined ? [] : [room];
}

function finding(service: ServiceFacts, host: HostFacts, { provider, asked, holds }: Overflow): Finding {
  const share = service.strategy.find(({ capacityProvider }) => capacityProvider === provider);
  const { base = 0, weight = 0 } = share ?? {};
  return {
    severity: 'blocks',
    scope: 'host',
    code: 'provider-split-has-no-room',
    instanceId: host.instanceId,
    ...(host.autoScalingGroupName !== undefined && { autoScalingGroupName: host.autoScalingGroupName }),
    service: service.serviceName,
    field: 'capacityProviderStrategy',
    message: `with base ${base} and weight ${weight} ECS would start tasks of ${service.serviceName} for ${provider} until ${asked} are there, whose hosts hold ${holds}: what leaves ${host.instanceId} would find no room, whatever another provider has`,
    remedy: `raise the desired capacity of ${provider}’s group, or lower its base or weight in the strategy of ${service.serviceName}`,
  };
}
