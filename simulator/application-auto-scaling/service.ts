/**
 * Application Auto Scaling of ECS services: scalable targets and target tracking policies as captured. Nothing runs for a
 * service without a policy.
 * Source: Application Auto Scaling API reference, DescribeScalableTargets, DescribeScalingPolicies,
 * RegisterScalableTarget; Amazon ECS developer guide, service-autoscaling-targettracking.
 */
import type {
  DescribeScalableTargetsRequest,
  DescribeScalableTargetsResponse,
  DescribeScalingPoliciesRequest,
  DescribeScalingPoliciesResponse,
  RegisterScalableTargetRequest,
  RegisterScalableTargetResponse,
  ScalableTarget,
  ScalingPolicy,
} from '@aws-sdk/client-application-auto-scaling';
import type { Capture } from '../capture/capture.ts';
import { awsError } from '../kernel/aws-error.ts';
import { type PageRules, pageOf } from '../kernel/pages.ts';
import type { ServiceTruth } from '../truth.ts';
import type { World } from '../world.ts';
import { LOAD_SHARE_OF_TARGET, ScalableService } from './scalable-service.ts';
import { TargetTracking } from './target-tracking.ts';

const MINUTE_MS = 60_000;
const DIMENSION = 'ecs:service:DesiredCount';

/** Source: DescribeScalableTargets, DescribeScalingPolicies: 50 a page. */
const PAGES: PageRules = {
  defaultLimit: 50,
  maxLimit: 50,
  limitError: 'ValidationException',
  tokenError: 'InvalidNextTokenException',
};

/** What it needs of Amazon ECS. */
export interface ScaledServices {
  services(): readonly ServiceTruth[];
  /** As UpdateService with a desired count. */
  scaleService(serviceArn: string, desired: number): void;
}

type Parts = Pick<World, 'clock' | 'random' | 'readings' | 'metrics' | 'registry' | 'accountId' | 'region'>;

export class ServiceScaling {
  readonly #parts: Parts;
  readonly #ecs: ScaledServices;
  readonly #targets = new Map<string, ScalableTarget>();
  readonly #policies: readonly ScalingPolicy[];
  #scaled: ScalableService[] = [];

  constructor(parts: Parts, ecs: ScaledServices, capture: Capture['applicationAutoScaling']) {
    this.#parts = parts;
    this.#ecs = ecs;
    this.#policies = capture.scalingPolicies;
    for (const target of capture.scalableTargets)
      if (target.ResourceId) this.#targets.set(target.ResourceId, target);
    parts.registry.register('ApplicationAutoScaling', {
      DescribeScalableTargets: (input: DescribeScalableTargetsRequest) => this.#describeTargets(input),
      DescribeScalingPolicies: (input: DescribeScalingPoliciesRequest) => this.#describePolicies(input),
      RegisterScalableTarget: (input: RegisterScalableTargetRequest) => this.#register(input),
    });
  }

  /** Takes the load of each scaled service down as it is now; call it once the services are in place. */
  seed(): void {
    const { clock, random } = this.#parts;
    for (const [resourceId, target] of this.#targets) {
      const policies = this.#policies
        .filter(({ ResourceId }) => ResourceId === resourceId)
        .flatMap((policy) => TargetTracking.of(policy) ?? []);
      const service = this.#serviceOf(resourceId);
      if (policies.length === 0 || !service) continue;
      const stream = random.stream(`application-auto-scaling/${resourceId}`);
      this.#scaled.push(
        new ScalableService(target, policies, service, () => stream.between(LOAD_SHARE_OF_TARGET)),
      );
    }
    if (this.#scaled.length > 0) clock.after(MINUTE_MS, () => this.#tick());
  }

  #tick(): void {
    const { clock, metrics, readings } = this.#parts;
    for (const scaled of this.#scaled) {
      const { cluster, serviceName, serviceArn } = scaled.service;
      for (const [at, { metric }] of scaled.policies.entries()) {
        const value = scaled.utilisation(at);
        const name = metric === 'ECSServiceAverageCPUUtilization' ? 'CPUUtilization' : 'MemoryUtilization';
        if (value !== undefined)
          metrics.publish('AWS/ECS', name, { ClusterName: cluster, ServiceName: serviceName }, value);
      }
      const desired = scaled.minute(clock.nowMs, readings.scaleOutCountsFromDesired);
      if (desired !== undefined) this.#ecs.scaleService(serviceArn, desired);
    }
    clock.after(MINUTE_MS, () => this.#tick());
  }

