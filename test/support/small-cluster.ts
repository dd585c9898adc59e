/** Two or three hosts with a load-balanced service and a daemon: enough to see what becomes of images and references. */
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import { NEW_IMAGE, OLD_IMAGE } from '../../rehearsal/clusters/constants.ts';
import type { ClusterSpec, GroupSpec } from '../../rehearsal/clusters/spec.ts';
import type { RehearsalRecord } from '../../rehearsal/record.ts';

export { NEW_IMAGE, OLD_IMAGE };
export const PUBLIC_PARAMETER = '/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended';
/** Fast where time is not what a test is about. */
export const QUICK = { bakeSeconds: 30 };

// biome-ignore lint/suspicious/noExplicitAny: a capture is changed here as an operator would change a file.
export type Json = any;

export function smallCluster(
  groups: readonly Partial<GroupSpec>[] = [{}],
  more: Partial<ClusterSpec> = {},
): Json {
  const capture = buildCapture({
    groups: groups.map((group) => ({ name: 'hosts', hosts: 2, ...group })),
    services: [
      {
        name: 'web',
        desired: 2,
        loadBalancer: { deregistrationDelaySeconds: 10, intervalSeconds: 5, healthyThreshold: 2 },
      },
      { name: 'logs', desired: 0, daemon: true },
    ],
    ...more,
  });
  return JSON.parse(JSON.stringify(capture));
}

export function groupIn(capture: Json, name: string): Json {
  return capture.autoScaling.autoScalingGroups.find((group: Json) => group.AutoScalingGroupName === name);
}

export function templateIn(capture: Json, name: string): Json {
  return capture.ec2.launchTemplateVersions.find((version: Json) => version.LaunchTemplateName === name);
}

export function imageIn(capture: Json, imageId: string): Json {
  return capture.ec2.images.find((image: Json) => image.ImageId === imageId);
}

/** Adds an image like the new one. */
export function addImage(capture: Json, imageId: string, change: Json = {}): void {
  capture.ec2.images.push({ ...imageIn(capture, NEW_IMAGE), ImageId: imageId, Name: imageId, ...change });
}

/** How a group names what it launches when the run is over, and what that resolves to. */
export function referenceOf({ groups, launchTemplates }: RehearsalRecord, name = 'hosts') {
  const group = groups.find((one) => one.group === name);
  const source: Json = JSON.parse(group?.launchSource ?? '{}');
  const specification =
    source.LaunchTemplate ?? source.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification;
  const template = launchTemplates.find((one) => one.launchTemplateId === specification?.LaunchTemplateId);
  return {
    version: specification?.Version as string | undefined,
    images: [...new Set(group?.launchImages)],
    defaultVersion: template?.defaultVersion,
    latestVersion: template?.latestVersion,
  };
}

/** Images of the hosts that run when all is over, one entry each. */
export function imagesRunning({ log }: RehearsalRecord, group = 'hosts'): string[] {
  const last = new Map(
    log.flatMap((line) => (line.kind === 'host' ? [[(line as Json).instanceId, line as Json]] : [])),
  );
  return [...last.values()]
    .filter((host) => host.state === 'running' && host.group === group)
    .map((host) => host.image);
}

/** A change of a parameter of the account, as Systems Manager tells the bus. */
export function parameterChanged(name: string, change: Json = {}): Json {
  return {
    version: '0',
    id: '6a7e4feb-b491-4cf7-a9f1-bf3703497718',
    'detail-type': 'Parameter Store Change',
    source: 'aws.ssm',
    account: '111122223333',
    time: '2026-11-22T11:59:58Z',
    region: 'eu-west-1',
    resources: [`arn:aws:ssm:eu-west-1:111122223333:parameter${name}`],
    detail: { operation: 'Update', name, type: 'String' },
    ...change,
  };
}
