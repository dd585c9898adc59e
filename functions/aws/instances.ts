/** EC2 instances, as far as a host's life and its fitness for replacement go. */
import {
  DescribeInstanceAttributeCommand,
  DescribeInstanceStatusCommand,
  DescribeInstancesCommand,
  type EC2Client,
  type Instance,
  type InstanceStatus,
} from '@aws-sdk/client-ec2';
import { perBatch } from './batches.ts';
import { isNotFound } from './error-codes.ts';

const BY_ID_MAX = 100;

/**
 * The instances of these ids; one that EC2 does not know, or not yet, is absent. A batch by id fails whole when one id
 * is unknown (Amazon EC2 developer guide, "Eventual consistency"), so such a batch is asked for by filter instead.
 */
export function describeInstances(ec2: EC2Client, ids: readonly string[]): Promise<Instance[]> {
  return perBatch(ids, BY_ID_MAX, async (InstanceIds) => {
    try {
      return await pages(ec2, { InstanceIds });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      return pages(ec2, { Filters: [{ Name: 'instance-id', Values: InstanceIds }] });
    }
  });
}

async function pages(
  ec2: EC2Client,
  query: { InstanceIds: string[] } | { Filters: { Name: string; Values: string[] }[] },
): Promise<Instance[]> {
  const found: Instance[] = [];
  let NextToken: string | undefined;
  do {
    const answer = await ec2.send(
      new DescribeInstancesCommand({ ...query, ...(NextToken === undefined ? {} : { NextToken }) }),
    );
    for (const reservation of answer.Reservations ?? []) found.push(...(reservation.Instances ?? []));
    NextToken = answer.NextToken;
  } while (NextToken !== undefined);
  return found;
}

/**
 * Status checks and scheduled events of these instances, stopped ones too; one that EC2 does not know is absent. A batch
 * fails whole when one id is unknown, and there is no filter by id here, so such a batch is halved.
 */
export function describeInstanceStatuses(ec2: EC2Client, ids: readonly string[]): Promise<InstanceStatus[]> {
  return perBatch(ids, BY_ID_MAX, async (InstanceIds) => {
    try {
      const answer = await ec2.send(
        new DescribeInstanceStatusCommand({ InstanceIds, IncludeAllInstances: true }),
      );
      return answer.InstanceStatuses ?? [];
    } catch (error) {
      if (!isNotFound(error)) throw error;
      if (InstanceIds.length === 1) return [];
      const half = Math.ceil(InstanceIds.length / 2);
      const halves = [InstanceIds.slice(0, half), InstanceIds.slice(half)];
      return (await Promise.all(halves.map((ids) => describeInstanceStatuses(ec2, ids)))).flat();
    }
  });
}

/** `disableApiTermination`: somebody wants this host kept; Auto Scaling would end it all the same. */
export async function isTerminationProtected(ec2: EC2Client, InstanceId: string): Promise<boolean> {
  const answer = await ec2.send(
    new DescribeInstanceAttributeCommand({ InstanceId, Attribute: 'disableApiTermination' }),
  );
  return answer.DisableApiTermination?.Value === true;
}
