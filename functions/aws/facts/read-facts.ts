/**
 * The world as it stands now, out of AWS's answers: everything that a plan looks at, or just what a tick needs.
 *
 * A tick is cheap: one cluster-wide list of RUNNING tasks, or what changed of a large one (read-running.ts), a host's STOPPED list only once it has none RUNNING, targets
 * and protection only of services that the run touches, static things once per container (decisions.md rule 16).
 */
import type { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { Cluster, ContainerInstance, ECSClient, Service, Task } from '@aws-sdk/client-ecs';
import type {
  ElasticLoadBalancingV2Client,
  TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Facts } from '../../core/facts.ts';
import type { RunMemory } from '../../core/memory.ts';
import { readAlarms } from '../alarms.ts';
import { idOf, present, unique } from '../batches.ts';
import { describeCluster } from '../clusters.ts';
import { perContainer } from '../container-memory.ts';
import { describeServices, listServices } from '../services.ts';
import { describeSubnets } from '../subnets.ts';
import {
  learnDeregistrationDelays,
  learnTargetHealth,
  readDeregistrationDelay,
  readTargetHealth,
  TARGET_GROUPS_A_LOOK,
} from '../target-health.ts';
import { describeTaskDefinitions, learnTaskDefinitions } from '../task-definitions.ts';
import { readProtection } from './protection.ts';
import { readHosts, readMembers } from './read-hosts.ts';
import { isLarge, type Remembering, readRunning } from './read-running.ts';
import { readStopped } from './read-stopped.ts';
import { taskDefinitionFacts } from './resources.ts';
import { serviceFacts, targetGroupsOf } from './services.ts';
import { serviceNameOf, taskFacts } from './tasks.ts';

export interface FactClients {
  readonly ecs: ECSClient;
  readonly autoScaling: AutoScalingClient;
  readonly ec2: EC2Client;
  readonly cloudWatch: CloudWatchClient;
  readonly elasticLoadBalancing: ElasticLoadBalancingV2Client;
}

/** What to look at. */
export interface FactScope {
  /** Name or ARN. */
  readonly cluster: string;
  readonly memory: RunMemory;
  readonly nowMs: number;
  readonly alarms: readonly string[];
  /** `whole`: every service, every host's status checks, every task's protection. `tick`: what the run touches. */
  readonly look: 'whole' | 'tick';
  /** Where a large cluster's tasks are kept between looks; without it every look reads all of them. */
  readonly remembering?: Remembering;
}

/** The facts, and beside them what plans read of AWS's own answers. */
export interface World {
  readonly facts: Facts;
  readonly tasks: readonly Task[];
  /** By target group ARN. */
  readonly targets: ReadonlyMap<string, readonly TargetHealthDescription[]>;
  /** EC2 instance ids of the hosts that were asked for the protection of all of their tasks. */
  readonly protectionAskedOn: ReadonlySet<string>;
}

/**
 * @returns undefined when the cluster is too large to be read at once: what was read is remembered, and the reading goes on
 * in the next invocation.
 * @throws ClusterMissing when there is no ACTIVE cluster of that name.
 */
export async function readWorld(clients: FactClients, scope: FactScope): Promise<World | undefined> {
  const { ecs } = clients;
  const { memory, nowMs } = scope;
  const cluster = await describeCluster(ecs, scope.cluster);
  if (cluster === undefined) throw new ClusterMissing(scope.cluster);
  const name = cluster.clusterName ?? scope.cluster;
  const isTickOfMany = isLarge(cluster) && scope.look === 'tick';
  const targetsAhead = isTickOfMany ? prefetchTargets(clients, scope) : Promise.resolve();
  // Whoever waits for it hears of its error; nobody does where the look ends before.
  targetsAhead.catch(() => undefined);

  const [found, alarms, listed] = await Promise.all([
    readRunning(ecs, cluster, scope, (containers) => readMembers(clients, cluster, containers, scope)),
    readAlarms(clients.cloudWatch, scope.alarms),
    scope.look === 'whole' && isLarge(cluster) ? learnServices(clients, name, scope) : undefined,
  ]);
  if (found === undefined || listed === 'unfinished') return undefined;
  const { containers, beside: members } = found;
  const [services, stopped] = await Promise.all([
    listed ?? readServices(ecs, name, scope, found.tasks),
    readStopped(ecs, name, scope, containers, found.tasks, found.left, isLarge(cluster)),
  ]);
  const touched = touchedServices(scope, services);
  const untilMs = scope.remembering?.untilMs;
  const groupArns = unique(touched.flatMap(targetGroupsOf));
  const hasManyTargets = groupArns.length > TARGET_GROUPS_A_LOOK;
  // Before what takes all the time that there is: a container that has just started must come to know them.
  if ((isLarge(cluster) || hasManyTargets) && untilMs !== undefined) {
    const learnt = await Promise.all([
      learnTaskDefinitions(ecs, definitionArnsOf(found.tasks, services), untilMs),
      learnTargets(clients.elasticLoadBalancing, groupArns, untilMs),
    ]);
    if (!learnt.every(Boolean)) return undefined;
  }
  const running = await found.withServices(services);
  const tasks = uniqueTasks([...running.tasks, ...stopped.tasks]);
  const definitions = await describeTaskDefinitions(ecs, definitionArnsOf(tasks, services));
  const atRest = new Set(
    (isTickOfMany || hasManyTargets ? servicesAtRest(services, containers, tasks) : []).flatMap(
      targetGroupsOf,
    ),
  );
  if (isTickOfMany) lastTargets().set(scope.cluster, { groupArns, atRest });
  await targetsAhead;
  const [targets, protection, hosts, delays] = await Promise.all([
    readTargetHealth(clients.elasticLoadBalancing, groupArns, {
      atRest,
      ...(isLarge(cluster) && { notBeforeMs: nowMs }),
    }),
    readProtection(ecs, name, scope, containers, tasks, isLarge(cluster)),
    readHosts(clients, members, {
      containers,
      tasks,
      definitions,
      unread: new Set([...running.unread, ...stopped.unread]),
      scope,
    }),
    readDelays(clients, touched),
  ]);
  const subnets = await describeSubnets(clients.ec2, [
    ...members.groups.flatMap((group) => group.subnetIds),
    ...services.flatMap((one) => one.networkConfiguration?.awsvpcConfiguration?.subnets ?? []),
  ]);
  const context = {
    nowMs,
    instanceIds: new Map(
      containers.map((host) => [idOf(host.containerInstanceArn), host.ec2InstanceId ?? '']),
    ),
    services: new Map(services.map((service) => [service.serviceName ?? '', service])),
    definitions: new Map(definitions.map((definition) => [definition.taskDefinitionArn ?? '', definition])),
    targets,
    protectedUntil: protection.untilMs,
  };
  const facts: Facts = {
    observedAtMs: nowMs,
    clusterArn: cluster.clusterArn ?? '',
    clusterName: name,
    clusterTags: tagsOf(cluster),
    defaultCapacityProviders: present(
      (cluster.defaultCapacityProviderStrategy ?? []).map(({ capacityProvider }) => capacityProvider),
    ),
    groups: members.groups,
    hosts,
    services: services.map((service) =>
      serviceFacts(
        service,
        Math.max(0, ...targetGroupsOf(service).map((arn) => delays.get(arn) ?? 0)),
        cluster.defaultCapacityProviderStrategy,
      ),
    ),
    tasks: tasks.map((task) => taskFacts(task, context)),
    taskDefinitions: definitions.map(taskDefinitionFacts),
    alarms,
    subnetZones: Object.fromEntries(
      subnets.map((subnet) => [subnet.SubnetId ?? '', subnet.AvailabilityZone ?? '']),
    ),
    freeAddresses: Object.fromEntries(
      subnets.flatMap(({ SubnetId, AvailableIpAddressCount: free }) =>
        free === undefined ? [] : [[SubnetId ?? '', free]],
      ),
    ),
    memory,
  };
  return { facts, tasks, targets, protectionAskedOn: protection.askedOn };
}

function definitionArnsOf(tasks: readonly Task[], services: readonly Service[]): string[] {
  return present([
    ...tasks.map((task) => task.taskDefinitionArn),
    ...services.map((one) => one.taskDefinition),
  ]);
}

/** There is no such cluster, or it is INACTIVE. */
export class ClusterMissing extends Error {
  constructor(cluster: string) {
    super(`there is no ECS cluster ${cluster} in this account and Region`);
  }
}

export function tagsOf(cluster: Cluster): Readonly<Record<string, string>> {
  return Object.fromEntries((cluster.tags ?? []).map(({ key, value }) => [key ?? '', value ?? '']));
}

/** At a tick: the services of the plan and whatever has tasks now; listing all of them again would find nothing more. */
function readServices(
  ecs: ECSClient,
  cluster: string,
  { look, memory }: FactScope,
  running: readonly Task[],
): Promise<Service[]> {
  if (look === 'whole') return listServices(ecs, cluster);
  const names = unique([
    ...memory.services.map(({ serviceName }) => serviceName),
    ...present(running.map(serviceNameOf)),
  ]);
  return describeServices(ecs, cluster, names);
}

/** Every service, with what never changes of them: for a plan of a cluster whose reading takes several invocations. */
async function learnServices(
  { ecs, elasticLoadBalancing }: FactClients,
  cluster: string,
  { remembering, nowMs }: FactScope,
): Promise<Service[] | 'unfinished'> {
  const services = await listServices(ecs, cluster);
  if (remembering === undefined) return services;
  const groupArns = unique(services.flatMap(targetGroupsOf));
  const learnt = await Promise.all([
    learnTaskDefinitions(ecs, present(services.map((one) => one.taskDefinition)), remembering.untilMs),
    learnTargets(elasticLoadBalancing, groupArns, remembering.untilMs),
  ]);
  if (!learnt.every(Boolean)) return 'unfinished';
  if (groupArns.length <= TARGET_GROUPS_A_LOOK)
    await readTargetHealth(elasticLoadBalancing, groupArns, { notBeforeMs: nowMs });
  return services;
}

/** One after the other: both draw on the same rate. */
async function learnTargets(
  elb: ElasticLoadBalancingV2Client,
  groupArns: readonly string[],
  untilMs: number,
): Promise<boolean> {
  if (!(await learnDeregistrationDelays(elb, groupArns, untilMs))) return false;
  return groupArns.length <= TARGET_GROUPS_A_LOOK || learnTargetHealth(elb, groupArns, untilMs);
}

/** Target groups as the last look at a large cluster found them, by cluster. */
const lastTargets = perContainer(
  () => new Map<string, { readonly groupArns: readonly string[]; readonly atRest: ReadonlySet<string> }>(),
);

/** Beside hosts and tasks, which take most of a look: targets of what moved at the look before, and those that have been believed long enough. */
async function prefetchTargets(
  { elasticLoadBalancing }: FactClients,
  { cluster, nowMs }: FactScope,
): Promise<void> {
  const last = lastTargets().get(cluster);
  if (last === undefined) return;
  await readTargetHealth(elasticLoadBalancing, last.groupArns, { atRest: last.atRest, notBeforeMs: nowMs });
}

/** Services with all their tasks running, and none on a host that drains. */
function servicesAtRest(
  services: readonly Service[],
  containers: readonly ContainerInstance[],
  tasks: readonly Task[],
): Service[] {
  const draining = new Set(
    containers.filter((host) => host.status === 'DRAINING').map((host) => idOf(host.containerInstanceArn)),
  );
  const moving = new Set(
    tasks
      .filter((task) => task.lastStatus !== 'RUNNING' || draining.has(idOf(task.containerInstanceArn)))
      .map(serviceNameOf),
  );
  return services.filter(
    ({ serviceName, desiredCount = 0, runningCount = 0, pendingCount = 0 }) =>
      !moving.has(serviceName) && pendingCount === 0 && runningCount === desiredCount,
  );
}

/** Services that the run moves: all when planning, else those that had tasks on outdated hosts. */
function touchedServices({ look, memory }: FactScope, services: readonly Service[]): Service[] {
  if (look === 'whole') return services.filter(({ launchType }) => launchType !== 'FARGATE');
  const moved = new Set(
    memory.services.filter((service) => service.tasksOnOutdated > 0).map((service) => service.serviceName),
  );
  return services.filter(({ serviceName }) => moved.has(serviceName ?? ''));
}

async function readDelays(
  { elasticLoadBalancing }: FactClients,
  services: readonly Service[],
): Promise<ReadonlyMap<string, number>> {
  const arns = unique(services.flatMap(targetGroupsOf));
  const seconds = await Promise.all(arns.map((arn) => readDeregistrationDelay(elasticLoadBalancing, arn)));
  return new Map(arns.map((arn, at) => [arn, seconds[at] ?? 0]));
}

function uniqueTasks(tasks: readonly Task[]): Task[] {
  return [...new Map(tasks.map((task) => [task.taskArn ?? '', task])).values()];
}
