/** Instance types: what AWS sells under a name does not change, so each is read once per container. */
import { DescribeInstanceTypesCommand, type EC2Client, type InstanceTypeInfo } from '@aws-sdk/client-ec2';
import { perBatch, present, unique } from './batches.ts';
import { perContainer } from './container-memory.ts';

const BY_NAME_MAX = 100;
const known = perContainer(() => new Map<string, InstanceTypeInfo>());

/** @throws InvalidInstanceType for a name that AWS does not sell in this Region. */
export async function describeInstanceTypes(
  ec2: EC2Client,
  names: readonly string[],
): Promise<InstanceTypeInfo[]> {
  const wanted = unique(names);
  const found = await perBatch(
    wanted.filter((name) => !known().has(name)),
    BY_NAME_MAX,
    async (InstanceTypes) => {
      const answer = await ec2.send(
        new DescribeInstanceTypesCommand({
          InstanceTypes: InstanceTypes as InstanceTypeInfo['InstanceType'][] as never,
        }),
      );
      return answer.InstanceTypes ?? [];
    },
  );
  for (const type of found) known().set(type.InstanceType ?? '', type);
  return present(wanted.map((name) => known().get(name)));
}
