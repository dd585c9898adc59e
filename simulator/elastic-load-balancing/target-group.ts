/** One target group with its targets, each on its way from `initial` to `healthy`, `unhealthy` or out. */
import type {
  TargetGroup,
  TargetGroupAttribute,
  TargetHealth,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Timer } from '../kernel/clock.ts';

export type TargetState = 'initial' | 'healthy' | 'unhealthy' | 'draining';

export interface Target {
  readonly id: string;
  readonly port: number;
  readonly zone: string;
  state: TargetState;
  /** Pending change of state, if any. */
  timer: Timer | undefined;
  /** Run when its deregistration is over. */
  readonly unused: (() => void)[];
}

export interface TargetGroupRecord {
  readonly arn: string;
  readonly shape: TargetGroup;
  readonly attributes: readonly TargetGroupAttribute[];
  readonly targets: Map<string, Target>;
}

/**
 * Defaults where the capture is silent. Source: Elastic Load Balancing user guides, target-group-health-checks (HTTP:
 * every 30 s, healthy after 5, unhealthy after 2) and edit-target-group-attributes (300 s).
 */
const DEFAULTS = { intervalSeconds: 30, healthyCount: 5, unhealthyCount: 2, deregistrationSeconds: 300 };

export function keyOf(target: { readonly id: string; readonly port: number }): string {
  return `${target.id}:${target.port}`;
}

/**
 * Seconds until a target that answers is healthy: every check of the threshold. An Application Load Balancer may call
 * a *new* target healthy after its first check; the slower reading holds for all kinds.
 */
export function secondsToHealthy({ shape }: TargetGroupRecord): number {
  return (
    (shape.HealthyThresholdCount ?? DEFAULTS.healthyCount) *
    (shape.HealthCheckIntervalSeconds ?? DEFAULTS.intervalSeconds)
  );
}

export function secondsToUnhealthy({ shape }: TargetGroupRecord): number {
  return (
    (shape.UnhealthyThresholdCount ?? DEFAULTS.unhealthyCount) *
    (shape.HealthCheckIntervalSeconds ?? DEFAULTS.intervalSeconds)
  );
}

/** The whole delay, always: that the last connection may end sooner is luck. */
export function deregistrationSeconds({ attributes }: TargetGroupRecord): number {
  const value = attributes.find(({ Key }) => Key === 'deregistration_delay.timeout_seconds')?.Value;
  const seconds = Number(value ?? DEFAULTS.deregistrationSeconds);
  return Number.isFinite(seconds) ? seconds : DEFAULTS.deregistrationSeconds;
}

/** Source: Elastic Load Balancing API reference, TargetHealth: reasons and descriptions. */
const HEALTH: Readonly<Record<TargetState, TargetHealth>> = {
  initial: {
    State: 'initial',
    Reason: 'Elb.RegistrationInProgress',
    Description: 'Target registration is in progress',
  },
  healthy: { State: 'healthy' },
  unhealthy: {
    State: 'unhealthy',
    Reason: 'Target.FailedHealthChecks',
    Description: 'Health checks failed',
  },
  draining: {
    State: 'draining',
    Reason: 'Target.DeregistrationInProgress',
    Description: 'Target deregistration is in progress',
  },
};

export function healthShape(state: TargetState): TargetHealth {
  return { ...HEALTH[state] };
}

/** What a read answers for a target that was asked for by name and is not registered. */
export const NOT_REGISTERED: TargetHealth = {
  State: 'unused',
  Reason: 'Target.NotRegistered',
  Description: 'Target is not registered to the target group',
};
