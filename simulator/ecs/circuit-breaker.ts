/**
 * The deployment circuit breaker: when failed tasks end a deployment.
 * Source: Amazon ECS developer guide, deployment-circuit-breaker; API reference, DeploymentCircuitBreaker,
 * ThresholdConfiguration and Deployment.failedTasks. Only rolling updates of the ECS controller have it.
 */
import type { DeploymentRecord } from './deployment-record.ts';
import type { ServiceRecord } from './records.ts';

const DEFAULT_PERCENT = 50;
const LEAST_THRESHOLD = 3;
const GREATEST_THRESHOLD = 200;

/** How a task failed: it never came to RUNNING, was stopped by its health checks, or ended right after RUNNING. */
export type TaskFailure = 'start' | 'check' | 'exit';

/** Undefined where nothing watches the deployment. */
export function breakerOf(service: ServiceRecord) {
  const { deploymentController, deploymentConfiguration } = service.source;
  const breaker = deploymentConfiguration?.deploymentCircuitBreaker;
  return breaker?.enable && (deploymentController?.type ?? 'ECS') === 'ECS' ? breaker : undefined;
}

/** Failed tasks that end a deployment: half of the desired count, rounded up, within 3 and 200 unless it says otherwise. */
export function thresholdOf(service: ServiceRecord): number {
  const { type = 'BOUNDED_PERCENT', value = DEFAULT_PERCENT } =
    service.source.deploymentConfiguration?.deploymentCircuitBreaker?.thresholdConfiguration ?? {};
  if (type === 'COUNT') return value;
  const share = Math.ceil((service.desired * value) / 100);
  if (type === 'UNBOUNDED_PERCENT') return share;
  return Math.min(GREATEST_THRESHOLD, Math.max(LEAST_THRESHOLD, share));
}

/** Two stages: tasks that do not start count until one has run, failed health checks from then on. */
export function counts(deployment: DeploymentRecord, failure: TaskFailure): boolean {
  return failure === 'start' ? !deployment.hasRun : deployment.hasRun;
}
