/** Tasks as callers see, start, stop and protect them. */
import type {
  DescribeTasksRequest,
  DescribeTasksResponse,
  GetTaskProtectionRequest,
  GetTaskProtectionResponse,
  ListTasksRequest,
  ListTasksResponse,
  ProtectedTask,
  RunTaskRequest,
  RunTaskResponse,
  StopTaskRequest,
  StopTaskResponse,
  Task,
  UpdateTaskProtectionRequest,
} from '@aws-sdk/client-ecs';
import { awsError } from '../../kernel/aws-error.ts';
import { viewOfPictures } from '../../kernel/copy.ts';
import { type Failure, withFailures } from '../../kernel/pages.ts';
import type { Call, Operation } from '../../world.ts';
import { idOf } from '../arn.ts';
import { isFargateProvider } from '../capacity-providers/strategy.ts';
import type { Parts } from '../parts.ts';
import { type PlacementRequest, place, zonesOpenTo } from '../placement.ts';
import type { ClusterRecord, TaskRecord } from '../records.ts';
import { reasonOf } from '../service-starts.ts';
import {
  DEFAULT_PROTECTION_MINUTES,
  isProtected,
  LONGEST_PROTECTION_MINUTES,
  protect,
} from '../task-protection.ts';
import { strategyOf } from './capacity-providers.ts';
import { batch } from './inputs.ts';

/** A page of ListTasks. Source: Amazon ECS API reference, ListTasks. */
const MOST_TASKS = 100;

const withoutTags = viewOfPictures((task: Task): Task => ({ ...task, tags: [] }));

