/** What planning needs beside the facts of a tick: images, parameters, templates, quotas, digests; read once per run. */
import type { AutoScalingGroup } from '@aws-sdk/client-auto-scaling';
import type { ECRClient } from '@aws-sdk/client-ecr';
import type { Task } from '@aws-sdk/client-ecs';
import type { ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { Facts, GroupFacts } from '../../core/facts.ts';
import { readParameterValue } from '../../core/images/parameter.ts';
import { readImageSource } from '../../core/images/source.ts';
import type {
  ParameterFacts,
  PlanFacts,
  SharedTemplate,
  TemplateDetails,
} from '../../core/plan/plan-facts.ts';
import { listGroups } from '../auto-scaling-groups.ts';
import { present, unique } from '../batches.ts';
import { describeCapacityProviders, describeCluster, readTrunking } from '../clusters.ts';
import { checkDigests, digestReference } from '../container-images.ts';
import { describeImages } from '../images.ts';
import { describeInstanceTypes } from '../instance-types.ts';
import { describeTemplateVersions } from '../launch-templates.ts';
import { readParameters } from '../parameters.ts';
import { readVcpuQuotas } from '../quotas.ts';
import { readTargetHealth } from '../target-health.ts';
import { listWarmPoolInstances } from '../warm-pools.ts';
import { defined } from './defined.ts';
import { imageFacts, instanceTypeFacts } from './images.ts';
import type { FactClients, World } from './read-facts.ts';
import { serviceNameOf } from './tasks.ts';

export interface PlanClients extends FactClients {
  readonly ssm: SSMClient;
  readonly ecr: ECRClient;
  readonly serviceQuotas: ServiceQuotasClient;
}

/** What the ledger adds. */
export type PlanNotes = Pick<PlanFacts, 'quarantine' | 'pastRuns'>;

/** `sources`: every image source that settings or the request name. */
export async function readPlanFacts(
  clients: PlanClients,
  { facts, tasks, targets: known }: World,
  sources: readonly string[],
  notes: PlanNotes,
): Promise<PlanFacts> {
  const [, , , region = '', accountId = ''] = facts.clusterArn.split(':');
  const references = serviceDigests(tasks);
  const [parameters, templates, sharedTemplates, quotas, targets, digests, managed, warm, awsvpcTrunking] =
    await Promise.all([
      parameterFacts(clients.ssm, sources),
      templateDetails(clients, facts.groups),
      sharedWith(clients, facts.groups),
      readVcpuQuotas(clients.serviceQuotas),
      readTargetHealth(
        clients.elasticLoadBalancing,
        unique(facts.services.flatMap((service) => service.targetGroupArns)).filter((arn) => !known.has(arn)),
      ),
      checkDigests(clients.ecr, unique(Object.values(references).flat()), region),
      managedProviders(clients, facts),
      Promise.all(
        facts.groups
          .filter((group) => group.warmPool)
          .map((group) => listWarmPoolInstances(clients.autoScaling, group.autoScalingGroupName)),
      ),
      readTrunking(clients.ecs),
    ]);
  const [images, instanceTypes] = await Promise.all([
    describeImages(clients.ec2, imageIds(facts, sources, parameters)),
    describeInstanceTypes(
      clients.ec2,
      present([
        ...facts.hosts.map((host) => host.instanceType),
        ...facts.groups.flatMap((group) => group.templates.flatMap((use) => use.instanceTypes)),
      ]),
    ),
  ]);
  return defined({
    accountId,
    images: images.map(imageFacts),
    instanceTypes: instanceTypes.map(instanceTypeFacts),
    parameters,
    templates,
    sharedTemplates,
    quotas,
    targetGroups: [...known, ...targets].map(([targetGroupArn, list]) => ({
      targetGroupArn,
      registered: list.length,
    })),
    digests,
    serviceDigests: references,
    quarantine: notes.quarantine,
    pastRuns: notes.pastRuns,
    managedInstanceProviders: managed,
    warmPoolInstanceIds: warm.flat(),
    awsvpcTrunking,
  });
}

async function parameterFacts(ssm: SSMClient, sources: readonly string[]): Promise<ParameterFacts[]> {
  const names = unique(
    present(
      sources.map((source) => {
        const read = readImageSource(source);
        return read?.kind === 'parameter' ? read.name : undefined;
      }),
    ),
  );
  const found = await readParameters(ssm, names);
  return names.map((name) => {
    const parameter = found.get(name);
    return defined({
      name,
      value: parameter?.Value,
      version: parameter?.Version,
      lastModifiedMs: parameter?.LastModifiedDate?.getTime(),
      problem: parameter === undefined ? 'Systems Manager knows no such parameter here' : undefined,
    });
  });
}

/** Images that a source, a template or a running host names: the old ones too, since a rollback may need them. */
function imageIds(
  facts: Facts,
  sources: readonly string[],
  parameters: readonly ParameterFacts[],
): readonly string[] {
  const named = sources.map((source) => {
    const read = readImageSource(source);
    return read?.kind === 'image' ? read.imageId : undefined;
  });
  const stored = parameters.map(({ value }) => {
    const result = value === undefined ? undefined : readParameterValue(value);
    return result !== undefined && 'imageId' in result ? result.imageId : undefined;
  });
  return unique(
    present([
      ...named,
      ...stored,
      ...facts.hosts.map((host) => host.imageId),
      ...facts.groups.flatMap((group) => group.templates.map((use) => use.imageId)),
    ]),
  ).filter((id) => id.startsWith('ami-'));
}

async function templateDetails(
  { ec2 }: PlanClients,
  groups: readonly GroupFacts[],
): Promise<TemplateDetails[]> {
  const uses = new Map(
    groups
      .flatMap((group) => group.templates)
      .map((use) => [`${use.reference.launchTemplateId}:${use.resolvedVersion}`, use]),
  );
  const details = await Promise.all(
    [...uses.values()].map(async ({ reference: { launchTemplateId }, resolvedVersion }) => {
      const [[version], [latest], [byDefault]] = await Promise.all(
        [String(resolvedVersion), '$Latest', '$Default'].map((one) =>
          describeTemplateVersions(ec2, launchTemplateId, [one]),
        ),
      ).then((lists) => [lists[0] ?? [], lists[1] ?? [], lists[2] ?? []] as const);
      if (version === undefined || latest === undefined || byDefault === undefined) return undefined;
      const data = version.LaunchTemplateData;
      const newest = latest.LaunchTemplateData?.ImageId;
      return defined({
        launchTemplateId,
        version: resolvedVersion,
        latestVersion: latest.VersionNumber ?? resolvedVersion,
        defaultVersion: byDefault.VersionNumber ?? resolvedVersion,
        blockDevices: (data?.BlockDeviceMappings ?? []).map(({ DeviceName, Ebs }) =>
          defined({ deviceName: DeviceName ?? '', sizeGiB: Ebs?.VolumeSize }),
        ),
        metadataHopLimit: data?.MetadataOptions?.HttpPutResponseHopLimit,
        metadataTokens: data?.MetadataOptions?.HttpTokens,
        latestImageReference: newest === data?.ImageId ? undefined : newest,
      });
    }),
  );
  return present(details);
}

/** Groups outside the cluster that launch from one of our templates: moving `$Latest` would move them too. */
async function sharedWith(
  { autoScaling }: PlanClients,
  groups: readonly GroupFacts[],
): Promise<SharedTemplate[]> {
  const ours = new Set(groups.map((group) => group.autoScalingGroupName));
  const templates = new Set(
    groups.flatMap((one) => one.templates.map((use) => use.reference.launchTemplateId)),
  );
  if (templates.size === 0) return [];
  const others = (await listGroups(autoScaling)).filter(
    (group) => !ours.has(group.AutoScalingGroupName ?? ''),
  );
  return others.flatMap((group) =>
    specificationsOf(group)
      .filter(({ LaunchTemplateId }) => templates.has(LaunchTemplateId ?? ''))
      .map(({ LaunchTemplateId, Version }) => ({
        launchTemplateId: LaunchTemplateId ?? '',
        autoScalingGroupName: group.AutoScalingGroupName ?? '',
        version: Version ?? '$Default',
      })),
  );
}

function specificationsOf(group: AutoScalingGroup) {
  const policy = group.MixedInstancesPolicy?.LaunchTemplate;
  return present([
    group.LaunchTemplate,
    policy?.LaunchTemplateSpecification,
    ...(policy?.Overrides ?? []).map((override) => override.LaunchTemplateSpecification),
  ]);
}

async function managedProviders({ ecs }: PlanClients, facts: Facts): Promise<string[]> {
  const cluster = await describeCluster(ecs, facts.clusterName);
  const providers = await describeCapacityProviders(ecs, cluster?.capacityProviders ?? []);
  return present(
    providers.map((provider) =>
      provider.managedInstancesProvider === undefined ? undefined : provider.name,
    ),
  );
}

/** Per service, the exact images of its running containers that are kept in ECR. */
function serviceDigests(tasks: readonly Task[]): Readonly<Record<string, readonly string[]>> {
  const byService = new Map<string, Set<string>>();
  for (const task of tasks) {
    const serviceName = serviceNameOf(task);
    if (serviceName === undefined) continue;
    const references = byService.get(serviceName) ?? new Set<string>();
    byService.set(serviceName, references);
    for (const { image, imageDigest } of task.containers ?? []) {
      const reference = digestReference(image, imageDigest);
      if (reference !== undefined) references.add(reference);
    }
  }
  return Object.fromEntries([...byService].map(([name, references]) => [name, [...references]]));
}
