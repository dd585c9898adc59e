/** What the services around a cluster tell: images and parameters, targets, scaling of services, alarms, ECR, quotas. */
import type { ImageDetail } from '@aws-sdk/client-ecr';
import { describeAlarms } from '../../functions/aws/alarms.ts';
import { present, unique } from '../../functions/aws/batches.ts';
import { describeContainerImage, digestReference } from '../../functions/aws/container-images.ts';
import { describeError, isBusy, isDenied, isNotFound } from '../../functions/aws/error-codes.ts';
import { targetGroupsOf } from '../../functions/aws/facts/services.ts';
import { describeImages } from '../../functions/aws/images.ts';
import { describeInstanceTypes } from '../../functions/aws/instance-types.ts';
import { readParameters } from '../../functions/aws/parameters.ts';
import { listVcpuQuotas } from '../../functions/aws/quotas.ts';
import { listScalableTargets, listServiceScalingPolicies } from '../../functions/aws/service-scaling.ts';
import { describeTargetGroups, readTargetGroupAttributes } from '../../functions/aws/target-groups.ts';
import { readTargetHealth } from '../../functions/aws/target-health.ts';
import { readParameterValue } from '../../functions/core/images/parameter.ts';
import { readImageSource } from '../../functions/core/images/source.ts';
import { settingsFromTags } from '../../functions/edge/settings-tags.ts';
import type { Capture } from '../../simulator/capture/capture.ts';
import type { Reading } from './read.ts';
import type { Compute } from './read-compute.ts';

export interface Known extends Compute {
  readonly ecs: Capture['ecs'];
  readonly region: string;
  readonly imageSources: readonly string[];
  readonly alarms: readonly string[];
}

export type Around = Pick<
  Capture,
  'ssm' | 'elasticLoadBalancingV2' | 'applicationAutoScaling' | 'cloudWatch' | 'ecr' | 'serviceQuotas'
> &
  Pick<Capture['ec2'], 'images' | 'instanceTypes'>;

export async function readAround(reading: Reading, known: Known): Promise<Around> {
  const { clients, progress } = reading;
  const settings = settingsInTags(known);
  progress.begin('images and parameters');
  const parameters = await readImageParameters(reading, known, settings);
  const images = await describeImages(
    clients.ec2,
    imageIds(known, settings, parameters).filter((id) => id.startsWith('ami-')),
  );
  const instanceTypes = await describeInstanceTypes(clients.ec2, typeNames(known));
  progress.begin('load balancers');
  const elasticLoadBalancingV2 = await readLoadBalancing(reading, known);
  progress.begin('scaling of services');
  const applicationAutoScaling = await readServiceScaling(reading, known.ecs);
  progress.begin('alarms');
  const alarms = await describeAlarms(
    clients.cloudWatch,
    alarmNames(known, applicationAutoScaling, settings.alarms),
  );
  progress.begin('container images and quotas');
  return {
    images,
    instanceTypes,
    ssm: { parameters },
    elasticLoadBalancingV2,
    applicationAutoScaling,
    cloudWatch: { alarms },
    ecr: { images: await readContainerImages(reading, known) },
    serviceQuotas: {
      quotas: (await orUnknown(reading, 'vCPU quotas', () => listVcpuQuotas(clients.serviceQuotas))) ?? [],
    },
  };
}

interface TagSettings {
  readonly imageSources: readonly string[];
  readonly alarms: readonly string[];
}

/** What tags of the cluster and its groups, and the caller, say that a capture must hold more for. */
function settingsInTags({ ecs, autoScaling, imageSources, alarms }: Known): TagSettings {
  const layers = [
    ...ecs.clusters.map(({ tags = [] }) =>
      settingsFromTags(
        Object.fromEntries(tags.map(({ key, value }) => [key ?? '', value ?? ''])),
        'cluster',
        '',
      ),
    ),
    ...autoScaling.autoScalingGroups.map(({ Tags = [] }) =>
      settingsFromTags(
        Object.fromEntries(Tags.map(({ Key, Value }) => [Key ?? '', Value ?? ''])),
        'group',
        '',
      ),
    ),
  ].map(({ layer }) => layer as { readonly imageSource?: unknown; readonly alarms?: readonly string[] });
  const sources = layers.flatMap(({ imageSource }) =>
    typeof imageSource === 'object' && imageSource !== null ? Object.values(imageSource) : [imageSource],
  );
  return {
    imageSources: unique([
      ...imageSources,
      ...sources.filter((source): source is string => typeof source === 'string'),
    ]),
    alarms: [...alarms, ...layers.flatMap(({ alarms = [] }) => alarms)],
  };
}

const RESOLVED = 'resolve:ssm:';

/** Image references of templates and overrides. */
function imageReferences({ autoScaling, ec2 }: Known): string[] {
  return present([
    ...ec2.launchTemplateVersions.map(({ LaunchTemplateData }) => LaunchTemplateData?.ImageId),
    ...autoScaling.autoScalingGroups
      .flatMap((group) => group.MixedInstancesPolicy?.LaunchTemplate?.Overrides ?? [])
      .map(({ ImageId }) => ImageId),
  ]);
}

