/** How many new hosts may stand beside the old: what settings ask for, and what size, quota and addresses allow. */
import type { GroupFacts, HostFacts } from '../facts.ts';
import type { Finding } from '../plan.ts';
import type { Amount } from '../settings.ts';
import { groupSettings, type PlanContext } from './context.ts';

/** A group's surge, and what was found on the way. 0: nothing can be launched, so nothing may be drained. */
export interface Surge {
  readonly surge: number;
  readonly findings: readonly Finding[];
}

/** vCPUs that earlier groups of this plan have spoken for, by quota code. */
export type SpokenFor = Map<string, number>;

/** A limit on the surge, and the words for it. */
interface Limit {
  readonly hosts: number;
  readonly code: string;
  readonly field: string;
  readonly message: string;
  readonly remedy: string;
}

export function surgeOf(
  group: GroupFacts,
  outdated: readonly HostFacts[],
  context: PlanContext,
  spokenFor: SpokenFor,
): Surge {
  if (outdated.length === 0) return { surge: 0, findings: [] };
  const { surge, surgeMaxInstances, raiseMaxSize } = groupSettings(context, group.autoScalingGroupName);
  const wanted = Math.min(amountOf(surge, group.desiredCapacity), surgeMaxInstances, outdated.length);
  const quota = quotaLimit(group, outdated, context, spokenFor);
  const limits = [
    ...(raiseMaxSize ? [] : [maxSizeLimit(group)]),
    ...(quota.limit === undefined ? [] : [quota.limit]),
    ...addressLimit(group, context),
  ].filter(({ hosts }) => hosts < wanted);

  const allowed = Math.max(0, Math.min(wanted, ...limits.map(({ hosts }) => hosts)));
  quota.take(allowed);
  const findings = limits.map(({ hosts, code, field, message, remedy }): Finding => {
    const isNone = hosts <= 0;
    return {
      severity: isNone ? 'blocks' : 'note',
      scope: 'group',
      code,
      autoScalingGroupName: group.autoScalingGroupName,
      field,
      message: `${group.autoScalingGroupName}: ${message}, so ${isNone ? 'no new host can be launched' : `at most ${hosts} new hosts stand beside the old, not ${wanted}`}`,
      remedy,
    };
  });
  return { surge: allowed, findings: [...findings, ...quota.notes] };
}

/** A share of the group, rounded up, or a number; at least 1. */
export function amountOf(amount: Amount, hosts: number): number {
  return Math.max(1, 'percent' in amount ? Math.ceil((hosts * amount.percent) / 100) : amount.count);
}

function maxSizeLimit(group: GroupFacts): Limit {
  return {
    hosts: group.maxSize - group.desiredCapacity,
    code: 'max-size',
    field: 'MaxSize',
    message: `MaxSize is ${group.maxSize} with ${group.desiredCapacity} desired, and raiseMaxSize is false`,
    remedy: 'raise MaxSize, or allow raiseMaxSize',
  };
}

/** `m5.large` counts to the quota of `m`, `vt1.3xlarge` to that of `vt` (Amazon EC2 user guide, On-Demand quotas). */
function quotaLimit(
  group: GroupFacts,
  outdated: readonly HostFacts[],
  context: PlanContext,
  spokenFor: SpokenFor,
): { readonly limit?: Limit; readonly notes: readonly Finding[]; readonly take: (hosts: number) => void } {
  const instanceType = outdated[0]?.instanceType ?? group.templates[0]?.instanceTypes[0] ?? '';
  const family = /^[a-z]+/.exec(instanceType)?.[0] ?? '';
  const vcpus = context.instanceTypes.get(instanceType)?.vcpus;
  const quota = context.planFacts.quotas?.find(
    ({ families, purchase }) => purchase === 'on-demand' && families.includes(family),
  );
  if (quota === undefined || vcpus === undefined || vcpus === 0) {
    return { notes: [unknownQuota(group, instanceType)], take: () => undefined };
  }
  const inUse = quota.inUse ?? ownVcpus(quota.families, context);
  const left = quota.limit - inUse - (spokenFor.get(quota.quotaCode) ?? 0);
  return {
    limit: {
      hosts: Math.floor(left / vcpus),
      code: 'vcpu-quota',
      field: `ServiceQuotas ${quota.quotaCode}`,
      message: `the quota of ${quota.limit} vCPUs for ${family} instances has ${Math.max(0, left)} left, and ${instanceType} takes ${vcpus}`,
      remedy: `ask for a higher quota ${quota.quotaCode}`,
    },
    notes: [],
    take: (hosts) => spokenFor.set(quota.quotaCode, (spokenFor.get(quota.quotaCode) ?? 0) + hosts * vcpus),
  };
}

function unknownQuota(group: GroupFacts, instanceType: string): Finding {
  return {
    severity: 'note',
    scope: 'group',
    code: 'vcpu-quota-unknown',
    autoScalingGroupName: group.autoScalingGroupName,
    field: 'ServiceQuotas',
    message: `${group.autoScalingGroupName}: the vCPU quota for ${instanceType || 'its instances'} is not known, so it is not checked`,
    remedy: 'let this role call servicequotas:ListServiceQuotas',
  };
}

function ownVcpus(families: readonly string[], { facts, instanceTypes }: PlanContext): number {
  return facts.hosts
    .filter(({ ec2State }) => ec2State === undefined || ec2State === 'pending' || ec2State === 'running')
    .filter(({ instanceType = '' }) => families.includes(/^[a-z]+/.exec(instanceType)?.[0] ?? ''))
    .reduce((sum, { instanceType = '' }) => sum + (instanceTypes.get(instanceType)?.vcpus ?? 0), 0);
}

/** Each host takes an address for its own network interface. A subnet whose addresses are unknown is no limit. */
function addressLimit(group: GroupFacts, { facts }: PlanContext): Limit[] {
  const free = group.subnetIds.map((subnetId) => facts.freeAddresses[subnetId]);
  if (free.length === 0 || free.some((count) => count === undefined)) return [];
  const total = free.reduce<number>((sum, count) => sum + (count ?? 0), 0);
  return [
    {
      hosts: total,
      code: 'free-addresses',
      field: 'VPCZoneIdentifier',
      message: `its subnets ${group.subnetIds.join(', ')} have ${total} free addresses`,
      remedy: 'add a subnet, or free addresses',
    },
  ];
}
