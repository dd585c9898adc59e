/** Subnets: their zone and how many addresses are left. */
import { DescribeSubnetsCommand, type EC2Client, type Subnet } from '@aws-sdk/client-ec2';
import { perBatch, unique } from './batches.ts';
import { isNotFound } from './error-codes.ts';

const BY_ID_MAX = 100;

/** The subnets of these ids; asked for by filter when one of them is gone, as a batch by id then fails whole. */
export function describeSubnets(ec2: EC2Client, ids: readonly string[]): Promise<Subnet[]> {
  return perBatch(unique(ids), BY_ID_MAX, async (SubnetIds) => {
    try {
      return (await ec2.send(new DescribeSubnetsCommand({ SubnetIds }))).Subnets ?? [];
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const Filters = [{ Name: 'subnet-id', Values: SubnetIds }];
      return (await ec2.send(new DescribeSubnetsCommand({ Filters }))).Subnets ?? [];
    }
  });
}
