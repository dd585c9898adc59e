/** Subnets: their zone and the addresses that are left. */
import type { DescribeSubnetsRequest, Subnet } from '@aws-sdk/client-ec2';
import type { Capture } from '../capture/capture.ts';
import { awsError } from '../kernel/aws-error.ts';
import { pageOf } from '../kernel/pages.ts';
import { filterOf } from './filters.ts';
import { EC2_PAGES } from './page-rules.ts';

/** Addresses of a /20 less the five that AWS keeps; for subnets that the capture names without describing them. */
const UNKNOWN_SUBNET_ADDRESSES = 4091;

export class Subnets {
  readonly #subnets = new Map<string, Subnet>();
  /** Subnets that were described are answered; those only named by a group or a host are not. */
  readonly #described = new Set<string>();
  #nextAddress = 0;

  constructor(capture: Capture) {
    for (const subnet of capture.ec2.subnets) {
      if (subnet.SubnetId === undefined) continue;
      this.#subnets.set(subnet.SubnetId, { ...subnet });
      this.#described.add(subnet.SubnetId);
    }
    for (const { SubnetId, VpcId, Placement } of capture.ec2.instances) {
      if (SubnetId !== undefined) this.#name(SubnetId, Placement?.AvailabilityZone, VpcId);
    }
    for (const group of capture.autoScaling.autoScalingGroups) {
      const ids = group.VPCZoneIdentifier?.split(',').map((id) => id.trim()) ?? [];
      ids.forEach((id, at) => {
        if (id !== '')
          this.#name(id, group.AvailabilityZones?.[at % group.AvailabilityZones.length], undefined);
      });
    }
  }

  zoneOf(subnetId: string): string | undefined {
    return this.#subnets.get(subnetId)?.AvailabilityZone;
  }

  /** The zone's default subnet, else any that the capture shows there. */
  defaultOf(zone: string): string {
    const inZone = [...this.#subnets.values()].filter((subnet) => subnet.AvailabilityZone === zone);
    const found = inZone.find((subnet) => subnet.DefaultForAz) ?? inZone[0];
    if (found?.SubnetId !== undefined) return found.SubnetId;
    const subnetId = `subnet-default-${zone}`;
    this.#name(subnetId, zone, undefined);
    return subnetId;
  }

  vpcOf(subnetId: string): string | undefined {
    return this.#subnets.get(subnetId)?.VpcId;
  }

  /** `ip-name` or `resource-name`, as the subnet sets it for launches. */
  hostnameTypeOf(subnetId: string): string | undefined {
    return this.#subnets.get(subnetId)?.PrivateDnsNameOptionsOnLaunch?.HostnameType;
  }

  /** @returns false when the subnet has no address left, or is not known */
  takeAddress(subnetId: string): boolean {
    return this.#change(subnetId, -1);
  }

  releaseAddress(subnetId: string): void {
    this.#change(subnetId, 1);
  }

  /** A private address that no other instance of this account got from us. */
  newAddress(): string {
    const n = this.#nextAddress++;
    return `10.255.${(n >> 8) & 255}.${n & 255}`;
  }

  describeSubnets(input: DescribeSubnetsRequest) {
    const ids = input.SubnetIds;
    const unknown = ids?.filter((id) => !this.#described.has(id)) ?? [];
    if (unknown.length > 0) {
      throw awsError(
        'InvalidSubnetID.NotFound',
        unknown.length === 1
          ? `The subnet ID '${unknown[0]}' does not exist`
          : `The subnet IDs '${unknown.join(', ')}' do not exist`,
      );
    }
    const matches = filterOf<Subnet>('DescribeSubnets', input.Filters, {
      'subnet-id': (subnet) => subnet.SubnetId,
      'vpc-id': (subnet) => subnet.VpcId,
      'availability-zone': (subnet) => subnet.AvailabilityZone,
      'availability-zone-id': (subnet) => subnet.AvailabilityZoneId,
      state: (subnet) => subnet.State ?? 'available',
    });
    const found = [...this.#described]
      .filter((id) => !ids || ids.includes(id))
      .map((id) => this.#subnets.get(id) as Subnet)
      .filter(matches);
    const page = pageOf(
      found,
      (subnet) => subnet.SubnetId ?? '',
      'DescribeSubnets',
      { limit: input.MaxResults, nextToken: input.NextToken },
      { ...EC2_PAGES, defaultLimit: 1000, maxLimit: 1000 },
    );
    return { Subnets: page.items.map((subnet) => ({ ...subnet })), NextToken: page.nextToken };
  }

  #name(subnetId: string, zone: string | undefined, vpcId: string | undefined): void {
    if (this.#subnets.has(subnetId)) return;
    this.#subnets.set(subnetId, {
      SubnetId: subnetId,
      AvailableIpAddressCount: UNKNOWN_SUBNET_ADDRESSES,
      ...(zone !== undefined && { AvailabilityZone: zone }),
      ...(vpcId !== undefined && { VpcId: vpcId }),
    });
  }

  #change(subnetId: string, by: number): boolean {
    const subnet = this.#subnets.get(subnetId);
    if (!subnet) return false;
    const left = (subnet.AvailableIpAddressCount ?? UNKNOWN_SUBNET_ADDRESSES) + by;
    if (left < 0) return false;
    this.#subnets.set(subnetId, { ...subnet, AvailableIpAddressCount: left });
    return true;
  }
}
