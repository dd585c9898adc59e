/**
 * Service deployments and revisions as callers see them: the history behind a service's `deployments`.
 * Source: Amazon ECS API reference, ListServiceDeployments, DescribeServiceDeployments, DescribeServiceRevisions.
 */
import type {
  DescribeServiceDeploymentsRequest,
  DescribeServiceDeploymentsResponse,
  DescribeServiceRevisionsRequest,
  DescribeServiceRevisionsResponse,
  ListServiceDeploymentsRequest,
  ListServiceDeploymentsResponse,
  ServiceDeployment,
  ServiceDeploymentStatus,
  ServiceRevision,
} from '@aws-sdk/client-ecs';
import { awsError } from '../../kernel/aws-error.ts';
import { withFailures } from '../../kernel/pages.ts';
import type { Operation } from '../../world.ts';
import { breakerOf, thresholdOf } from '../circuit-breaker.ts';
import type { DeploymentRecord } from '../deployment-record.ts';
import type { Parts } from '../parts.ts';
import type { ServiceRecord } from '../records.ts';
import { batch, pageOfArns, token } from './inputs.ts';

const DEPLOYMENT_PAGES = { defaultLimit: 20, maxLimit: 100 };
const MOST_ARNS = 20;

/** Older ones cannot be described: "the reason set to MISSING". Source: DescribeServiceDeployments. */
const REVISIONS_SINCE_MS = Date.parse('2024-10-25T00:00:00Z');

interface Entry {
  readonly service: ServiceRecord;
  readonly deployment: DeploymentRecord;
}

export function serviceDeploymentOperations(parts: Parts): Readonly<Record<string, Operation>> {
  const { state } = parts;

  function* entriesOf(service: ServiceRecord): Generator<Entry> {
    if ((service.source.deploymentController?.type ?? 'ECS') !== 'ECS') return;
    // A rollback is part of the deployment that failed, not one of its own.
    for (const deployment of [...service.pastDeployments].reverse())
      if (deployment.rollsBack === undefined && deployment.createdAtMs >= REVISIONS_SINCE_MS)
        yield { service, deployment };
  }

  function entry(serviceDeploymentArn: string): Entry | undefined {
    for (const service of state.services.values())
      for (const found of entriesOf(service))
        if (found.deployment.serviceDeploymentArn === serviceDeploymentArn) return found;
    return undefined;
  }

  function list(input: ListServiceDeploymentsRequest): ListServiceDeploymentsResponse {
    const service = state.serviceIn(state.cluster(input.cluster), input.service ?? '');
    if (!service) throw awsError('ServiceNotFoundException', 'Service not found.');
    const { before, after } = input.createdAt ?? {};
    const found = [...entriesOf(service)]
      .map((one) => pictureOf(one))
      .filter(
        ({ status, createdAt }) =>
          (!input.status?.length || (status !== undefined && input.status.includes(status))) &&
          (!before || (createdAt !== undefined && createdAt < before)) &&
          (!after || (createdAt !== undefined && createdAt > after)),
      );
    const arns = found.map(({ serviceDeploymentArn }) => serviceDeploymentArn ?? '');
    const page = pageOfArns(arns, 'ListServiceDeployments', input, DEPLOYMENT_PAGES);
    const shown = new Set(page.items);
    return {
      serviceDeployments: found
        .filter(({ serviceDeploymentArn }) => shown.has(serviceDeploymentArn ?? ''))
        .map(({ targetServiceRevision, ...rest }) => {
          const { serviceDeploymentArn, serviceArn, clusterArn, startedAt, createdAt, finishedAt } = rest;
          return {
            serviceDeploymentArn,
            serviceArn,
            clusterArn,
            startedAt,
            createdAt,
            ...(finishedAt && { finishedAt }),
            targetServiceRevisionArn: targetServiceRevision?.arn,
            status: rest.status,
            statusReason: rest.statusReason,
          };
        }),
      ...token(page.nextToken),
    };
  }

  function describe(input: DescribeServiceDeploymentsRequest): DescribeServiceDeploymentsResponse {
    const wanted = batch(input.serviceDeploymentArns, MOST_ARNS, 'Service deployments');
    const { done, failures } = withFailures<string, ServiceDeployment>(wanted, (arn) => {
      const found = entry(arn);
      return found ? pictureOf(found) : { failure: { arn, reason: 'MISSING' } };
    });
    return { serviceDeployments: done, failures };
  }

  function describeRevisions(input: DescribeServiceRevisionsRequest): DescribeServiceRevisionsResponse {
    const wanted = batch(input.serviceRevisionArns, MOST_ARNS, 'Service revisions');
    const { done, failures } = withFailures<string, ServiceRevision>(
      wanted,
      (arn) => revision(arn) ?? { failure: { arn, reason: 'MISSING' } },
    );
    return { serviceRevisions: done, failures };
  }

  function revision(arn: string): ServiceRevision | undefined {
    const captured = parts.capture.ecs.serviceRevisions.find((one) => one.serviceRevisionArn === arn);
    if (captured) return captured;
    for (const service of state.services.values())
      for (const { revisionArn, definition, createdAtMs } of service.pastDeployments)
        if (revisionArn === arn && createdAtMs >= REVISIONS_SINCE_MS)
          return {
            serviceRevisionArn: arn,
            serviceArn: service.serviceArn,
            clusterArn: service.clusterRecord.arn,
            taskDefinition: definition.arn,
            ...(service.strategy.length > 0
              ? { capacityProviderStrategy: [...service.strategy] }
              : { launchType: service.source.launchType ?? 'EC2' }),
            ...(service.source.networkConfiguration && {
              networkConfiguration: service.source.networkConfiguration,
            }),
            loadBalancers: service.source.loadBalancers ?? [],
            createdAt: new Date(createdAtMs),
          };
    return undefined;
  }

  return {
    ListServiceDeployments: list,
    DescribeServiceDeployments: describe,
    DescribeServiceRevisions: describeRevisions,
  };
}

