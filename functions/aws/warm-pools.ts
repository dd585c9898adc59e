/** Warm pools: instances that wait outside the cluster, still with the old image. */
import {
  type AutoScalingClient,
  type AutoScalingGroup,
  DeleteWarmPoolCommand,
  DescribeWarmPoolCommand,
  type Instance,
  PutWarmPoolCommand,
  type WarmPoolConfiguration,
} from '@aws-sdk/client-auto-scaling';
import { present } from './batches.ts';

/** AWS's limit per page (Amazon EC2 Auto Scaling API reference, DescribeWarmPool). */
const PAGE = 50;

/** Ids of the instances that wait in a group's warm pool. */
export async function listWarmPoolInstances(
  autoScaling: AutoScalingClient,
  AutoScalingGroupName: string,
): Promise<string[]> {
  const { instances } = await describeWarmPool(autoScaling, AutoScalingGroupName);
  return present(instances.map(({ InstanceId }) => InstanceId));
}

/** A group's warm pool and all that waits in it; no configuration: it has none. */
export async function describeWarmPool(
  autoScaling: AutoScalingClient,
  AutoScalingGroupName: string,
): Promise<{ readonly configuration?: WarmPoolConfiguration; readonly instances: Instance[] }> {
  const instances: Instance[] = [];
  let configuration: WarmPoolConfiguration | undefined;
  let NextToken: string | undefined;
  do {
    const answer = await autoScaling.send(
      new DescribeWarmPoolCommand({
        AutoScalingGroupName,
        MaxRecords: PAGE,
        ...(NextToken === undefined ? {} : { NextToken }),
      }),
    );
    configuration ??= answer.WarmPoolConfiguration;
    instances.push(...(answer.Instances ?? []));
    NextToken = answer.NextToken;
  } while (NextToken !== undefined);
  return { ...(configuration && { configuration }), instances };
}

/** A group's warm pool as PutWarmPool takes it, JSON; undefined where there is none, or none that stays. */
export function warmPoolOf({ WarmPoolConfiguration: pool }: AutoScalingGroup): string | undefined {
  if (pool === undefined || pool.Status === 'PendingDelete') return undefined;
  const { Status: _status, ...configuration } = pool;
  return JSON.stringify(configuration);
}

/**
 * By force, since its instances run nothing of a cluster: without it AWS refuses while there are any. The pool is
 * `PendingDelete` until they have ended. Source: Amazon EC2 Auto Scaling API reference, DeleteWarmPool.
 */
export async function deleteWarmPool(
  autoScaling: AutoScalingClient,
  AutoScalingGroupName: string,
): Promise<void> {
  await autoScaling.send(new DeleteWarmPoolCommand({ AutoScalingGroupName, ForceDelete: true }));
}

/** The pool fills with what the group launches now. */
export async function putWarmPool(
  autoScaling: AutoScalingClient,
  AutoScalingGroupName: string,
  configuration: string,
): Promise<void> {
  await autoScaling.send(new PutWarmPoolCommand({ ...JSON.parse(configuration), AutoScalingGroupName }));
}
