/**
 * Elastic Load Balancing of the account, as far as target groups go: who is registered, who is healthy, who drains.
 *
 * Starts with `seed()`. Targets come and go through the port (ECS registers its tasks); load balancers themselves are
 * not modelled.
 */
import type {
  DescribeTargetGroupAttributesInput,
  DescribeTargetGroupsInput,
  DescribeTargetHealthInput,
  TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Capture } from '../capture/capture.ts';
import { awsError } from '../kernel/aws-error.ts';
import { LaggingStore } from '../kernel/lagging-store.ts';
import { pageOf } from '../kernel/pages.ts';
import type { Call, LoadBalancingPort, World } from '../world.ts';
import {
  deregistrationSeconds,
  healthShape,
  keyOf,
  NOT_REGISTERED,
  secondsToHealthy,
  secondsToUnhealthy,
  type Target,
  type TargetGroupRecord,
  type TargetState,
} from './target-group.ts';

interface TargetName {
  readonly id: string;
  readonly port: number;
}

const CAPTURED_STATES: ReadonlySet<string> = new Set(['initial', 'healthy', 'unhealthy', 'draining']);

export class LoadBalancingService implements LoadBalancingPort {
  readonly #world: World;
  readonly #capture: Capture;
  readonly #groups = new Map<string, TargetGroupRecord>();
  /** Health of each target by group and target, as reads see it. */
  readonly #pictures = new Map<string, LaggingStore<TargetHealthDescription>>();

  constructor(world: World, capture: Capture) {
    this.#world = world;
    this.#capture = capture;
    const attributesOf = new Map(
      capture.elasticLoadBalancingV2.targetGroupAttributes.map((item) => [
        item.TargetGroupArn,
        item.Attributes,
      ]),
    );
    for (const shape of capture.elasticLoadBalancingV2.targetGroups) {
      const arn = shape.TargetGroupArn;
      if (arn !== undefined)
        this.#add({ arn, shape, attributes: attributesOf.get(arn) ?? [], targets: new Map() });
    }
    world.registry.register('ElasticLoadBalancingV2', {
      DescribeTargetHealth: (input: DescribeTargetHealthInput, call: Call) =>
        this.#describeTargetHealth(input, call),
      DescribeTargetGroups: (input: DescribeTargetGroupsInput) => this.#describeTargetGroups(input),
      DescribeTargetGroupAttributes: (input: DescribeTargetGroupAttributesInput) =>
        this.#describeTargetGroupAttributes(input),
    });
  }

