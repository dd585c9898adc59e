/**
 * A cluster as an operator has it, made through the emulator's own API with ordinary SDK clients: images, a launch template,
 * an Auto Scaling group, a capacity provider, a service and a daemon.
 */
import {
  AutoScalingClient,
  CreateAutoScalingGroupCommand,
  DescribeAutoScalingGroupsCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  CreateLaunchTemplateCommand,
  CreateLaunchTemplateVersionCommand,
  DescribeImagesCommand,
  DescribeSubnetsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  CreateCapacityProviderCommand,
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';

import { settle } from './agents-and-scheduler.ts';

export const CLUSTER = 'prod';
export const GROUP = 'prod-hosts';
export const TEMPLATE = 'prod-hosts';
export const INSTANCE_TYPE = 'm5.large';
const ECS_INSTANCE_ROLE = 'ecsInstanceRole';

export interface Clients {
  readonly ecs: ECSClient;
  readonly autoScaling: AutoScalingClient;
  readonly ec2: EC2Client;
}

export interface World {
  readonly oldImage: string;
  readonly newImage: string;
}

/** Hosts, and copies of the service `web`. */
export interface Size {
  readonly hosts: number;
  readonly tasks: number;
}

export function makeClients(): Clients {
  return { ecs: new ECSClient({}), autoScaling: new AutoScalingClient({}), ec2: new EC2Client({}) };
}

export async function makeCluster(clients: Clients, { hosts, tasks }: Size): Promise<World> {
  const { ecs, autoScaling, ec2 } = clients;
  const [oldImage, newImage] = await images(ec2);
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
  // One zone: a group of the emulator launches all of its hosts in its first subnet, however many it has.
  const subnet = Subnets[0]?.SubnetId;
  await ec2.send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: TEMPLATE,
      LaunchTemplateData: {
        ImageId: oldImage,
        InstanceType: INSTANCE_TYPE,
        IamInstanceProfile: { Name: ECS_INSTANCE_ROLE },
        UserData: Buffer.from(`#!/bin/bash\necho ECS_CLUSTER=${CLUSTER} >> /etc/ecs/ecs.config\n`).toString(
          'base64',
        ),
      },
    }),
  );
  await autoScaling.send(
    new CreateAutoScalingGroupCommand({
      AutoScalingGroupName: GROUP,
      MinSize: hosts,
      MaxSize: hosts * 2,
      DesiredCapacity: hosts,
      VPCZoneIdentifier: subnet,
      LaunchTemplate: { LaunchTemplateName: TEMPLATE, Version: '$Latest' },
    }),
  );
  const group = await groupNow(autoScaling);
  await ecs.send(
    new CreateCapacityProviderCommand({
      name: GROUP,
      autoScalingGroupProvider: {
        autoScalingGroupArn: group.AutoScalingGroupARN ?? '',
        managedScaling: { status: 'ENABLED', targetCapacity: 100 },
        managedTerminationProtection: 'DISABLED',
        managedDraining: 'DISABLED',
      },
    }),
  );
  await ecs.send(
    new CreateClusterCommand({
      clusterName: CLUSTER,
      capacityProviders: [GROUP],
      tags: [{ key: 'rollover:enabled', value: 'true' }],
    }),
  );
  await makeService(ecs, 'web', tasks);
  await makeService(ecs, 'logs', hosts, 'DAEMON');
  await settle(clients);
  return { oldImage, newImage };
}

/** What the owner of the template does: a new version with this image. */
export async function useImage({ ec2 }: Clients, imageId: string): Promise<void> {
  await ec2.send(
    new CreateLaunchTemplateVersionCommand({
      LaunchTemplateName: TEMPLATE,
      SourceVersion: '$Latest',
      LaunchTemplateData: { ImageId: imageId },
    }),
  );
}

export async function groupNow(autoScaling: AutoScalingClient) {
  const { AutoScalingGroups = [] } = await autoScaling.send(
    new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [GROUP] }),
  );
  const [group] = AutoScalingGroups;
  if (group === undefined) throw new Error(`there is no group ${GROUP}`);
  return group;
}

/** Two that the emulator has, the older one first; those that somebody registers or copies there boot on no type. */
async function images(ec2: EC2Client): Promise<[string, string]> {
  const { Images = [] } = await ec2.send(
    new DescribeImagesCommand({
      Owners: ['amazon'],
      Filters: [
        { Name: 'architecture', Values: ['x86_64'] },
        { Name: 'virtualization-type', Values: ['hvm'] },
        { Name: 'root-device-type', Values: ['ebs'] },
      ],
    }),
  );
  const [older, newer] = Images.filter((image) => image.Platform === undefined)
    .sort((a, b) => (a.CreationDate ?? '').localeCompare(b.CreationDate ?? ''))
    .map((image) => image.ImageId);
  if (older === undefined || newer === undefined) throw new Error('the emulator has too few images');
  return [older, newer];
}

async function makeService(
  ecs: ECSClient,
  name: string,
  desiredCount: number,
  schedulingStrategy: 'REPLICA' | 'DAEMON' = 'REPLICA',
): Promise<void> {
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: name,
      networkMode: 'bridge',
      requiresCompatibilities: ['EC2'],
      containerDefinitions: [
        { name, image: `public.ecr.aws/docker/library/${name}:1`, cpu: 128, memory: 256, essential: true },
      ],
    }),
  );
  // A deployment of no task is completed at once; one of several would stay in progress for ever, for want of a scheduler.
  await ecs.send(
    new CreateServiceCommand({
      cluster: CLUSTER,
      serviceName: name,
      taskDefinition: name,
      desiredCount: 0,
      schedulingStrategy,
      launchType: 'EC2',
    }),
  );
  await ecs.send(new UpdateServiceCommand({ cluster: CLUSTER, service: name, desiredCount }));
}
