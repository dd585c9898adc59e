/** Which hosts and groups are ours to roll, and why the others are not. */
import type { GroupFacts, HostFacts } from '../facts.ts';
import type { Exemption, Finding, GroupTarget } from '../plan.ts';
import { groupSettings, type PlanContext } from './context.ts';
import { taggedExemption } from './exempted.ts';

const GOING = ['Terminating', 'Terminated', 'Detaching', 'Detached'];

/** Why a host is not ours to replace; undefined when it is. */
export function exemption(
  host: HostFacts,
  context: PlanContext,
): Pick<Exemption, 'reason' | 'untilMs'> | undefined {
  const reason = whyNotOurs(host, context);
  return reason === undefined ? taggedExemption(host, context.nowMs) : { reason };
}

/** Who replaces the host in our place; undefined: nobody but us. */
export function patchedElsewhere(host: HostFacts, context: PlanContext): string | undefined {
  const { planFacts, facts } = context;
  const provider = host.capacityProviderName;
  if (provider !== undefined && planFacts.managedInstanceProviders.includes(provider)) {
    return `ECS Managed Instances (${provider}): ECS patches and replaces it itself`;
  }
  const group = context.groups.get(host.autoScalingGroupName ?? '');
  return group === undefined ? undefined : ownerOf(group, facts.clusterName);
}

function whyNotOurs(host: HostFacts, context: PlanContext): string | undefined {
  const { planFacts } = context;
  if (host.instanceId.startsWith('mi-') || 'ecs.capability.external' in host.attributes) {
    return 'ECS Anywhere: the host is not an EC2 instance of this account';
  }
  const provider = host.capacityProviderName;
  if (provider !== undefined && planFacts.managedInstanceProviders.includes(provider)) {
    return patchedElsewhere(host, context);
  }
  const lifecycle = host.lifecycleState ?? '';
  if (planFacts.warmPoolInstanceIds.includes(host.instanceId) || lifecycle.startsWith('Warmed:')) {
    return 'it waits in a warm pool and is not in service';
  }
  if (host.ec2State === 'shutting-down' || host.ec2State === 'terminated' || isGoing(lifecycle)) {
    return `it is on its way out already (${lifecycle || host.ec2State})`;
  }
  const name = host.autoScalingGroupName;
  const group = name === undefined ? undefined : context.groups.get(name);
  if (group === undefined) return 'it belongs to no Auto Scaling group, so nothing would replace it';
  const owner = patchedElsewhere(host, context);
  if (owner !== undefined) return owner;
  if (lifecycle === 'Standby' || lifecycle === 'EnteringStandby') {
    return 'somebody put it into Standby; it is left alone until it is back in service';
  }
  if (host.status === 'DRAINING' && !isOurDrain(host, context)) {
    return 'somebody else set it to DRAINING; it is theirs to finish';
  }
  if (host.containerInstanceArn === undefined && !isJoining(host, context)) {
    return 'it is not registered with the cluster, so nobody can see whether it is empty';
  }
  if (host.imageId === undefined && host.attributes['ecs.ami-id'] === undefined) {
    return 'EC2 does not say which image it runs';
  }
  return undefined;
}

/** Who else manages a group; undefined: nobody. Such a group is never touched. */
export function ownerOf(group: GroupFacts, clusterName: string): string | undefined {
  const { autoScalingGroupName: name, operator, tags } = group;
  if (operator !== undefined)
    return `${name} is managed by ${operator} (Operator), which alone may change it`;
  if (Object.keys(tags).some((tag) => tag.startsWith('elasticbeanstalk:'))) {
    return `${name} belongs to AWS Elastic Beanstalk, which replaces its hosts itself`;
  }
  if ('AWSBatchServiceTag' in tags || /^AWSBatch-|_Batch_[0-9a-f-]{36}$/.test(clusterName)) {
    return `${name} belongs to AWS Batch, which replaces its hosts itself`;
  }
  return undefined;
}

