/** Task definitions: immutable, so each is read once per container. */
import { DescribeTaskDefinitionCommand, type ECSClient, type TaskDefinition } from '@aws-sdk/client-ecs';
import { present, unique } from './batches.ts';
import { perContainer } from './container-memory.ts';

/** Registered revisions never change; the container that remembers one can never be wrong about it. */
const known = perContainer(new Map<string, TaskDefinition>());

/** The task definitions of these ARNs, in no particular order. */
export async function describeTaskDefinitions(
  ecs: ECSClient,
  arns: readonly string[],
): Promise<TaskDefinition[]> {
  const wanted = unique(arns);
  await Promise.all(
    wanted
      .filter((arn) => !known.has(arn))
      .map(async (taskDefinition) => {
        const answer = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
        if (answer.taskDefinition) known.set(taskDefinition, answer.taskDefinition);
      }),
  );
  return present(wanted.map((arn) => known.get(arn)));
}
