/**
 * LaunchInstances: launches that are answered at once. Source: Amazon EC2 Auto Scaling user guide,
 * launch-instances-synchronously; API reference, LaunchInstances.
 */
import type { LaunchInstancesRequest, LaunchInstancesResult } from '@aws-sdk/client-auto-scaling';
import { awsError } from '../kernel/aws-error.ts';
import type { Call, World } from '../world.ts';
import { actualCapacity, type Group, type Member } from './group.ts';
import type { GroupStore } from './group-store.ts';
import type { Launched, Launcher } from './launcher.ts';
import type { Sizes } from './sizes.ts';

export class LaunchApi {
  readonly #world: World;
  readonly #parts: { readonly store: GroupStore; readonly sizes: Sizes; readonly launcher: Launcher };
  readonly #launches = new Map<
    string,
    { readonly request: string; readonly answer: LaunchInstancesResult }
  >();

  constructor(
    world: World,
    parts: { readonly store: GroupStore; readonly sizes: Sizes; readonly launcher: Launcher },
  ) {
    this.#world = world;
    this.#parts = parts;
  }

  /**
   * Launches now, into one zone, and answers with the ids: some of them, when EC2 has no more. Desired capacity rises
   * by what was launched; with a retry strategy by all that was asked for, and the group tries the rest on its own.
   *
   * @throws `ValidationError`, `IdempotentParameterMismatchError`
   */
  launchInstances(input: LaunchInstancesRequest, call: Call): LaunchInstancesResult {
    const group = this.#parts.store.getOwn(input.AutoScalingGroupName);
    const token = input.ClientToken ?? '';
    const request = JSON.stringify(input);
    const known = this.#launches.get(`${group.name}/${token}`);
    if (token !== '' && known) {
      if (known.request !== request) {
        throw awsError(
          'IdempotentParameterMismatchError',
          'The client token was used with other parameters.',
        );
      }
      return known.answer;
    }
    const wanted = input.RequestedCapacity ?? 0;
    const zone = this.#launchZone(group, input);
    if (wanted < 1 || wanted > 100) {
      throw awsError('ValidationError', 'The requested capacity must be between 1 and 100');
    }
    if (group.desiredCapacity + wanted > group.maxSize) {
      throw awsError(
        'ValidationError',
        `The requested capacity would raise the desired capacity above the max size ${group.maxSize}.`,
      );
    }
    const who = 'a user request launched instances';
    const text = `an instance was started in response to a user request, increasing the capacity from ${actualCapacity(group)}.`;
    const launched = this.#parts.launcher.launch(group, wanted, call.actor, text, { zones: [zone] });
    const capacity = launched.members.reduce((sum, member) => sum + member.weight, 0);
    const raise = input.RetryStrategy === 'retry-with-group-configuration' ? wanted : capacity;
    if (raise > 0) this.#parts.sizes.explicit(group, group.desiredCapacity + raise, call.actor, who);
    const answer = this.#launchAnswer(group, input, launched);
    if (token !== '') this.#launches.set(`${group.name}/${token}`, { request, answer });
    return answer;
  }

  #launchZone(group: Group, input: LaunchInstancesRequest): string {
    if (group.source.LaunchConfigurationName !== undefined) {
      throw awsError('ValidationError', 'LaunchInstances needs a group with a launch template.');
    }
    if (group.warmPool)
      throw awsError('ValidationError', 'LaunchInstances is not supported for groups with a warm pool.');
    const zones =
      input.AvailabilityZones ??
      input.SubnetIds?.map((subnetId) => this.#world.ec2.zoneOfSubnet(subnetId) ?? '') ??
      (group.zones.length === 1 ? group.zones : []);
    const [zone] = zones;
    if (zone === undefined || new Set(zones).size !== 1 || !group.zones.includes(zone)) {
      throw awsError('ValidationError', 'Exactly one Availability Zone of the group must be specified.');
    }
    return zone;
  }

  #launchAnswer(group: Group, input: LaunchInstancesRequest, launched: Launched): LaunchInstancesResult {
    const byType = new Map<string, Member[]>();
    for (const member of launched.members) {
      const key = `${member.instanceType}/${member.spot}`;
      byType.set(key, [...(byType.get(key) ?? []), member]);
    }
    return {
      AutoScalingGroupName: group.name,
      ClientToken: input.ClientToken ?? `generated-${group.activities.length}`,
      Instances: [...byType.values()].map((members) => ({
        InstanceType: members[0]?.instanceType,
        MarketType: members[0]?.spot ? 'Spot' : 'OnDemand',
        AvailabilityZone: members[0]?.zone,
        SubnetId: this.#world.ec2.instance(members[0]?.instanceId ?? '')?.subnetId,
        InstanceIds: members.map((member) => member.instanceId),
      })),
      Errors: launched.failures.map((failure) => ({
        InstanceType: failure.instanceType,
        SubnetId: failure.subnetId,
        AvailabilityZone: failure.zone,
        ErrorCode: errorCodeOf(failure.message),
        ErrorMessage: failure.message,
      })),
    };
  }
}

/** Source: Amazon EC2 API reference, error codes; by the words of the message. */
function errorCodeOf(message: string): string {
  if (/sufficient .*capacity/.test(message)) return 'InsufficientInstanceCapacity';
  if (/vCPU limit/.test(message)) return 'VcpuLimitExceeded';
  if (/free addresses/.test(message)) return 'InsufficientFreeAddressesInSubnet';
  if (/image id .* does not exist/.test(message)) return 'InvalidAMIID.NotFound';
  if (/not currently supported|currently not supported|not supported/.test(message)) return 'Unsupported';
  return 'InvalidParameterValue';
}