/** What has to change before this group can be rolled at all: each finding keeps all its hosts out. */
export function groupProblems(
  group: GroupFacts,
  target: GroupTarget | undefined,
  context: PlanContext,
): Finding[] {
  const name = group.autoScalingGroupName;
  const refused = (code: string, field: string, message: string, remedy: string): Finding => ({
    severity: 'blocks',
    scope: 'group',
    code,
    autoScalingGroupName: name,
    field,
    message: `${name} ${message}`,
    remedy,
  });
  const findings: Finding[] = [];
  if (group.launchConfigurationName !== undefined) {
    findings.push(
      refused(
        'launch-configuration',
        'LaunchConfigurationName',
        `launches from the launch configuration ${group.launchConfigurationName}, which cannot have versions`,
        'move the group to a launch template',
      ),
    );
  } else if (group.templates.length === 0) {
    findings.push(
      refused(
        'launch-template-missing',
        'LaunchTemplate',
        'names no launch template that can be read',
        'give the group a launch template that exists, and let this role read it',
      ),
    );
  }
  if (group.attributeBased) {
    findings.push(
      refused(
        'attribute-based',
        'MixedInstancesPolicy.LaunchTemplate.Overrides[].InstanceRequirements',
        'chooses instance types by attributes, so nobody can say what its new hosts offer',
        'name instance types instead of InstanceRequirements',
      ),
    );
  }
  if (group.weighted) {
    findings.push(
      refused(
        'weighted',
        'MixedInstancesPolicy.LaunchTemplate.Overrides[].WeightedCapacity',
        'counts capacity in weights, so its sizes are not numbers of hosts',
        'remove the weights',
      ),
    );
  }
  if (group.instanceRefreshInProgress) {
    findings.push(
      refused(
        'instance-refresh',
        'InstanceRefreshes',
        'has an instance refresh in progress, which replaces the same hosts without draining them',
        'let the instance refresh end, or cancel it',
      ),
    );
  }
  const stopped = group.suspendedProcesses.filter((process) => ['Launch', 'Terminate'].includes(process));
  if (stopped.length > 0) {
    findings.push(
      refused(
        'suspended-processes',
        'SuspendedProcesses',
        `has ${stopped.join(' and ')} suspended, so hosts cannot be replaced`,
        `resume ${stopped.join(' and ')}`,
      ),
    );
  }
  if (group.status !== undefined) {
    findings.push(
      refused(
        'group-status',
        'Status',
        `is being deleted (${group.status})`,
        'leave the group to its deletion',
      ),
    );
  }
  if (group.warmPool) findings.push(warmPoolFinding(context, refused));
  findings.push(...sharedTemplateProblems(group, target, context, refused));
  return findings;
}

/** What waits in a pool has the old image and would come into service with it. */
function warmPoolFinding(
  { planFacts }: PlanContext,
  refused: (code: string, field: string, message: string, remedy: string) => Finding,
): Finding {
  const field = 'WarmPoolConfiguration';
  if (planFacts.refusesWarmPools === true) {
    const message = 'has a warm pool, and the deployment leaves such groups alone (guardrail warmPools)';
    return refused('warm-pool', field, message, 'delete the warm pool for the length of the run');
  }
  return {
    ...refused(
      'warm-pool',
      field,
      'has a warm pool: it is deleted for the length of the run, since what waits there has the old image, and put back at the end',
      'nothing; while the run lasts new hosts boot from the beginning',
    ),
    severity: 'note',
  };
}

/**
 * Our version would be the newest, so a group of somebody else on `$Latest` would launch it: one outside the cluster, or
 * one of it that another service manages. The same for `$Default` where the end of the run would move it.
 */
function sharedTemplateProblems(
  group: GroupFacts,
  target: GroupTarget | undefined,
  { planFacts, facts }: PlanContext,
  refused: (code: string, field: string, message: string, remedy: string) => Finding,
): Finding[] {
  const { autoScalingGroupName: name } = group;
  const ids = new Set(group.templates.map(({ reference }) => reference.launchTemplateId));
  const others = facts.groups.filter((other) => ownerOf(other, facts.clusterName) !== undefined);
  const shared = [
    ...planFacts.sharedTemplates,
    ...others.flatMap(({ autoScalingGroupName, templates }) =>
      templates.map(({ reference }) => ({ ...reference, autoScalingGroupName })),
    ),
  ];
  const defaults = movedDefaults(target);
  const latest = shared
    .filter(({ launchTemplateId, version }) => ids.has(launchTemplateId) && version === '$Latest')
    .map(({ launchTemplateId, autoScalingGroupName: other }) =>
      refused(
        'shared-template',
        'LaunchTemplate.Version',
        `launches from ${launchTemplateId}, which ${other} follows on $Latest: a new version would be launched there too`,
        `give ${other} a version number or $Default, or a template of its own`,
      ),
    );
  const byDefault = shared
    .filter(({ launchTemplateId, version }) => defaults.has(launchTemplateId) && version === '$Default')
    .map(({ launchTemplateId, autoScalingGroupName: other }) =>
      refused(
        'shared-template',
        'LaunchTemplate.Version',
        `follows $Default of ${launchTemplateId}, as ${other} does: moving it would change what is launched there too`,
        `give ${name} or ${other} a version number, or a template of its own`,
      ),
    );
  return [...latest, ...byDefault];
}

/** Templates whose default a run would move in the end: followed there, and not at the target by themselves. */
function movedDefaults(target: GroupTarget | undefined): ReadonlySet<string> {
  return new Set(
    (target?.images ?? [])
      .filter(({ use, image }) => use.reference.version === '$Default' && use.imageId !== image.imageId)
      .map(({ use }) => use.reference.launchTemplateId),
  );
}

function isGoing(lifecycle: string): boolean {
  return GOING.some((state) => lifecycle.startsWith(state));
}

function isOurDrain(host: HostFacts, { facts }: PlanContext): boolean {
  return facts.memory.hosts.some(
    ({ instanceId, drainingSinceMs }) => instanceId === host.instanceId && drainingSinceMs !== undefined,
  );
}

/** Young enough that it may still register. */
function isJoining(host: HostFacts, context: PlanContext): boolean {
  const { launchTimeMs, autoScalingGroupName = '' } = host;
  const { registrationTimeoutSeconds } = groupSettings(context, autoScalingGroupName);
  return launchTimeMs !== undefined && context.nowMs - launchTimeMs < registrationTimeoutSeconds * 1000;
}
