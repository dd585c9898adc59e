/** Task definitions: immutable, so each is read once per container. */
import {
  DescribeTaskDefinitionCommand,
  type ECSClient,
  type Task,
  type TaskDefinition,
} from '@aws-sdk/client-ecs';
import { inBatches, present, unique } from './batches.ts';
import { perContainer } from './container-memory.ts';

/** Registered revisions never change; the container that remembers one can never be wrong about it. */
const known = perContainer(() => new Map<string, TaskDefinition>());

/** Asked for together, before the clock is looked at: a second's worth of our share. */
const AT_ONCE = 25;

/** Reads as many of these as it can until then; says whether the container knows all of them now. */
export async function learnTaskDefinitions(
  ecs: ECSClient,
  arns: readonly string[],
  untilMs: number,
): Promise<boolean> {
  for (const batch of inBatches(
    unique(arns).filter((arn) => !known().has(arn)),
    AT_ONCE,
  )) {
    if (Date.now() >= untilMs) return false;
    await describeTaskDefinitions(ecs, batch);
  }
  return true;
}

/** The task definitions of these ARNs, in no particular order. */
export async function describeTaskDefinitions(
  ecs: ECSClient,
  arns: readonly string[],
): Promise<TaskDefinition[]> {
  const wanted = unique(arns);
  await Promise.all(
    wanted
      .filter((arn) => !known().has(arn))
      .map(async (taskDefinition) => {
        const answer = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
        if (answer.taskDefinition) known().set(taskDefinition, answer.taskDefinition);
      }),
  );
  return present(wanted.map((arn) => known().get(arn)));
}

/**
 * Whether nothing is ever said of the health of such a task: none of its containers has a check. False for a definition
 * that this container has not read.
 */
export function hasNoHealthCheck({ taskDefinitionArn = '' }: Pick<Task, 'taskDefinitionArn'>): boolean {
  const definition = known().get(taskDefinitionArn);
  return (
    definition !== undefined &&
    (definition.containerDefinitions ?? []).every(({ healthCheck }) => healthCheck === undefined)
  );
}