function pictureOf({ service, deployment }: Entry): ServiceDeployment {
  const { deploymentConfiguration } = service.source;
  const rollback = service.pastDeployments.find(({ rollsBack }) => rollsBack === deployment.id);
  const status = statusOf(service, deployment, rollback);
  const finishedAtMs = rollback ? rollback.finishedAtMs : deployment.finishedAtMs;
  const summary = (arn: string, running: number, pending: number) => ({
    arn,
    requestedTaskCount: deployment === service.primary ? service.desired : 0,
    runningTaskCount: running,
    pendingTaskCount: pending,
  });
  return {
    serviceDeploymentArn: deployment.serviceDeploymentArn,
    serviceArn: service.serviceArn,
    clusterArn: service.clusterRecord.arn,
    createdAt: new Date(deployment.createdAtMs),
    startedAt: new Date(deployment.createdAtMs),
    updatedAt: new Date(deployment.updatedAtMs),
    ...(finishedAtMs !== undefined && { finishedAt: new Date(finishedAtMs) }),
    ...(status === 'STOPPED' &&
      finishedAtMs !== undefined && {
        stoppedAt: new Date(finishedAtMs),
      }),
    sourceServiceRevisions: deployment.sourceRevisionArn ? [{ arn: deployment.sourceRevisionArn }] : [],
    targetServiceRevision: summary(deployment.revisionArn, deployment.running, deployment.pending),
    status,
    statusReason: deployment.rolloutStateReason,
    ...(deploymentConfiguration && { deploymentConfiguration }),
    ...(rollback && {
      rollback: {
        reason: deployment.rolloutStateReason,
        startedAt: new Date(rollback.createdAtMs),
        serviceRevisionArn: rollback.revisionArn,
      },
    }),
    deploymentCircuitBreaker: {
      status: !breakerOf(service)
        ? 'DISABLED'
        : deployment.rolloutState === 'FAILED'
          ? 'TRIGGERED'
          : deployment.rolloutState === 'COMPLETED'
            ? 'MONITORING_COMPLETE'
            : 'MONITORING',
      failureCount: deployment.failedTasks,
      threshold: thresholdOf(service),
    },
  };
}

/** One that another one overtook, or that failed without a way back, is STOPPED. Source: ServiceDeployment.stoppedAt. */
function statusOf(
  service: ServiceRecord,
  deployment: DeploymentRecord,
  rollback: DeploymentRecord | undefined,
): ServiceDeploymentStatus {
  if (rollback) {
    if (rollback.rolloutState === 'COMPLETED') return 'ROLLBACK_SUCCESSFUL';
    return rollback.rolloutState === 'FAILED' ? 'ROLLBACK_FAILED' : 'ROLLBACK_IN_PROGRESS';
  }
  if (deployment.rolloutState === 'COMPLETED') return 'SUCCESSFUL';
  return deployment.rolloutState === 'FAILED' || deployment !== service.primary ? 'STOPPED' : 'IN_PROGRESS';
}