export function taskOperations(parts: Parts): Readonly<Record<string, Operation>> {
  const { state, journal, world } = parts;

  /** By desired status, RUNNING unless asked otherwise; PENDING never gives anything. */
  function list(input: ListTasksRequest, call: Call): ListTasksResponse {
    const cluster = state.cluster(input.cluster);
    const { maxResults, nextToken, ...filters } = input;
    const limit = maxResults ?? MOST_TASKS;
    if (limit < 1 || limit > MOST_TASKS)
      throw awsError('InvalidParameterException', `maxResults should be between 1 and ${MOST_TASKS}.`);
    const question = JSON.stringify(filters);
    const after = nextToken === undefined ? -1 : lastOf(nextToken, question);
    const page: TaskRecord[] = [];
    for (const task of candidates(cluster, input, after)) {
      if (task.order <= after || !isListed(task, input, call)) continue;
      page.push(task);
      if (page.length > limit) break;
    }
    const last = page.length > limit ? page[limit - 1] : undefined;
    return {
      taskArns: page.slice(0, limit).map(({ taskArn }) => taskArn),
      ...(last && { nextToken: Buffer.from(JSON.stringify([question, last.order])).toString('base64url') }),
    };
  }

  function isListed(task: TaskRecord, input: ListTasksRequest, call: Call): boolean {
    const picture = journal.tasks.get(task.id, call.lagMs);
    if (!picture || picture.desiredStatus !== (input.desiredStatus ?? 'RUNNING')) return false;
    if (input.family !== undefined && task.definition.family !== input.family) return false;
    if (input.startedBy !== undefined && picture.startedBy !== input.startedBy) return false;
    if (input.launchType !== undefined && picture.launchType !== input.launchType) return false;
    if (input.serviceName !== undefined && task.service?.serviceName !== idOf(input.serviceName))
      return false;
    // A task that waited in PROVISIONING had no host in an older picture.
    return input.containerInstance === undefined || picture.containerInstanceArn !== undefined;
  }

  /** In the order in which they were made. */
  function candidates(cluster: ClusterRecord, input: ListTasksRequest, after: number): Iterable<TaskRecord> {
    if (input.containerInstance !== undefined) {
      const host = state.hostIn(cluster, input.containerInstance);
      if (!host)
        throw awsError('InvalidParameterException', 'Unable to find the specified container instance.');
      return [...host.listedTasks].sort((a, b) => a.order - b.order);
    }
    if (input.serviceName !== undefined) {
      const service = state.serviceIn(cluster, input.serviceName);
      if (!service) throw awsError('ServiceNotFoundException', 'Service not found.');
      return service.listedTasks;
    }
    return inCluster(from(state.listedTasks, state.indexAfter(after)), cluster);
  }

  function describe(input: DescribeTasksRequest, call: Call): DescribeTasksResponse {
    const cluster = state.cluster(input.cluster);
    const { done, failures } = withFailures<string, Task>(batch(input.tasks, 100, 'Tasks'), (wanted) => {
      const task = state.taskIn(cluster, wanted);
      const picture = task && journal.tasks.get(task.id, call.lagMs);
      if (!picture) return { failure: { arn: taskArn(cluster, wanted), reason: 'MISSING' } };
      return input.include?.includes('TAGS') ? picture : withoutTags(picture);
    });
    return { tasks: done, failures };
  }

  function stop(input: StopTaskRequest, call: Call): StopTaskResponse {
    const cluster = state.cluster(input.cluster);
    const task = state.taskIn(cluster, input.task ?? '');
    if (!task) throw awsError('InvalidParameterException', 'The referenced task was not found.');
    parts.stopper.stop(
      task,
      {
        because: 'stop-task',
        actor: call.actor,
        ...(task.instanceId !== null && { instanceId: task.instanceId }),
        text: input.reason ?? 'Task stopped by user',
      },
      'UserInitiated',
    );
    const picture = journal.tasks.get(task.id);
    return picture ? { task: picture } : {};
  }

  function run(input: RunTaskRequest): RunTaskResponse {
    const cluster = state.cluster(input.cluster);
    const definition = state.definition(input.taskDefinition ?? '');
    if (!definition) throw awsError('ClientException', 'TaskDefinition not found.');
    const count = input.count ?? 1;
    if (count < 1 || count > 10)
      throw awsError('InvalidParameterException', 'count should be between 1 and 10.');
    const strategy = strategyOf(parts, cluster, input);
    const chooser = parts.queue.chooser(strategy);
    const group = input.group ?? `family:${definition.family}`;
    const isFargate = input.launchType === 'FARGATE' || isFargateProvider(strategy[0]?.capacityProvider);
    if (isFargate && parts.fargate.isThrottled(strategy[0]?.capacityProvider))
      throw awsError('ThrottlingException', 'Rate exceeded');
    const tasks: Task[] = [];
    const failures: Failure[] = [];
    for (let started = 0; started < count; started++) {
      const provider = chooser.next();
      const request: PlacementRequest = {
        definition,
        group,
        service: null,
        constraints: input.placementConstraints ?? [],
        strategy: input.placementStrategy ?? [],
        zones: zonesOpenTo(definition, input.networkConfiguration, world.ec2),
        capacityProvider: provider,
      };
      const wanted = {
        cluster,
        service: null,
        deployment: null,
        definition,
        group,
        startedBy: input.startedBy,
        capacityProviderName: provider,
        networkConfiguration: input.networkConfiguration,
        source: {
          launchType: isFargate ? 'FARGATE' : (input.launchType ?? 'EC2'),
          ...(input.tags && { tags: input.tags }),
          ...(input.overrides && { overrides: input.overrides }),
        },
      } as const;
      const placed = isFargate
        ? undefined
        : place(cluster.hosts, request, () => world.random.stream('ecs/placement').next());
      if (
        placed &&
        'refusal' in placed &&
        (!parts.providers.letsWait(provider) || parts.queue.isFull(cluster))
      ) {
        failures.push({
          ...(placed.closest && { arn: placed.closest.containerInstanceArn }),
          reason: reasonOf(placed.refusal),
        });
        continue;
      }
      const task = parts.starter.create(wanted, placed && 'host' in placed ? placed.host : null);
      if (placed && 'refusal' in placed) parts.queue.add(task, request);
      const picture = journal.tasks.get(task.id);
      if (picture) tasks.push(picture);
    }
    return { tasks, failures };
  }

  function getProtection(input: GetTaskProtectionRequest, { lagMs }: Call): GetTaskProtectionResponse {
    const cluster = state.cluster(input.cluster);
    const wanted = input.tasks?.length
      ? batch(input.tasks, 100, 'Tasks')
      : [...inCluster(state.aliveTasks, cluster)].flatMap((task) => (task.service ? [task.id] : []));
    const { done, failures } = withFailures<string, ProtectedTask>(wanted, (each) => {
      const task = state.taskIn(cluster, each);
      const picture = task && journal.tasks.get(task.id, lagMs);
      if (!task || !picture) return { failure: { arn: taskArn(cluster, each), reason: 'MISSING' } };
      const failure = unprotectable(task, picture.desiredStatus);
      return failure ? { failure } : protectionOf(task, lagMs);
    });
    return { protectedTasks: done, failures };
  }

  function updateProtection(input: UpdateTaskProtectionRequest): GetTaskProtectionResponse {
    const cluster = state.cluster(input.cluster);
    const minutes = input.expiresInMinutes ?? DEFAULT_PROTECTION_MINUTES;
    if (minutes < 1 || minutes > LONGEST_PROTECTION_MINUTES)
      throw awsError('InvalidParameterException', 'expiresInMinutes should be between 1 and 2880.');
    const { done, failures } = withFailures<string, ProtectedTask>(
      batch(input.tasks, 10, 'Tasks'),
      (each) => {
        const task = state.taskIn(cluster, each);
        if (!task) return { failure: { arn: taskArn(cluster, each), reason: 'MISSING' } };
        const failure = unprotectable(task) ?? (input.protectionEnabled ? blocked(task) : undefined);
        if (failure) return { failure };
        protect(parts, task, input.protectionEnabled ? minutes * 60 : 0);
        return protectionOf(task);
      },
    );
    return { protectedTasks: done, failures };
  }

  /** More protected tasks than desired ones. Source: ECS developer guide, task-scale-in-protection. */
  function blocked(task: TaskRecord): Failure | undefined {
    const { service } = task;
    const { nowMs } = world.clock;
    if (!service || isProtected(task, nowMs)) return undefined;
    let count = 0;
    for (const other of service.alive) if (isProtected(other, nowMs)) count++;
    return count < service.desired
      ? undefined
      : {
          arn: task.taskArn,
          reason: 'DEPLOYMENT_BLOCKED',
          detail: 'The service has more protected tasks than desired ones.',
        };
  }

  /** Only tasks of services can be protected. Source: ECS developer guide, task-scale-in-protection. */
  function unprotectable(
    task: TaskRecord,
    desiredStatus = task.desiredStatus as string,
  ): Failure | undefined {
    if (desiredStatus === 'STOPPED')
      return { arn: task.taskArn, reason: 'TASK_NOT_VALID', detail: 'The task is not running.' };
    return task.service
      ? undefined
      : { arn: task.taskArn, reason: 'TASK_NOT_VALID', detail: 'The task does not belong to a service.' };
  }

  function protectionOf(task: TaskRecord, lagMs = 0): ProtectedTask {
    const untilMs = task.protectedUntil?.asOf(lagMs) ?? null;
    return untilMs !== null && untilMs > world.clock.nowMs - lagMs
      ? { taskArn: task.taskArn, protectionEnabled: true, expirationDate: new Date(untilMs) }
      : { taskArn: task.taskArn, protectionEnabled: false };
  }

  function taskArn(cluster: ClusterRecord, idOrArn: string): string {
    if (idOrArn.startsWith('arn:')) return idOrArn;
    return `arn:aws:ecs:${world.region}:${world.accountId}:task/${cluster.name}/${idOrArn}`;
  }

  return {
    ListTasks: list,
    DescribeTasks: describe,
    StopTask: stop,
    RunTask: run,
    GetTaskProtection: getProtection,
    UpdateTaskProtection: updateProtection,
  };
}

function* inCluster(tasks: Iterable<TaskRecord>, cluster: ClusterRecord): Generator<TaskRecord> {
  for (const task of tasks) if (task.clusterRecord === cluster) yield task;
}

function* from(tasks: readonly TaskRecord[], start: number): Generator<TaskRecord> {
  for (let at = start; at < tasks.length; at++) yield tasks[at] as TaskRecord;
}

/** The last task of the page that the token continues; a token of another question is refused. */
function lastOf(nextToken: string, question: string): number {
  try {
    const [asked, order] = JSON.parse(Buffer.from(nextToken, 'base64url').toString()) as unknown[];
    if (asked === question && typeof order === 'number') return order;
  } catch {
    // Not one of ours.
  }
  throw awsError('InvalidParameterException', 'Invalid token');
}
