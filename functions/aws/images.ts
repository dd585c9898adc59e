/** Machine images, always by id: a search by name can be won by anybody who publishes one of that name. */
import { DescribeImagesCommand, type EC2Client, type Image } from '@aws-sdk/client-ec2';
import { perBatch, unique } from './batches.ts';
import { isNotFound } from './error-codes.ts';

const BY_ID_MAX = 100;

/**
 * The images of these ids, deprecated and disabled ones too; one that does not exist or is not shared with this account
 * is absent. Source: Amazon EC2 API reference, DescribeImages.
 */
export function describeImages(ec2: EC2Client, ids: readonly string[]): Promise<Image[]> {
  return perBatch(unique(ids), BY_ID_MAX, async (ImageIds) => {
    try {
      const answer = await ec2.send(
        new DescribeImagesCommand({ ImageIds, IncludeDeprecated: true, IncludeDisabled: true }),
      );
      return answer.Images ?? [];
    } catch (error) {
      if (!isNotFound(error)) throw error;
      if (ImageIds.length === 1) return [];
      return (await Promise.all(ImageIds.map((id) => describeImages(ec2, [id])))).flat();
    }
  });
}