  /** Captured targets are as they were; those between two states go on from there with their whole time. */
  seed(): void {
    for (const { TargetGroupArn, TargetHealthDescriptions } of this.#capture.elasticLoadBalancingV2
      .targetHealth) {
      const group = this.#group(TargetGroupArn);
      for (const { Target: named, TargetHealth: health } of TargetHealthDescriptions ?? []) {
        const state = health?.State ?? 'healthy';
        if (named?.Id === undefined || !CAPTURED_STATES.has(state)) continue;
        const target = this.#newTarget(
          group,
          { id: named.Id, port: named.Port ?? group.shape.Port ?? 80, zone: named.AvailabilityZone ?? '' },
          state as TargetState,
        );
        if (state === 'initial') this.#becomeHealthyLater(group, target);
        if (state === 'draining') this.#removeLater(group, target);
      }
    }
    this.#adoptMembers();
  }

  /** Members of a group that is attached to a target group, where the capture says nothing of its targets. */
  #adoptMembers(): void {
    const { autoScaling, elasticLoadBalancingV2 } = this.#capture;
    const known = new Set(elasticLoadBalancingV2.targetHealth.map(({ TargetGroupArn }) => TargetGroupArn));
    for (const { TargetGroupARNs = [], Instances = [] } of autoScaling.autoScalingGroups) {
      for (const arn of TargetGroupARNs) {
        if (known.has(arn)) continue;
        for (const { InstanceId: id = '', AvailabilityZone: zone = '', LifecycleState } of Instances)
          if (LifecycleState === 'InService') this.adopt(arn, { id, port: this.portOf(arn), zone });
      }
    }
  }

  register(targetGroupArn: string, target: TargetName & { readonly zone: string }): void {
    const group = this.#group(targetGroupArn);
    const known = group.targets.get(keyOf(target));
    if (known && known.state !== 'draining' && known.state !== 'unhealthy') return;
    if (known) this.#world.clock.cancel(known.timer);
    // Registering again ends a deregistration that was under way.
    for (const unused of known?.unused.splice(0) ?? []) unused();
    this.#becomeHealthyLater(group, this.#newTarget(group, target, 'initial'));
  }

  adopt(targetGroupArn: string, target: TargetName & { readonly zone: string }): void {
    const group = this.#group(targetGroupArn);
    if (!group.targets.has(keyOf(target))) this.#newTarget(group, target, 'healthy');
  }

  deregister(targetGroupArn: string, named: TargetName, unused: () => void): void {
    const group = this.#group(targetGroupArn);
    const target = group.targets.get(keyOf(named));
    if (!target) {
      unused();
      return;
    }
    target.unused.push(unused);
    if (target.state === 'draining') return;
    this.#world.clock.cancel(target.timer);
    this.#enter(group, target, 'draining');
    this.#removeLater(group, target);
  }

  isHealthy(targetGroupArn: string, target: TargetName): boolean {
    return this.#groups.get(targetGroupArn)?.targets.get(keyOf(target))?.state === 'healthy';
  }

  portOf(targetGroupArn: string): number {
    return this.#group(targetGroupArn).shape.Port ?? 80;
  }

  fail(targetGroupArn: string, named: TargetName): void {
    const group = this.#group(targetGroupArn);
    const target = group.targets.get(keyOf(named));
    if (!target || target.state === 'draining' || target.state === 'unhealthy') return;
    this.#world.clock.cancel(target.timer);
    target.timer = this.#world.clock.after(secondsToUnhealthy(group) * 1000, () =>
      this.#enter(group, target, 'unhealthy'),
    );
  }

  #becomeHealthyLater(group: TargetGroupRecord, target: Target): void {
    target.timer = this.#world.clock.after(secondsToHealthy(group) * 1000, () =>
      this.#enter(group, target, 'healthy'),
    );
  }

  #removeLater(group: TargetGroupRecord, target: Target): void {
    target.timer = this.#world.clock.after(deregistrationSeconds(group) * 1000, () => {
      if (group.targets.get(keyOf(target)) === target) {
        group.targets.delete(keyOf(target));
        this.#pictures.get(group.arn)?.remove(keyOf(target));
      }
      for (const unused of target.unused.splice(0)) unused();
      this.#world.signals.targetHealth(group.arn, target.id, target.port);
    });
  }

  #newTarget(
    group: TargetGroupRecord,
    { id, port, zone }: TargetName & { readonly zone: string },
    state: TargetState,
  ): Target {
    const target: Target = { id, port, zone, state, timer: undefined, unused: [] };
    group.targets.set(keyOf(target), target);
    this.#picture(group, target);
    return target;
  }

  #enter(group: TargetGroupRecord, target: Target, state: TargetState): void {
    target.state = state;
    target.timer = undefined;
    this.#picture(group, target);
    this.#world.signals.targetHealth(group.arn, target.id, target.port);
  }

  #picture(group: TargetGroupRecord, target: Target): void {
    this.#pictures.get(group.arn)?.put(keyOf(target), {
      Target: {
        Id: target.id,
        Port: target.port,
        ...(target.zone !== '' && { AvailabilityZone: target.zone }),
      },
      HealthCheckPort: String(target.port),
      TargetHealth: healthShape(target.state),
    });
  }

  /** A service may name a target group that the capture does not describe: AWS's defaults then. */
  #group(arn: string): TargetGroupRecord {
    const known = this.#groups.get(arn);
    if (known) return known;
    const group = { arn, shape: { TargetGroupArn: arn }, attributes: [], targets: new Map() };
    return this.#add(group);
  }

  #add(group: TargetGroupRecord): TargetGroupRecord {
    this.#groups.set(group.arn, group);
    this.#pictures.set(group.arn, new LaggingStore(this.#world.clock));
    return group;
  }

  /** @throws `TargetGroupNotFound` */
  #find(arn: string | undefined): TargetGroupRecord {
    const group = this.#groups.get(arn ?? '');
    if (!group) throw awsError('TargetGroupNotFoundException', 'One or more target groups not found');
    return group;
  }

  #describeTargetHealth(input: DescribeTargetHealthInput, call: Call) {
    const group = this.#find(input.TargetGroupArn);
    const pictures = this.#pictures.get(group.arn);
    if (!input.Targets?.length) return { TargetHealthDescriptions: pictures?.list(call.lagMs) ?? [] };
    return {
      TargetHealthDescriptions: input.Targets.map(({ Id = '', Port }) => {
        const port = Port ?? group.shape.Port ?? 80;
        return (
          pictures?.get(keyOf({ id: Id, port }), call.lagMs) ?? {
            Target: { Id, Port: port },
            TargetHealth: { ...NOT_REGISTERED },
          }
        );
      }),
    };
  }

  #describeTargetGroups(input: DescribeTargetGroupsInput) {
    const named = input.TargetGroupArns?.map((arn) => this.#find(arn));
    const found = (named ?? [...this.#groups.values()])
      .map(({ shape }) => shape)
      .filter(({ TargetGroupName }) => !input.Names || input.Names.includes(TargetGroupName ?? ''))
      .filter(
        ({ LoadBalancerArns }) =>
          input.LoadBalancerArn === undefined || LoadBalancerArns?.includes(input.LoadBalancerArn),
      );
    if (input.Names && found.length < input.Names.length) {
      throw awsError('TargetGroupNotFoundException', 'One or more target groups not found');
    }
    const page = pageOf(
      found,
      (group) => group.TargetGroupArn ?? '',
      'DescribeTargetGroups',
      { limit: input.PageSize, nextToken: input.Marker },
      { defaultLimit: 400, maxLimit: 400, limitError: 'ValidationError', tokenError: 'ValidationError' },
    );
    return { TargetGroups: page.items.map((group) => ({ ...group })), NextMarker: page.nextToken };
  }

  #describeTargetGroupAttributes(input: DescribeTargetGroupAttributesInput) {
    const group = this.#find(input.TargetGroupArn);
    const delay = {
      Key: 'deregistration_delay.timeout_seconds',
      Value: String(deregistrationSeconds(group)),
    };
    const others = group.attributes.filter(({ Key }) => Key !== delay.Key);
    return { Attributes: [delay, ...others.map((attribute) => ({ ...attribute }))] };
  }
}
