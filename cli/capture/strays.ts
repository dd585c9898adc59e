/** What points to nothing, because the cluster moved while it was read. Pure. */
import { idOf } from '../../functions/aws/batches.ts';
import type { Capture } from '../../simulator/capture/capture.ts';

/**
 * Takes out, in place, what names something that the capture does not hold: instances that EC2 does not know yet or any
 * more, then hosts on them, then tasks on those.
 *
 * @returns a sentence for each kind of thing left out
 */
export function withoutStrays(capture: Capture): string[] {
  const { ecs, autoScaling, ec2 } = capture;
  const instances = new Set(ec2.instances.map(({ InstanceId }) => InstanceId));
  const notes: string[] = [];
  const left = (count: number, what: string) => {
    if (count > 0) notes.push(`${count} ${what} left out: they came or went while the cluster was read`);
  };

  let members = 0;
  for (const group of [...autoScaling.autoScalingGroups, ...autoScaling.warmPools]) {
    const known = (group.Instances ?? []).filter(({ InstanceId }) => instances.has(InstanceId));
    members += (group.Instances ?? []).length - known.length;
    group.Instances = known;
  }
  left(members, 'members of groups');

  // A ghost's instance is gone, and an external host never was one: both are part of the picture.
  const hosts = ecs.containerInstances.filter(
    ({ agentConnected, ec2InstanceId }) =>
      agentConnected === false || ec2InstanceId?.startsWith('mi-') || instances.has(ec2InstanceId),
  );
  left(ecs.containerInstances.length - hosts.length, 'container instances');
  ecs.containerInstances = hosts;

  const hostIds = new Set(hosts.map(({ containerInstanceArn }) => idOf(containerInstanceArn)));
  const definitions = new Set(ecs.taskDefinitions.map(({ taskDefinitionArn }) => taskDefinitionArn));
  const services = new Set(ecs.services.map(({ serviceName }) => `service:${serviceName}`));
  const tasks = ecs.tasks.filter(
    ({ lastStatus, containerInstanceArn, taskDefinitionArn, group = '' }) =>
      lastStatus === 'STOPPED' ||
      ((containerInstanceArn === undefined || hostIds.has(idOf(containerInstanceArn))) &&
        definitions.has(taskDefinitionArn) &&
        (!group.startsWith('service:') || services.has(group))),
  );
  left(ecs.tasks.length - tasks.length, 'tasks');
  ecs.tasks = tasks;
  return notes;
}
