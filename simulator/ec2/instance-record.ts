/** One EC2 instance of the account: what other services may see of it (`Instance`), and what EC2 alone knows. */
import type {
  Image,
  Instance as InstanceDescription,
  InstanceStatusEvent,
  StateReason,
} from '@aws-sdk/client-ec2';
import type { Actor } from '../observation.ts';
import type { Instance, LaunchRequest } from '../world.ts';

export type InstanceState = Instance['state'];

export interface InstanceRecord extends Instance {
  /** All that does not follow from the state: written once, in AWS's output shape. */
  readonly description: InstanceDescription;
  readonly spot: boolean;
  /** From here on EC2's own reads know the id. */
  readonly visibleFromMs: number;
  readonly vcpus: number;
  disableApiTermination: boolean;
  stateReason: StateReason | undefined;
  /** "User initiated (2026-11-22 12:00:00 GMT)" and the like; empty on the way up. */
  stateTransitionReason: string;
  runningSinceMs: number | null;
  terminatedAtMs: number | null;
  /** Who brought it on its way down; null while it goes up. */
  endedBy: Actor | null;
  /** An impairment of its status checks, as captured. */
  readonly impaired: { readonly instance: boolean; readonly system: boolean };
  readonly events: InstanceStatusEvent[];
}

/** Source: Amazon EC2 API reference, InstanceState. */
const STATE_CODES: Readonly<Record<InstanceState, number>> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

const STATES: ReadonlySet<string> = new Set(Object.keys(STATE_CODES));

export function stateOf(name: string | undefined): InstanceState {
  return name !== undefined && STATES.has(name) ? (name as InstanceState) : 'running';
}

export function stateShape(state: InstanceState): { Code: number; Name: InstanceState } {
  return { Code: STATE_CODES[state], Name: state };
}

/** As DescribeInstances tells it now: a new object at each call, to be kept as a picture. */
export function describe(record: InstanceRecord): InstanceDescription {
  const gone = record.state === 'terminated' || record.state === 'shutting-down';
  const description: InstanceDescription = {
    ...record.description,
    State: stateShape(record.state),
    StateTransitionReason: record.stateTransitionReason,
    Tags: Object.entries(record.tags).map(([Key, Value]) => ({ Key, Value })),
  };
  if (record.stateReason) description.StateReason = record.stateReason;
  if (gone) {
    // Source: Amazon EC2 user guide, terminating-instances: addresses and interfaces are released on termination.
    delete description.PrivateIpAddress;
    delete description.NetworkInterfaces;
    if (record.state === 'terminated') {
      delete description.SubnetId;
      delete description.VpcId;
    }
  }
  return description;
}

/** The description of an instance that is launched now. */
export function newDescription(
  instanceId: string,
  request: LaunchRequest,
  image: Image | undefined,
  place: {
    readonly vpcId: string | undefined;
    readonly privateIp: string;
    readonly region: string;
    readonly hostnameType: string | undefined;
  },
  nowMs: number,
): InstanceDescription {
  // Source: Amazon EC2 user guide, ec2-instance-naming: by address or, where the subnet asks for it, by instance id.
  const name =
    place.hostnameType === 'resource-name' ? instanceId : `ip-${place.privateIp.replaceAll('.', '-')}`;
  const domain = place.region === 'us-east-1' ? 'ec2.internal' : `${place.region}.compute.internal`;
  const privateDnsName = `${name}.${domain}`;
  return {
    InstanceId: instanceId,
    ImageId: request.imageId,
    InstanceType: request.instanceType as NonNullable<InstanceDescription['InstanceType']>,
    LaunchTime: new Date(nowMs),
    AmiLaunchIndex: 0,
    Placement: { AvailabilityZone: request.zone, Tenancy: 'default', GroupName: '' },
    Monitoring: { State: 'disabled' },
    SubnetId: request.subnetId,
    ...(place.vpcId !== undefined && { VpcId: place.vpcId }),
    PrivateIpAddress: place.privateIp,
    PrivateDnsName: privateDnsName,
    PublicDnsName: '',
    SecurityGroups: [],
    SourceDestCheck: true,
    EbsOptimized: false,
    EnaSupport: image?.EnaSupport ?? true,
    Hypervisor: 'xen',
    VirtualizationType: image?.VirtualizationType ?? 'hvm',
    RootDeviceType: image?.RootDeviceType ?? 'ebs',
    RootDeviceName: image?.RootDeviceName ?? '/dev/xvda',
    ...(image?.Architecture !== undefined && { Architecture: image.Architecture }),
    ...(image?.Platform !== undefined && { Platform: image.Platform }),
    ...(image?.BootMode !== undefined && { BootMode: image.BootMode }),
    ...(request.spot && { InstanceLifecycle: 'spot' as const }),
    MetadataOptions: {
      State: 'applied',
      HttpEndpoint: 'enabled',
      // Source: Amazon EC2 user guide, configuring-IMDS-new-instances: an image with ImdsSupport v2.0 launches with
      // tokens required and a hop limit of 2 unless the template says otherwise.
      HttpTokens: request.metadataOptions?.httpTokens ?? (image?.ImdsSupport ? 'required' : 'optional'),
      HttpPutResponseHopLimit:
        request.metadataOptions?.httpPutResponseHopLimit ?? (image?.ImdsSupport ? 2 : 1),
    },
  };
}
