/**
 * Tags of container instances: what a task can read of its host without rights of its own, through its metadata endpoint
 * (`taskWithTags`, ContainerInstanceTags). They go with the container instance.
 *
 * Sources: Amazon ECS API reference, TagResource, UntagResource; developer guide, task-metadata-endpoint-v4.
 */
import { type ECSClient, TagResourceCommand, UntagResourceCommand } from '@aws-sdk/client-ecs';
import { perBatch } from './batches.ts';
import { describeContainerInstances, listContainerInstanceArns, PER_FILTER } from './container-instances.ts';
import { describeError, isDenied, isInvalid, isNotFound } from './error-codes.ts';

/**
 * Sets one tag; the others stay as they are. Safe to repeat; a host that is gone has none.
 *
 * @returns why AWS refused it: the host has 50 tags already, or our role may not do it
 */
export function tagHost(
  ecs: ECSClient,
  resourceArn: string,
  key: string,
  value: string,
): Promise<string | undefined> {
  const command = new TagResourceCommand({ resourceArn, tags: [{ key, value }] });
  return unlessRefused(resourceArn, ecs.send(command), (error) => isDenied(error) || isInvalid(error));
}

/** Takes one tag away, where it is there; answers as `tagHost` does. AWS has two errors for a host that is gone. */
export async function untagHost(
  ecs: ECSClient,
  resourceArn: string,
  key: string,
): Promise<string | undefined> {
  try {
    const command = new UntagResourceCommand({ resourceArn, tagKeys: [key] });
    return await unlessRefused(resourceArn, ecs.send(command), isDenied);
  } catch (error) {
    if (isInvalid(error)) return undefined;
    throw error;
  }
}

/** ARNs of those of these EC2 instances whose container instance carries the tag. */
export function taggedAmong(
  ecs: ECSClient,
  cluster: string,
  instanceIds: readonly string[],
  key: string,
): Promise<string[]> {
  return perBatch(instanceIds, PER_FILTER, async (batch) => {
    const filter = `ec2InstanceId in [${batch.join(', ')}]`;
    const arns = await listContainerInstanceArns(ecs, cluster, filter);
    const hosts = await describeContainerInstances(ecs, cluster, arns, ['TAGS']);
    return hosts
      .filter(({ tags = [] }) => tags.some((tag) => tag.key === key))
      .flatMap(({ containerInstanceArn }) => containerInstanceArn ?? []);
  });
}

async function unlessRefused(
  arn: string,
  answer: Promise<unknown>,
  isRefusal: (error: unknown) => boolean,
): Promise<string | undefined> {
  try {
    await answer;
    return undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    if (isRefusal(error)) return `${arn}: ${describeError(error)}`;
    throw error;
  }
}
