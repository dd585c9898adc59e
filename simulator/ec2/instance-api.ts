/** EC2's calls on instances. Source: Amazon EC2 API reference, the command named at each method. */
import type {
  DescribeInstanceAttributeRequest,
  DescribeInstancesRequest,
  Instance,
  ModifyInstanceAttributeRequest,
  StartInstancesRequest,
  StopInstancesRequest,
  TerminateInstancesRequest,
} from '@aws-sdk/client-ec2';
import { awsError, NotSimulated } from '../kernel/aws-error.ts';
import { pageOf } from '../kernel/pages.ts';
import type { Actor } from '../observation.ts';
import type { Call, World } from '../world.ts';
import { type Attribute, filterOf } from './filters.ts';
import type { Fleet } from './fleet.ts';
import { type InstanceRecord, stateShape } from './instance-record.ts';
import { EC2_PAGES } from './page-rules.ts';

const FILTERS: Readonly<Record<string, Attribute<Instance>>> = {
  'instance-id': (instance) => instance.InstanceId,
  'instance-state-name': (instance) => instance.State?.Name,
  'instance-state-code': (instance) => String(instance.State?.Code),
  'image-id': (instance) => instance.ImageId,
  'instance-type': (instance) => instance.InstanceType,
  'instance-lifecycle': (instance) => instance.InstanceLifecycle,
  'availability-zone': (instance) => instance.Placement?.AvailabilityZone,
  'subnet-id': (instance) => instance.SubnetId,
  'vpc-id': (instance) => instance.VpcId,
  architecture: (instance) => instance.Architecture,
  platform: (instance) => instance.Platform,
  'private-ip-address': (instance) => instance.PrivateIpAddress,
  'private-dns-name': (instance) => instance.PrivateDnsName,
};

export class InstanceApi {
  readonly #world: World;
  readonly #fleet: Fleet;

  constructor(world: World, fleet: Fleet) {
    this.#world = world;
    this.#fleet = fleet;
  }

  /**
   * By ids the whole call fails for one that is unknown, which a new id is for a moment; filters leave it out.
   *
   * @throws `InvalidInstanceID.NotFound`, `InvalidInstanceID.Malformed`, `InvalidParameterCombination`
   */
  describeInstances(input: DescribeInstancesRequest, call: Call) {
    const ids = input.InstanceIds?.length ? [...new Set(input.InstanceIds)] : undefined;
    if (ids && input.MaxResults !== undefined) {
      throw awsError(
        'InvalidParameterCombination',
        'The parameter instancesSet cannot be used with the parameter maxResults',
      );
    }
    const matches = filterOf<Instance>('DescribeInstances', input.Filters, FILTERS);
    const visible = ids ? this.visible(ids, call.lagMs) : this.#listed(call.lagMs);
    const found = visible.filter(matches);
    const page = pageOf(
      found,
      (instance) => instance.InstanceId ?? '',
      'DescribeInstances',
      { limit: input.MaxResults, nextToken: input.NextToken },
      { ...EC2_PAGES, defaultLimit: 1000, maxLimit: 1000 },
    );
    return {
      Reservations: page.items.map((instance) => ({
        ReservationId: `r-${instance.InstanceId?.slice(2)}`,
        OwnerId: this.#world.accountId,
        Groups: [],
        Instances: [instance],
      })),
      NextToken: page.nextToken,
    };
  }

  describeInstanceAttribute(input: DescribeInstanceAttributeRequest) {
    const record = this.#get(input.InstanceId);
    const InstanceId = record.instanceId;
    switch (input.Attribute) {
      case 'disableApiTermination':
        return { InstanceId, DisableApiTermination: { Value: record.disableApiTermination } };
      case 'instanceType':
        return { InstanceId, InstanceType: { Value: record.instanceType } };
      case 'userData': {
        const text = record.userData;
        return { InstanceId, UserData: text === null ? {} : { Value: Buffer.from(text).toString('base64') } };
      }
      default:
        throw new NotSimulated(`the attribute ${input.Attribute} of EC2.DescribeInstanceAttribute`);
    }
  }

  modifyInstanceAttribute(input: ModifyInstanceAttributeRequest) {
    const record = this.#get(input.InstanceId);
    if (input.DisableApiTermination?.Value === undefined) {
      throw new NotSimulated('EC2.ModifyInstanceAttribute without DisableApiTermination');
    }
    record.disableApiTermination = input.DisableApiTermination.Value;
    return {};
  }

