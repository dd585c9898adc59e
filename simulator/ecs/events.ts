/**
 * ECS's own events. Source of the shapes: Amazon ECS developer guide, ecs_container_instance_events, ecs_task_events,
 * ecs_service_events. Details are made of pictures, which never change, when somebody reads them: most events are
 * matched by no rule.
 */
import type { ContainerInstance, Task } from '@aws-sdk/client-ecs';
import type { ServiceEvent } from '../world.ts';

export function containerInstanceEvent(
  picture: ContainerInstance,
  clusterArn: string,
  nowMs: number,
): ServiceEvent {
  return lazyEvent('ECS Container Instance State Change', picture.containerInstanceArn ?? '', () => {
    const { runningTasksCount: _, pendingTasksCount: __, healthStatus: ___, tags: ____, ...shown } = picture;
    return plain({ ...shown, clusterArn, updatedAt: new Date(nowMs) });
  });
}

/** Source: Amazon ECS developer guide, ecs_container_instance_health_events. */
export function hostHealthEvent(picture: ContainerInstance, clusterArn: string): ServiceEvent {
  return lazyEvent('ECS Container Instance Health Change', picture.containerInstanceArn ?? '', () => {
    const { containerInstanceArn, ec2InstanceId, capacityProviderName, healthStatus } = picture;
    return plain({
      clusterArn,
      containerInstanceArn,
      capacityProviderName: capacityProviderName ?? null,
      ec2InstanceId,
      overallStatus: healthStatus?.overallStatus,
      healthChecks: healthStatus?.details,
    });
  });
}

export function taskEvent(picture: Task, nowMs: number): ServiceEvent {
  return lazyEvent('ECS Task State Change', picture.taskArn ?? '', () => {
    const { healthStatus: _, tags: __, ...shown } = picture;
    return plain({ ...shown, updatedAt: new Date(nowMs) });
  });
}

export function serviceActionEvent(
  serviceArn: string,
  clusterArn: string,
  detail: Readonly<Record<string, unknown>>,
  nowMs: number,
): ServiceEvent {
  return lazyEvent('ECS Service Action', serviceArn, () =>
    plain({ ...detail, clusterArn, createdAt: new Date(nowMs) }),
  );
}

/** Source: Amazon ECS developer guide, ecs_service_deployment_events. */
export function deploymentEvent(
  serviceArn: string,
  detail: Readonly<Record<string, unknown>>,
  nowMs: number,
): ServiceEvent {
  return lazyEvent('ECS Deployment State Change', serviceArn, () =>
    plain({ ...detail, updatedAt: new Date(nowMs) }),
  );
}

function lazyEvent(
  detailType: string,
  resource: string,
  make: () => Readonly<Record<string, unknown>>,
): ServiceEvent {
  return {
    source: 'aws.ecs',
    detailType,
    resources: [resource],
    get detail() {
      return make();
    },
    isLasting: true,
    delivery: 'durable',
  };
}

/** Dates as the bus carries them. */
function plain(detail: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return JSON.parse(JSON.stringify(detail)) as Readonly<Record<string, unknown>>;
}
