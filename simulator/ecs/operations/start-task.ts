/**
 * StartTask: tasks on the hosts that the caller names, without strategies.
 * Source: Amazon ECS API reference, StartTask (10 hosts a call); developer guide, api_failures_messages.
 */
import type { StartTaskRequest, StartTaskResponse, Task } from '@aws-sdk/client-ecs';
import { awsError } from '../../kernel/aws-error.ts';
import { withFailures } from '../../kernel/pages.ts';
import type { Operation } from '../../world.ts';
import type { Parts } from '../parts.ts';
import { type PlacementRequest, refusalOf, zonesOpenTo } from '../placement.ts';
import { batch } from './inputs.ts';

const MOST_HOSTS = 10;

export function startTaskOperations(parts: Parts): Readonly<Record<string, Operation>> {
  const { state, journal, starter, world } = parts;

  function start(input: StartTaskRequest): StartTaskResponse {
    const cluster = state.cluster(input.cluster);
    const definition = state.definition(input.taskDefinition ?? '');
    if (!definition) throw awsError('ClientException', 'TaskDefinition not found.');
    const group = input.group ?? `family:${definition.family}`;
    const request: PlacementRequest = {
      definition,
      group,
      service: null,
      constraints: [],
      strategy: [],
      zones: zonesOpenTo(definition, input.networkConfiguration, world.ec2),
      capacityProvider: undefined,
    };
    const wanted = batch(input.containerInstances, MOST_HOSTS, 'Container instances');
    const { done, failures } = withFailures<string, Task>(wanted, (each) => {
      const host = state.hostIn(cluster, each);
      if (!host) return { failure: { arn: each, reason: 'MISSING' } };
      const arn = host.containerInstanceArn;
      // Only INACTIVE has a documented reason; a host that drains takes no new task either.
      if (host.status !== 'ACTIVE') return { failure: { arn, reason: 'INACTIVE' } };
      const refusal = refusalOf(host, request);
      if (refusal) return { failure: { arn, reason: refusal } };
      const task = starter.create(
        {
          cluster,
          service: null,
          deployment: null,
          definition,
          group,
          startedBy: input.startedBy,
          source: { launchType: 'EC2', ...(input.tags && { tags: input.tags }) },
        },
        host,
      );
      return journal.tasks.get(task.id) ?? {};
    });
    return { tasks: done, failures };
  }

  return { StartTask: start };
}
