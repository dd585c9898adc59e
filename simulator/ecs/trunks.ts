/**
 * Trunk network interfaces of hosts: with the account setting `awsvpcTrunking` a host of a supported type gets one when
 * it registers, and takes more awsvpc tasks for it. It is REGISTERING while ECS provisions the interface (or ends as
 * REGISTRATION_FAILED), and DEREGISTERING while ECS removes it.
 * Sources: Amazon ECS developer guide, container-instance-eni and eni-trunking-supported-instance-types; API reference,
 * ContainerInstance.status.
 */
import type { Capture } from '../capture/capture.ts';
import type { World } from '../world.ts';
import type { HostRecord } from './records.ts';

export const TRUNK_ATTRIBUTE = 'ecs.awsvpc-trunk-id';

/** Only new hosts get a trunk, Linux ones with this agent or a later one. Source: container-instance-eni. */
const FIRST_AGENT = [1, 28, 1];

const SUPPORTED =
  /^(?:a1|(?!c5n|r5n)[cmr](?:[5-9]|\d\d)[a-z]*|x2[a-z]*|i4i|im4gn|is4gen|g4ad|g[5-9][a-z]*|p[3-9][a-z]*|inf\d|trn\d[a-z]*|vt1|dl1|hpc6[a-z]+|mac2|u-.*)$/;

/** awsvpc tasks of one host with a trunk, by size. */
const TASKS_BY_SIZE: Readonly<Record<string, number>> = {
  medium: 4,
  large: 10,
  xlarge: 20,
  '2xlarge': 40,
  '4xlarge': 60,
  '8xlarge': 60,
  '9xlarge': 60,
  '12xlarge': 60,
};
const TASKS_OF_THE_LARGEST = 120;

/** Families that the table lists with other figures. */
const OTHER_FIGURES: readonly (readonly [RegExp, Readonly<Record<string, number>>])[] = [
  [/^(?:a1|x2gd)$/, { medium: 10 }],
  [/^[cmr]6(?:a|i|id|idn|in)$/, { '8xlarge': 90, '12xlarge': 120 }],
  [/^g4ad$/, { xlarge: 12, '2xlarge': 12, '4xlarge': 12, '8xlarge': 12, '16xlarge': 12 }],
  [/^g5$/, { xlarge: 6, '2xlarge': 19, '4xlarge': 40, '8xlarge': 90, '12xlarge': 120 }],
  [/^m5zn$/, { large: 14, xlarge: 31, '2xlarge': 64, '3xlarge': 98 }],
];

/** Undefined where the capture has no such setting. */
export function isTrunkingOn(capture: Capture): boolean | undefined {
  const setting = capture.ecs.accountSettings.find(({ name }) => name === 'awsvpcTrunking');
  return setting && (setting.value === 'enabled' || setting.value === 'on');
}

export function tasksWithTrunk(instanceType: string): number {
  const [family = '', size = ''] = instanceType.split('.');
  const other = OTHER_FIGURES.find(([families]) => families.test(family))?.[1][size];
  return other ?? TASKS_BY_SIZE[size] ?? TASKS_OF_THE_LARGEST;
}

/** A new host of this type and operating system gets a trunk, where the account has opted in. */
export function supportsTrunk(
  instanceType: string,
  osType: string | undefined,
  agentVersion: string | undefined,
): boolean {
  return (
    SUPPORTED.test(instanceType.split('.')[0] ?? '') &&
    osType !== 'windows' &&
    (agentVersion === undefined || isAtLeast(agentVersion, FIRST_AGENT))
  );
}

/** `1.75.0` against [1, 73, 0]. */
export function isAtLeast(version: string, least: readonly number[]): boolean {
  const parts = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  for (const [at, wanted] of least.entries()) {
    const part = parts[at] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}

/** A trunk takes an address of the host's subnet like any other interface; false when none is left. */
export function takeTrunk(host: HostRecord, world: World): boolean {
  const subnet = host.attributes['ecs.subnet-id'];
  if (subnet !== undefined && !world.ec2.takeAddress(subnet)) return false;
  host.trunkSubnet = subnet;
  return true;
}

export function releaseTrunk(host: HostRecord, world: World): void {
  if (host.trunkSubnet !== undefined) world.ec2.releaseAddress(host.trunkSubnet);
  host.trunkSubnet = undefined;
}
