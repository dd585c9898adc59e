/** The first lines of a log: every host, container instance, task and service as it stands, told as if it had just come. */
import type { Observation } from './observation.ts';
import type { Truth } from './truth.ts';

export function* presentState(truth: Truth): Generator<Observation> {
  for (const { instanceId, imageId, group, zone, state } of truth.hosts())
    yield { kind: 'host', instanceId, image: imageId, group, zone, state };
  for (const { group, minSize, maxSize, desiredCapacity } of truth.groups())
    yield {
      kind: 'group',
      group,
      minSize,
      maxSize,
      desiredCapacity,
      actor: { kind: 'aws', name: 'capture' },
    };
  for (const { instanceId, group, lifecycleState } of truth.hosts())
    if (group !== null && lifecycleState !== null)
      yield { kind: 'lifecycle', instanceId, group, lifecycleState };
  for (const host of truth.containerInstances()) {
    const { instanceId, containerInstanceArn, cluster, status, agentConnected } = host;
    yield { kind: 'container-instance', instanceId, containerInstanceArn, cluster, status, agentConnected };
  }
  for (const task of truth.tasks()) {
    const { taskArn, group, cluster, instanceId, lastStatus, desiredStatus, healthy, daemon } = task;
    const { cause, replaces } = task;
    yield {
      kind: 'task',
      taskArn,
      group,
      cluster,
      instanceId,
      lastStatus,
      desiredStatus,
      healthy,
      daemon,
      ...(cause && { cause }),
      ...(replaces !== null && { replaces }),
    };
  }
  for (const { serviceName, cluster, desired, healthy } of truth.services())
    yield { kind: 'service', serviceName, cluster, desired, healthy };
}
