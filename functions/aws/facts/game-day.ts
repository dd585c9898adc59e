/** Services as the decisions of a game day see them. */
import type { Service, Task } from '@aws-sdk/client-ecs';
import type { GameDayService, GameDayTask, StoppedTask } from '../../core/game-day/facts.ts';
import { GAME_DAY_TAG } from '../../core/game-day/steady.ts';
import { idOf, present, unique } from '../batches.ts';
import { describeContainerInstances } from '../container-instances.ts';
import { readEachService } from '../services.ts';
import { readTargetHealth } from '../target-health.ts';
import { describeTaskDefinitions } from '../task-definitions.ts';
import { describeTasks, listTasks, readTaskProtection } from '../tasks.ts';
import { codeToStart, type RedeployClients } from './redeploy.ts';
import { serviceFacts, targetGroupsOf } from './services.ts';
import { taskFacts } from './tasks.ts';

/**
 * A scheduler that is content says so; what it said before is over. Source: Amazon ECS developer guide,
 * service-event-messages.
 */
const STEADY = /has reached a steady state/;
const TROUBLE = /unable to|unhealthy|failed|throttled|limit was exceeded|rolling back/i;

/** By service name; one that is not there (any more) has no entry. */
export async function readGameDayServices(
  clients: RedeployClients,
  cluster: string,
  names: readonly string[],
  region: string,
  nowMs: number,
): Promise<ReadonlyMap<string, GameDayService>> {
  const read = (service: Service) => readService(clients, cluster, service, region, nowMs);
  return readEachService(clients.ecs, cluster, names, read, ['TAGS']);
}

async function readService(
  clients: RedeployClients,
  cluster: string,
  service: Service,
  region: string,
  nowMs: number,
): Promise<GameDayService> {
  const { ecs, elb } = clients;
  const serviceName = service.serviceName ?? '';
  const [tasks, targets] = await Promise.all([
    listTasks(ecs, cluster, { desiredStatus: 'RUNNING', serviceName }),
    readTargetHealth(elb, targetGroupsOf(service)),
  ]);
  const hosts = await describeContainerInstances(
    ecs,
    cluster,
    unique(present(tasks.map((task) => task.containerInstanceArn))),
  );
  const definitions = await describeTaskDefinitions(
    ecs,
    present(tasks.map((task) => task.taskDefinitionArn)),
  );
  const protectedUntil = await readTaskProtection(ecs, cluster, present(tasks.map((task) => task.taskArn)));
  const context = {
    nowMs,
    instanceIds: new Map(hosts.map((host) => [idOf(host.containerInstanceArn), host.ec2InstanceId ?? ''])),
    services: new Map([[serviceName, service]]),
    definitions: new Map(definitions.map((one) => [one.taskDefinitionArn ?? '', one])),
    targets,
    protectedUntil,
  };
  const draining = new Set(
    hosts.filter(({ status }) => status === 'DRAINING').map((host) => host.containerInstanceArn),
  );
  const facts = serviceFacts(service, 0);
  const code = await codeToStart(clients, tasks, region);
  const failed = (service.deployments ?? []).find(({ rolloutState }) => rolloutState === 'FAILED');
  return {
    optedIn: isOptedIn(service),
    schedulingStrategy: facts.schedulingStrategy,
    desiredCount: facts.desiredCount,
    runningCount: facts.runningCount,
    pendingCount: facts.pendingCount,
    minimumHealthyPercent: facts.minimumHealthyPercent,
    deploying: facts.deploying,
    ...(failed && { deploymentFailed: failed.rolloutStateReason ?? 'ECS gives no reason' }),
    trouble: troubleIn(service),
    ...(code.is === 'gone' && { imageGone: code.image }),
    tasks: tasks.map((task) => taskNow(task, taskFacts(task, context), draining)),
  };
}

function taskNow(
  task: Task,
  { taskArn, healthy, protectedUntilMs, createdAtMs }: ReturnType<typeof taskFacts>,
  draining: ReadonlySet<string | undefined>,
): GameDayTask {
  return {
    taskArn,
    zone: task.availabilityZone ?? '',
    host: task.containerInstanceArn ?? taskArn,
    createdAtMs,
    healthy,
    isProtected: protectedUntilMs !== undefined,
    leaves: draining.has(task.containerInstanceArn) && task.containerInstanceArn !== undefined,
  };
}

function isOptedIn({ tags = [] }: Service): boolean {
  return tags.some(({ key, value }) => key === GAME_DAY_TAG && value?.trim().toLowerCase() === 'true');
}

/** Messages of trouble that no steady state came after, the newest first. */
function troubleIn(service: Service): GameDayService['trouble'] {
  const events = (service.events ?? [])
    .map(({ createdAt, message = '' }) => ({ atMs: createdAt?.getTime() ?? 0, message }))
    .sort((left, right) => right.atMs - left.atMs);
  const steady = events.findIndex(({ message }) => STEADY.test(message));
  return (steady < 0 ? events : events.slice(0, steady)).filter(({ message }) => TROUBLE.test(message));
}

/** What ECS says of a task that was told to stop; undefined once it has forgotten it. */
export async function readStopped(
  { ecs }: Pick<RedeployClients, 'ecs'>,
  cluster: string,
  taskArn: string,
): Promise<StoppedTask | undefined> {
  const [task] = await describeTasks(ecs, cluster, [taskArn]);
  if (task === undefined) return undefined;
  return {
    taskArn,
    desiredStatus: task.desiredStatus === 'STOPPED' ? 'STOPPED' : 'RUNNING',
    ...(task.stopCode !== undefined && { stopCode: task.stopCode }),
    ...(task.stoppedReason !== undefined && { stoppedReason: task.stoppedReason }),
  };
}