  #describeTargets(input: DescribeScalableTargetsRequest): DescribeScalableTargetsResponse {
    const found = [...this.#targets.values()].filter(
      ({ ServiceNamespace = 'ecs', ResourceId = '' }) =>
        ServiceNamespace === input.ServiceNamespace &&
        (!input.ResourceIds?.length || input.ResourceIds.includes(ResourceId)),
    );
    const page = pageOf(
      found,
      ({ ResourceId = '' }) => ResourceId,
      `DescribeScalableTargets ${JSON.stringify([input.ServiceNamespace, input.ResourceIds])}`,
      { limit: input.MaxResults, nextToken: input.NextToken },
      PAGES,
    );
    return { ScalableTargets: page.items, ...(page.nextToken && { NextToken: page.nextToken }) };
  }

  #describePolicies(input: DescribeScalingPoliciesRequest): DescribeScalingPoliciesResponse {
    const found = this.#policies.filter(
      ({ ServiceNamespace = 'ecs', ResourceId, PolicyName = '' }) =>
        ServiceNamespace === input.ServiceNamespace &&
        (input.ResourceId === undefined || input.ResourceId === ResourceId) &&
        (!input.PolicyNames?.length || input.PolicyNames.includes(PolicyName)),
    );
    const page = pageOf(
      found,
      ({ PolicyName, ResourceId }) => `${ResourceId} ${PolicyName}`,
      `DescribeScalingPolicies ${JSON.stringify([input.ServiceNamespace, input.ResourceId, input.PolicyNames])}`,
      { limit: input.MaxResults, nextToken: input.NextToken },
      PAGES,
    );
    return { ScalingPolicies: page.items, ...(page.nextToken && { NextToken: page.nextToken }) };
  }

  /** New bounds or suspensions; what is not given stays as it is. */
  #register(input: RegisterScalableTargetRequest): RegisterScalableTargetResponse {
    const { ResourceId = '', ServiceNamespace, ScalableDimension = DIMENSION } = input;
    if (ServiceNamespace !== 'ecs' || ScalableDimension !== DIMENSION)
      throw awsError('ValidationException', `Unsupported service namespace or scalable dimension.`);
    const before = this.#targets.get(ResourceId);
    const service = this.#serviceOf(ResourceId);
    if (!service) throw awsError('ValidationException', `ECS service doesn't exist: ${ResourceId}`);
    const { MinCapacity = before?.MinCapacity, MaxCapacity = before?.MaxCapacity } = input;
    if (MinCapacity === undefined || MaxCapacity === undefined)
      throw awsError(
        'ValidationException',
        'MinCapacity and MaxCapacity are required for a new scalable target.',
      );
    if (MinCapacity > MaxCapacity)
      throw awsError('ValidationException', 'Maximum capacity cannot be less than minimum capacity');
    const target: ScalableTarget = {
      ServiceNamespace,
      RoleARN: undefined,
      CreationTime: new Date(this.#parts.clock.nowMs),
      ...before,
      ResourceId,
      ScalableDimension,
      MinCapacity,
      MaxCapacity,
      SuspendedState: { ...before?.SuspendedState, ...input.SuspendedState },
    };
    this.#targets.set(ResourceId, target);
    for (const scaled of this.#scaled) if (scaled.service === service) scaled.target = target;
    const { accountId, region } = this.#parts;
    const ScalableTargetARN =
      target.ScalableTargetARN ??
      `arn:aws:application-autoscaling:${region}:${accountId}:scalable-target/${ResourceId.replaceAll('/', '-')}`;
    return { ScalableTargetARN };
  }

  /** `service/CLUSTER/NAME`. */
  #serviceOf(resourceId: string): ServiceTruth | undefined {
    const [, cluster, name] = resourceId.split('/');
    return this.#ecs
      .services()
      .find((service) => service.serviceName === name && service.cluster === cluster);
  }
}