  /**
   * Protection stops the whole zone: protected instances and all others of their zones stay, the rest of the zones
   * goes, and the call fails. Source: TerminateInstances.
   *
   * @throws `OperationNotPermitted`, `InvalidInstanceID.NotFound`
   */
  terminateInstances(input: TerminateInstancesRequest, call: Call) {
    const records = this.#getAll(input.InstanceIds ?? []);
    const guarded = records.find((record) => record.disableApiTermination && record.state !== 'terminated');
    const closed = new Set(
      records.filter((record) => record.disableApiTermination).map((record) => record.zone),
    );
    const changes = records
      .filter((record) => !guarded || !closed.has(record.zone))
      .map((record) => this.#change(record, () => endByUser(this.#fleet, record, call.actor)));
    if (guarded) {
      throw awsError(
        'OperationNotPermitted',
        `The instance '${guarded.instanceId}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
      );
    }
    return { TerminatingInstances: changes };
  }

  stopInstances(input: StopInstancesRequest, call: Call) {
    const records = this.#getAll(input.InstanceIds ?? []);
    const wrong = records.find((record) => record.state === 'terminated' || record.state === 'shutting-down');
    if (wrong) {
      throw awsError(
        'IncorrectInstanceState',
        `This instance '${wrong.instanceId}' is not in a state from which it can be stopped.`,
      );
    }
    return {
      StoppingInstances: records.map((record) =>
        this.#change(record, () => haltByUser(this.#fleet, record, call.actor)),
      ),
    };
  }

  startInstances(input: StartInstancesRequest, call: Call) {
    const records = this.#getAll(input.InstanceIds ?? []);
    const wrong = records.find(
      ({ state }) => state !== 'stopped' && state !== 'running' && state !== 'pending',
    );
    if (wrong) {
      throw awsError(
        'IncorrectInstanceState',
        `The instance '${wrong.instanceId}' is not in a state from which it can be started.`,
      );
    }
    return {
      StartingInstances: records.map((record) =>
        this.#change(record, () => this.#fleet.start(record, call.actor)),
      ),
    };
  }

  /**
   * Pictures of exactly these ids.
   *
   * @throws `InvalidInstanceID.NotFound` when one of them is unknown to the reads of this moment
   */
  visible(ids: readonly string[], lagMs: number): Instance[] {
    const found = ids.map((id) => (this.#isVisible(id) ? this.#fleet.pictures.get(id, lagMs) : undefined));
    const unknown = ids.filter((_, at) => found[at] === undefined);
    if (unknown.length > 0) throw notFound(unknown);
    return found.filter((instance) => instance !== undefined);
  }

  #listed(lagMs: number): Instance[] {
    return this.#fleet.pictures.list(lagMs).filter(({ InstanceId }) => this.#isVisible(InstanceId ?? ''));
  }

  #isVisible(id: string): boolean {
    return (this.#fleet.get(id)?.visibleFromMs ?? Number.POSITIVE_INFINITY) <= this.#world.clock.nowMs;
  }

  #get(id: string | undefined): InstanceRecord {
    return this.#getAll([id ?? ''])[0] as InstanceRecord;
  }

  #getAll(ids: readonly string[]): InstanceRecord[] {
    this.visible([...new Set(ids)], 0);
    return [...new Set(ids)].map((id) => this.#fleet.get(id)).filter((record) => record !== undefined);
  }

  #change(record: InstanceRecord, act: () => void) {
    const before = record.state;
    act();
    return {
      InstanceId: record.instanceId,
      PreviousState: stateShape(before),
      CurrentState: stateShape(record.state),
    };
  }
}

/** EC2's own TerminateInstances by somebody: a user, a fault, a group. */
export function endByUser(fleet: Fleet, record: InstanceRecord, actor: Actor): void {
  fleet.end(record, actor, {
    Code: 'Client.UserInitiatedShutdown',
    Message: 'Client.UserInitiatedShutdown: User initiated shutdown',
  });
}

export function haltByUser(fleet: Fleet, record: InstanceRecord, actor: Actor): void {
  fleet.halt(record, actor, {
    Code: 'Client.UserInitiatedShutdown',
    Message: 'Client.UserInitiatedShutdown: User initiated shutdown',
  });
}

function notFound(ids: readonly string[]) {
  const malformed = ids.find((id) => !/^i-[0-9a-f]{8}([0-9a-f]{9})?$/.test(id));
  if (malformed !== undefined) {
    return awsError('InvalidInstanceID.Malformed', `Invalid id: "${malformed}"`);
  }
  return awsError(
    'InvalidInstanceID.NotFound',
    ids.length === 1
      ? `The instance ID '${ids[0]}' does not exist`
      : `The instance IDs '${ids.join(', ')}' do not exist`,
  );
}
