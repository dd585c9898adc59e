/** What an agent reports of a host. Source: Amazon ECS developer guide, task-placement-constraints. */
import type { Attribute } from '@aws-sdk/client-ecs';

/** For a type of which the cluster has no host: what every Linux agent reports. */
export function defaultAttributes(): Attribute[] {
  return [
    { name: 'ecs.os-type', value: 'linux' },
    { name: 'ecs.os-family', value: 'LINUX' },
    { name: 'ecs.cpu-architecture', value: 'x86_64' },
    { name: 'ecs.capability.task-eni' },
    { name: 'ecs.capability.execution-role-awslogs' },
    { name: 'ecs.capability.container-health-check' },
    { name: 'ecs.capability.task-cpu-mem-limit' },
    { name: 'com.amazonaws.ecs.capability.ecr-auth' },
    { name: 'com.amazonaws.ecs.capability.task-iam-role' },
    { name: 'com.amazonaws.ecs.capability.logging-driver.awslogs' },
    { name: 'com.amazonaws.ecs.capability.docker-remote-api.1.18' },
    { name: 'com.amazonaws.ecs.capability.docker-remote-api.1.19' },
    { name: 'com.amazonaws.ecs.capability.docker-remote-api.1.21' },
  ];
}
