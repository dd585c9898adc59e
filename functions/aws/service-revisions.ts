/** Service revisions: what exactly a deployment of a service deployed. */
import { DescribeServiceRevisionsCommand, type ECSClient, type ServiceRevision } from '@aws-sdk/client-ecs';
import { perBatch, unique } from './batches.ts';

/** AWS's limit per call (Amazon ECS API reference, DescribeServiceRevisions). */
const DESCRIBE_MAX = 20;

/** Revisions by ARN; one that ECS has forgotten is absent. */
export function describeServiceRevisions(
  ecs: ECSClient,
  arns: readonly string[],
): Promise<ServiceRevision[]> {
  return perBatch(unique(arns), DESCRIBE_MAX, async (serviceRevisionArns) => {
    const answer = await ecs.send(new DescribeServiceRevisionsCommand({ serviceRevisionArns }));
    const odd = answer.failures?.find((failure) => failure.reason !== 'MISSING');
    if (odd) throw new Error(`${odd.arn} cannot be described: ${odd.reason ?? odd.detail}`);
    return answer.serviceRevisions ?? [];
  });
}
