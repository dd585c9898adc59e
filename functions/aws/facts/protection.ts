/**
 * Scale-in protection of tasks, where a decision asks for it. Of a large cluster it would be hundreds of calls at each look
 * for hosts of which a few drain: there it is asked for tasks that were protected when last seen. For those of any host that
 * is about to drain and was not asked for, large or not, `readProtectionOn` asks.
 */
import type { ContainerInstance, ECSClient, Task } from '@aws-sdk/client-ecs';
import type { Facts, TaskFacts } from '../../core/facts.ts';
import { idOf, present } from '../batches.ts';
import { perContainer } from '../container-memory.ts';
import { readTaskProtection } from '../tasks.ts';
import type { FactScope } from './read-facts.ts';
import { isDaemonOf, serviceNameOf } from './tasks.ts';

/** ARNs of tasks that were protected when last asked for. */
const guarded = perContainer(() => new Set<string>());

/** What a look found out about the protection of tasks. */
export interface Protection {
  /** End of protection by task ARN, epoch milliseconds; of the protected ones alone. */
  readonly untilMs: ReadonlyMap<string, number>;
  /** EC2 instance ids of the hosts that were asked for all of their tasks. */
  readonly askedOn: ReadonlySet<string>;
}

/** Protection matters on hosts that may be drained next: outdated ones that are still ACTIVE, as a rule. */
export async function readProtection(
  ecs: ECSClient,
  cluster: string,
  { look, memory }: FactScope,
  containers: readonly ContainerInstance[],
  tasks: readonly Task[],
  isLarge: boolean,
): Promise<Protection> {
  const old = new Set(memory.hosts.filter(({ role }) => role === 'outdated').map((host) => host.instanceId));
  const wanted = containers.filter(
    (host) => look === 'whole' || (host.status === 'ACTIVE' && old.has(host.ec2InstanceId ?? '')),
  );
  const hosts = new Set(wanted.map((host) => idOf(host.containerInstanceArn)));
  const isWhole = look === 'whole' || !isLarge;
  const arns = tasks
    .filter((task) => task.lastStatus !== 'STOPPED' && serviceNameOf(task) !== undefined)
    .filter(({ taskArn = '' }) => isWhole || guarded().has(taskArn))
    .filter((task) => hosts.has(idOf(task.containerInstanceArn)) && !isDaemonOf(memory, task));
  return {
    untilMs: await ask(ecs, cluster, present(arns.map(({ taskArn }) => taskArn))),
    askedOn: new Set(isWhole ? present(wanted.map((host) => host.ec2InstanceId)) : []),
  };
}

/**
 * The facts with the protection, as of now, of the tasks on these hosts (EC2 instance ids).
 *
 * @returns undefined when it is what the facts say already.
 */
export async function readProtectionOn(
  ecs: ECSClient,
  facts: Facts,
  instanceIds: ReadonlySet<string>,
): Promise<Facts | undefined> {
  const isOnThem = ({ instanceId = '', taskClass, lastStatus }: TaskFacts) =>
    instanceIds.has(instanceId) && taskClass === 'replica' && lastStatus !== 'STOPPED';
  const asked = facts.tasks.filter(isOnThem);
  const protectedUntil = await ask(
    ecs,
    facts.clusterName,
    asked.map(({ taskArn }) => taskArn),
  );
  const isNews = asked.some((task) => task.protectedUntilMs !== protectedUntil.get(task.taskArn));
  if (!isNews) return undefined;
  return {
    ...facts,
    tasks: facts.tasks.map((task) => {
      if (!isOnThem(task)) return task;
      const { protectedUntilMs: _before, ...rest } = task;
      const untilMs = protectedUntil.get(task.taskArn);
      return untilMs === undefined ? rest : { ...rest, protectedUntilMs: untilMs };
    }),
  };
}

async function ask(
  ecs: ECSClient,
  cluster: string,
  arns: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const found = await readTaskProtection(ecs, cluster, arns);
  for (const arn of arns) {
    if (found.has(arn)) guarded().add(arn);
    else guarded().delete(arn);
  }
  return found;
}
