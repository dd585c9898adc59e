/** The last look before hosts are ended: everything that would make it wrong, read anew, for all of a step at once. */
import type { ContainerInstance } from '@aws-sdk/client-ecs';
import { describeGroupInstances } from '../aws/auto-scaling-groups.ts';
import { idOf, present, unique } from '../aws/batches.ts';
import { autoScaling, ec2, ecs } from '../aws/clients.ts';
import { describeContainerInstances, registeredAmong } from '../aws/container-instances.ts';
import { serviceNameOf } from '../aws/facts/tasks.ts';
import { isTerminationProtected } from '../aws/instances.ts';
import { describeServices } from '../aws/services.ts';
import { describeTasks, listTaskArns } from '../aws/tasks.ts';
import type { Acts } from '../edge/run-state.ts';

type Termination = Acts['terminate'][number];

/** Instance id → why the host must not be ended now; those that may are absent. */
export async function whyNotTerminate(
  cluster: string,
  hosts: readonly Termination[],
): Promise<ReadonlyMap<string, string>> {
  const arns = present(hosts.map((host) => host.containerInstanceArn));
  const drained = present(
    hosts.filter((host) => host.because !== 'dead').map((host) => host.containerInstanceArn),
  );
  const unregistered = hosts.filter((host) => host.containerInstanceArn === undefined);
  const [details, containers, joined, guarded, busy] = await Promise.all([
    describeGroupInstances(
      autoScaling,
      hosts.map((host) => host.instanceId),
    ),
    describeContainerInstances(ecs, cluster, arns),
    registeredAmong(
      ecs,
      cluster,
      unregistered.map((host) => host.instanceId),
    ),
    Promise.all(hosts.map((host) => isTerminationProtected(ec2, host.instanceId))),
    busyHosts(cluster, drained),
  ]);
  const detailsOf = new Map(details.map((one) => [one.InstanceId, one]));
  const containerOf = new Map(containers.map((one) => [idOf(one.containerInstanceArn), one]));
  const reasons = hosts.map((host, at) => {
    const group = detailsOf.get(host.instanceId);
    const reason =
      refusedByGroup(host, group?.AutoScalingGroupName, group?.LifecycleState) ??
      (guarded[at] === true ? 'disableApiTermination is set on it' : undefined) ??
      // A host may join at any moment, and ECS places tasks on it at once: it has to be drained like any other.
      (joined.has(host.instanceId) ? 'it has joined the cluster meanwhile' : undefined) ??
      refusedByCluster(host, containerOf.get(idOf(host.containerInstanceArn)), busy);
    return [host.instanceId, reason] as const;
  });
  return new Map(reasons.flatMap(([id, reason]) => (reason === undefined ? [] : [[id, reason] as const])));
}

function refusedByGroup(host: Termination, group: string | undefined, state = ''): string | undefined {
  if (group !== host.autoScalingGroupName) {
    return `Auto Scaling does not list it in ${host.autoScalingGroupName} any more`;
  }
  if (state !== 'InService' && host.because !== 'dead') return `it is ${state}, not InService`;
  return state.startsWith('Terminat') ? `it is ${state} already` : undefined;
}

function refusedByCluster(
  host: Termination,
  container: ContainerInstance | undefined,
  busy: ReadonlyMap<string, string>,
): string | undefined {
  // What ECS has forgotten holds no task any more.
  if (container === undefined) return undefined;
  if (host.because === 'dead') return container.agentConnected ? 'its agent is back' : undefined;
  if (container.status !== 'DRAINING') return `ECS has it ${container.status}, not DRAINING`;
  return busy.get(idOf(host.containerInstanceArn));
}

/**
 * Container instance id → a task on it that is not gone, but daemons'. A task whose desired status is STOPPED may still
 * serve and still be stopping: only its last status says that it is gone (Amazon ECS API reference,
 * ContainerInstance.runningTasksCount counts by desired status and is no proof).
 */
async function busyHosts(
  cluster: string,
  containerInstances: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const lists = await Promise.all(
    containerInstances.flatMap((containerInstance) =>
      (['RUNNING', 'STOPPED'] as const).map((desiredStatus) =>
        listTaskArns(ecs, cluster, { desiredStatus, containerInstance }),
      ),
    ),
  );
  const tasks = await describeTasks(ecs, cluster, unique(lists.flat()));
  const alive = tasks.filter((task) => task.lastStatus !== 'STOPPED');
  const names = unique(present(alive.map(serviceNameOf)));
  const services = names.length === 0 ? [] : await describeServices(ecs, cluster, names);
  const daemons = new Set(
    services.filter((one) => one.schedulingStrategy === 'DAEMON').map((one) => one.serviceName),
  );
  return new Map(
    alive
      .filter((task) => !daemons.has(serviceNameOf(task)))
      .map((task) => [
        idOf(task.containerInstanceArn),
        `task ${idOf(task.taskArn)} of ${task.group} is ${task.lastStatus}`,
      ]),
  );
}
