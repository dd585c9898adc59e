/**
 * Sources: TT = Amazon ECS developer guide, service-autoscaling-targettracking; CD = Application Auto Scaling user guide,
 * target-tracking-scaling-policy-overview (cooldowns, several policies); API = RegisterScalableTarget, SuspendedState.
 */
import type {
  DescribeScalableTargetsResponse,
  ScalingPolicy,
} from '@aws-sdk/client-application-auto-scaling';
import { describe, expect, it } from 'vitest';
import { ServiceScaling } from '../../../simulator/application-auto-scaling/service.ts';
import { VirtualClock } from '../../../simulator/kernel/clock.ts';
import { RandomStreams } from '../../../simulator/kernel/random.ts';
import type { ServiceTruth } from '../../../simulator/truth.ts';
import type { Operation, World } from '../../../simulator/world.ts';

const RESOURCE = 'service/prod/web';

interface Options {
  readonly min?: number;
  readonly max?: number;
  readonly policy?: ScalingPolicy['TargetTrackingScalingPolicyConfiguration'] | null;
  readonly fromDesired?: boolean;
}

/** A service of ten healthy tasks under a policy of 50 % CPU; whoever tests says how many are healthy. */
function scaled({ min = 2, max = 40, policy, fromDesired = true }: Options = {}) {
  const service = {
    serviceName: 'web',
    serviceArn: RESOURCE,
    cluster: 'prod',
    desired: 10,
    healthy: 10,
    deploying: false,
  };
  const clock = new VirtualClock(0);
  const operations: Record<string, Operation> = {};
  const world = {
    clock,
    random: new RandomStreams(1),
    readings: { scaleOutCountsFromDesired: fromDesired },
    metrics: { publish: () => {} },
    registry: {
      register: (_: string, added: Record<string, Operation>) => void Object.assign(operations, added),
    },
    accountId: '111122223333',
    region: 'eu-west-1',
  } as unknown as World;
  const changes: number[] = [];
  const ecs = {
    services: () => [service as unknown as ServiceTruth],
    scaleService: (_: string, desired: number) => {
      changes.push(desired);
      service.desired = desired;
    },
  };
  const configuration = {
    TargetValue: 50,
    PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' as const },
    ...policy,
  };
  const scaling = new ServiceScaling(world, ecs, {
    scalableTargets: [
      {
        ServiceNamespace: 'ecs',
        ResourceId: RESOURCE,
        ScalableDimension: 'ecs:service:DesiredCount',
        MinCapacity: min,
        MaxCapacity: max,
        RoleARN: undefined,
        CreationTime: new Date(0),
      },
    ],
    scalingPolicies:
      policy === null
        ? []
        : [
            {
              PolicyName: 'cpu',
              ResourceId: RESOURCE,
              TargetTrackingScalingPolicyConfiguration: configuration,
            } as never,
          ],
  });
  clock.install();
  scaling.seed();
  return {
    service,
    changes,
    call: (operation: string, input: object) =>
      operations[operation]?.({ ServiceNamespace: 'ecs', ...input } as never, {} as never),
    async minutes(count: number): Promise<void> {
      const untilMs = clock.nowMs + count * 60_000;
      clock.at(untilMs, () => {});
      await clock.run(() => clock.nowMs >= untilMs, untilMs);
    },
    end: () => clock.uninstall(),
  };
}

async function run(
  options: Options,
  script: (account: ReturnType<typeof scaled>) => Promise<void>,
): Promise<void> {
  const account = scaled(options);
  try {
    await script(account);
  } finally {
    account.end();
  }
}

describe('target tracking of a service', () => {
  it('TT: does nothing while the average is near its target', () =>
    run({}, async ({ minutes, changes }) => {
      await minutes(120);
      expect(changes).toEqual([]);
    }));

  it('changes nothing for a service without a policy', () =>
    run({ policy: null }, async ({ minutes, changes, service }) => {
      service.healthy = 1;
      await minutes(120);
      expect(changes).toEqual([]);
    }));

  it('TT: scales out in proportion after three minutes above', () =>
    run({}, async ({ minutes, changes, service }) => {
      service.healthy = 5;
      await minutes(2.5);
      expect(changes).toEqual([]);
      await minutes(1);
      expect(changes).toHaveLength(1);
      expect(changes[0]).toBeGreaterThanOrEqual(19);
      expect(changes[0]).toBeLessThanOrEqual(20);
    }));

  it.each([
    [true, 13],
    [false, 10],
  ])('whether it counts from the desired count is not documented: %s', (fromDesired, desired) =>
    run({ fromDesired }, async ({ minutes, service }) => {
      service.healthy = 8;
      await minutes(4);
      expect(Math.abs(service.desired - desired)).toBeLessThanOrEqual(fromDesired ? 1 : 0);
    }),
  );

  it('CD: does not scale out again within the cooldown for the same need', () =>
    run({}, async ({ minutes, changes, service }) => {
      service.healthy = 8;
      await minutes(7);
      expect(changes).toHaveLength(1);
    }));

  it('TT: scales in after 15 minutes below 90 % of the target, to what the load needs', () =>
    run({}, async ({ minutes, changes, service }) => {
      service.desired = 20;
      service.healthy = 20;
      await minutes(14.5);
      expect(changes).toEqual([]);
      await minutes(1);
      expect(changes[0]).toBe(10);
    }));

  it('TT: scale-in is off while a deployment is in progress, scale-out is not', () =>
    run({}, async ({ minutes, changes, service }) => {
      Object.assign(service, { desired: 20, healthy: 20, deploying: true });
      await minutes(60);
      expect(changes).toEqual([]);
      service.healthy = 5;
      await minutes(4);
      expect(changes[0]).toBeGreaterThan(20);
    }));

  it('TT: does nothing without data', () =>
    run({}, async ({ minutes, changes, service }) => {
      service.healthy = 0;
      await minutes(60);
      expect(changes).toEqual([]);
    }));

  it('API: stays within the target’s bounds', () =>
    run({ max: 12 }, async ({ minutes, changes, service }) => {
      service.healthy = 2;
      await minutes(10);
      expect(changes).toEqual([12]);
    }));

  it('API: DisableScaleIn leaves what is too much', () =>
    run({ policy: { TargetValue: 50, DisableScaleIn: true } }, async ({ minutes, changes, service }) => {
      Object.assign(service, { desired: 20, healthy: 20 });
      await minutes(60);
      expect(changes).toEqual([]);
    }));

  it('API: RegisterScalableTarget suspends scale-out, and shows it', () =>
    run({}, async ({ minutes, changes, service, call }) => {
      call('RegisterScalableTarget', {
        ResourceId: RESOURCE,
        SuspendedState: { DynamicScalingOutSuspended: true },
      });
      service.healthy = 2;
      await minutes(30);
      expect(changes).toEqual([]);
      const { ScalableTargets } = call('DescribeScalableTargets', {}) as DescribeScalableTargetsResponse;
      expect(ScalableTargets).toMatchObject([
        { MinCapacity: 2, MaxCapacity: 40, SuspendedState: { DynamicScalingOutSuspended: true } },
      ]);
    }));
});
