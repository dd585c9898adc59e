/** Warm pools: instances that wait outside the cluster, still with the old image. */
import { type AutoScalingClient, DescribeWarmPoolCommand } from '@aws-sdk/client-auto-scaling';
import { present } from './batches.ts';

/** AWS's limit per page (Amazon EC2 Auto Scaling API reference, DescribeWarmPool). */
const PAGE = 50;

/** Ids of the instances that wait in a group's warm pool. */
export async function listWarmPoolInstances(
  autoScaling: AutoScalingClient,
  AutoScalingGroupName: string,
): Promise<string[]> {
  const ids: string[] = [];
  let NextToken: string | undefined;
  do {
    const answer = await autoScaling.send(
      new DescribeWarmPoolCommand({
        AutoScalingGroupName,
        MaxRecords: PAGE,
        ...(NextToken === undefined ? {} : { NextToken }),
      }),
    );
    ids.push(...present((answer.Instances ?? []).map(({ InstanceId }) => InstanceId)));
    NextToken = answer.NextToken;
  } while (NextToken !== undefined);
  return ids;
}
