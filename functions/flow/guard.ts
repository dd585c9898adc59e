/** The last look before a host is ended: everything that would make it wrong, read anew. */
import { describeGroupInstances } from '../aws/auto-scaling-groups.ts';
import { idOf } from '../aws/batches.ts';
import { autoScaling, ec2, ecs } from '../aws/clients.ts';
import { describeContainerInstances } from '../aws/container-instances.ts';
import { serviceNameOf } from '../aws/facts/tasks.ts';
import { isTerminationProtected } from '../aws/instances.ts';
import { describeServices } from '../aws/services.ts';
import { listTasks } from '../aws/tasks.ts';
import type { Acts } from '../edge/run-state.ts';

type Termination = Acts['terminate'][number];

/** Why this host must not be ended now; undefined when it may. */
export async function whyNotTerminate(cluster: string, host: Termination): Promise<string | undefined> {
  const [details] = await describeGroupInstances(autoScaling, [host.instanceId]);
  if (details?.AutoScalingGroupName !== host.autoScalingGroupName) {
    return `Auto Scaling does not list it in ${host.autoScalingGroupName} any more`;
  }
  if (details.LifecycleState !== 'InService' && host.because !== 'dead') {
    return `it is ${details.LifecycleState}, not InService`;
  }
  if (details.LifecycleState?.startsWith('Terminat')) return `it is ${details.LifecycleState} already`;
  if (await isTerminationProtected(ec2, host.instanceId)) return 'disableApiTermination is set on it';

  const arn = host.containerInstanceArn;
  if (arn === undefined) return undefined;
  const [container] = await describeContainerInstances(ecs, cluster, [arn]);
  if (container === undefined) return undefined;
  if (host.because === 'dead') return container.agentConnected ? 'its agent is back' : undefined;
  if (container.status !== 'DRAINING') return `ECS has it ${container.status}, not DRAINING`;
  return busyWith(cluster, arn);
}

/**
 * A task whose desired status is STOPPED may still serve and still be stopping: only its last status says that it is gone
 * (Amazon ECS API reference, ContainerInstance.runningTasksCount counts by desired status and is no proof).
 */
async function busyWith(cluster: string, containerInstance: string): Promise<string | undefined> {
  const lists = await Promise.all(
    (['RUNNING', 'STOPPED'] as const).map((desiredStatus) =>
      listTasks(ecs, cluster, { desiredStatus, containerInstance }),
    ),
  );
  const alive = lists.flat().filter((task) => task.lastStatus !== 'STOPPED');
  if (alive.length === 0) return undefined;
  const names = [...new Set(alive.flatMap((task) => serviceNameOf(task) ?? []))];
  const services = await describeServices(ecs, cluster, names);
  const daemons = new Set(
    services.filter((one) => one.schedulingStrategy === 'DAEMON').map((one) => one.serviceName),
  );
  const busy = alive.find((task) => !daemons.has(serviceNameOf(task)));
  return busy && `task ${idOf(busy.taskArn)} of ${busy.group} is ${busy.lastStatus}`;
}