async function readImageParameters(
  { clients: { ssm } }: Reading,
  known: Known,
  { imageSources }: TagSettings,
): Promise<Capture['ssm']['parameters']> {
  const named = imageSources.map((source) => {
    const read = readImageSource(source);
    return read?.kind === 'parameter' ? read.name : undefined;
  });
  const resolved = imageReferences(known)
    .filter((reference) => reference.startsWith(RESOLVED))
    .map((reference) => reference.slice(RESOLVED.length));
  const found = await readParameters(ssm, unique(present([...named, ...resolved])));
  return [...new Map([...found.values()].map((one) => [`${one.Name}${one.Selector ?? ''}`, one])).values()];
}

/** What hosts run, what groups launch, and what a rollover could be told to launch. */
function imageIds(
  known: Known,
  { imageSources }: TagSettings,
  parameters: Capture['ssm']['parameters'],
): string[] {
  const stored = parameters.map(({ Value = '' }) => readParameterValue(Value));
  return unique([
    ...present(known.ec2.instances.map(({ ImageId }) => ImageId)),
    ...imageReferences(known),
    ...imageSources,
    ...stored.flatMap((value) => ('imageId' in value ? value.imageId : [])),
  ]);
}

function typeNames({ autoScaling, ec2 }: Known): string[] {
  return unique(
    present([
      ...ec2.instances.map(({ InstanceType }) => InstanceType),
      ...ec2.launchTemplateVersions.map(({ LaunchTemplateData }) => LaunchTemplateData?.InstanceType),
      ...autoScaling.autoScalingGroups
        .flatMap((group) => group.MixedInstancesPolicy?.LaunchTemplate?.Overrides ?? [])
        .map(({ InstanceType }) => InstanceType),
    ]),
  );
}

async function readLoadBalancing(
  { clients: { elasticLoadBalancing: elb } }: Reading,
  { ecs, autoScaling }: Known,
): Promise<Capture['elasticLoadBalancingV2']> {
  const arns = unique([
    ...ecs.services.flatMap(targetGroupsOf),
    ...autoScaling.autoScalingGroups.flatMap(({ TargetGroupARNs = [] }) => TargetGroupARNs),
  ]);
  const targetGroups = await describeTargetGroups(elb, arns);
  const known = present(targetGroups.map(({ TargetGroupArn }) => TargetGroupArn));
  const attributes = await Promise.all(
    known.map(async (TargetGroupArn) => {
      const Attributes = await readTargetGroupAttributes(elb, TargetGroupArn);
      return Attributes && { TargetGroupArn, Attributes };
    }),
  );
  const health = await readTargetHealth(elb, known);
  return {
    targetGroups,
    targetGroupAttributes: present(attributes),
    targetHealth: [...health].map(([TargetGroupArn, targets]) => ({
      TargetGroupArn,
      TargetHealthDescriptions: [...targets],
    })),
  };
}

async function readServiceScaling(
  { clients: { applicationAutoScaling } }: Reading,
  { clusters, services }: Capture['ecs'],
): Promise<Capture['applicationAutoScaling']> {
  const cluster = clusters[0]?.clusterName ?? '';
  const ids = services.map(({ serviceName }) => `service/${cluster}/${serviceName}`);
  const scalableTargets = await listScalableTargets(applicationAutoScaling, ids);
  const scaled = unique(present(scalableTargets.map(({ ResourceId }) => ResourceId)));
  const policies = await Promise.all(
    scaled.map((id) => listServiceScalingPolicies(applicationAutoScaling, id)),
  );
  return { scalableTargets, scalingPolicies: policies.flat() };
}

/** Alarms that settings name, that deployments watch, and that scaling follows. */
function alarmNames(
  { ecs, autoScaling }: Known,
  { scalingPolicies }: Capture['applicationAutoScaling'],
  named: readonly string[],
): string[] {
  return unique(
    present([
      ...named,
      ...ecs.services.flatMap((one) => one.deploymentConfiguration?.alarms?.alarmNames ?? []),
      ...[...autoScaling.scalingPolicies, ...scalingPolicies]
        .flatMap(({ Alarms = [] }) => Alarms)
        .map(({ AlarmName }) => AlarmName),
    ]),
  );
}

/** The exact images that run. One that ECR does not have any more is left out, which a capture reads as unknown. */
async function readContainerImages(reading: Reading, { ecs, region }: Known): Promise<ImageDetail[]> {
  const references = unique(
    present(
      ecs.tasks
        .flatMap(({ containers = [] }) => containers)
        .map(({ image, imageDigest }) => digestReference(image, imageDigest)),
    ),
  );
  const found = await Promise.all(
    references.map((reference) =>
      orUnknown(reading, `container image ${reference}`, () =>
        describeContainerImage(reading.clients.ecr, reference, region),
      ),
    ),
  );
  return present(found);
}

/** For what a capture may be silent of: refused or gone is unknown, and said. */
async function orUnknown<T>(
  { notes }: Reading,
  what: string,
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isBusy(error) || !(isDenied(error) || isNotFound(error))) throw error;
    notes.push(`${what}: left out, the rehearsal takes it as unknown (${describeError(error)})`);
    return undefined;
  }
}
