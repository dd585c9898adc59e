/**
 * Whom a group gives up when it must shrink: zone balance first, then the termination policies.
 * Source: Amazon EC2 Auto Scaling user guide, ec2-auto-scaling-termination-policies.
 */
import type { RandomStream } from '../kernel/random.ts';
import { type Group, isCounted, type Member, zoneCounts } from './group.ts';

const HOUR_MS = 3_600_000;

export interface Victims {
  readonly members: readonly Member[];
  /** Members in service that only their protection kept. */
  readonly protectedCount: number;
}

/** Members to terminate until at least `capacity` less is left, or none that may go. */
export function victimsOf(
  group: Group,
  capacity: number,
  random: RandomStream,
  nowMs: number,
  spared: ReadonlySet<string> = new Set(),
): Victims {
  const inService = [...group.members.values()].filter((member) => member.lifecycleState === 'InService');
  const free = inService.filter((member) => !member.protectedFromScaleIn && !spared.has(member.instanceId));
  const order = policyOrder(group, random, nowMs);
  const byZone = new Map<string, Member[]>();
  for (const member of free) {
    const inZone = byZone.get(member.zone);
    if (inZone) inZone.push(member);
    else byZone.set(member.zone, [member]);
  }
  // Best victim last, so that taking one is a pop.
  for (const members of byZone.values()) members.sort((a, b) => order(b, a));

  const counts = zoneCounts(group);
  const chosen: Member[] = [];
  let left = capacity;
  while (left > 0) {
    const zone = fullest(counts, byZone);
    const victim = zone === undefined ? undefined : byZone.get(zone)?.pop();
    if (zone === undefined || !victim || victim.weight > left) break;
    counts.set(zone, (counts.get(zone) ?? 0) - 1);
    chosen.push(victim);
    left -= victim.weight;
  }
  const kept = inService.filter((member) => member.protectedFromScaleIn).length;
  return { members: chosen, protectedCount: left > 0 ? kept : 0 };
}

function fullest(
  counts: ReadonlyMap<string, number>,
  byZone: ReadonlyMap<string, Member[]>,
): string | undefined {
  let most = -1;
  let found: string | undefined;
  for (const [zone, members] of byZone) {
    const count = counts.get(zone) ?? 0;
    if (members.length > 0 && count > most) {
      most = count;
      found = zone;
    }
  }
  return found;
}

/** Negative when the first is to go before the second. Unhealthy members bypass every policy. */
function policyOrder(group: Group, random: RandomStream, nowMs: number): (a: Member, b: Member) => number {
  const lots = new Map([...group.members.keys()].map((id) => [id, random.next()]));
  const lot = (member: Member) => lots.get(member.instanceId) ?? 0;
  const toNextHour = (member: Member) => HOUR_MS - ((nowMs - member.launchedAtMs) % HOUR_MS);
  const template = (member: Member) => Number(member.launchTemplate?.Version ?? -1);
  const surplus = surplusMarket(group);
  const inSurplus = (member: Member) =>
    surplus !== undefined && member.spot === (surplus === 'spot') ? 0 : 1;
  const keys = (policy: string): ((member: Member) => number)[] => {
    switch (policy) {
      case 'OldestInstance':
        return [(member) => member.launchedAtMs];
      case 'NewestInstance':
        return [(member) => -member.launchedAtMs];
      case 'OldestLaunchTemplate':
      case 'OldestLaunchConfiguration':
        return [template];
      case 'ClosestToNextInstanceHour':
        return [toNextHour];
      case 'AllocationStrategy':
        return [inSurplus];
      default:
        return [inSurplus, template, toNextHour];
    }
  };
  const policies = group.base.TerminationPolicies?.length ? group.base.TerminationPolicies : ['Default'];
  const order = [
    (member: Member) => (member.healthStatus === 'Unhealthy' ? 0 : 1),
    ...policies.flatMap(keys),
    lot,
  ];
  return (a, b) => {
    for (const key of order) {
      const difference = key(a) - key(b);
      if (difference !== 0) return difference;
    }
    return 0;
  };
}

/** Of which market a mixed group has more than its distribution asks for: that one goes first. */
function surplusMarket(group: Group): 'spot' | 'on-demand' | undefined {
  const distribution = group.source.MixedInstancesPolicy?.InstancesDistribution;
  const { OnDemandBaseCapacity: base = 0, OnDemandPercentageAboveBaseCapacity: percentage = 100 } =
    distribution ?? {};
  if (!distribution || percentage >= 100) return undefined;
  let onDemand = 0;
  for (const member of group.members.values())
    if (isCounted(member) && !member.spot) onDemand += member.weight;
  const wanted = base + Math.ceil((Math.max(0, group.desiredCapacity - base) * percentage) / 100);
  return onDemand > wanted ? 'on-demand' : 'spot';
}
