/** Families of ECS images, told by name: crossing from one to another may need other user data. */
import type { ImageFacts } from '../facts.ts';

export type ImageFamily = 'amazon-linux-2' | 'amazon-linux-2023' | 'bottlerocket' | 'windows' | 'other';

/** Names as Amazon gives them (Amazon ECS developer guide, "ecs-optimized_AMI"); a user's own image is `other`. */
export function familyOf(image: Pick<ImageFacts, 'name' | 'platform'>): ImageFamily {
  if (image.platform === 'windows') return 'windows';
  const name = image.name ?? '';
  if (name.startsWith('bottlerocket-')) return 'bottlerocket';
  if (name.startsWith('al2023-ami-ecs')) return 'amazon-linux-2023';
  return name.startsWith('amzn2-ami-ecs') ? 'amazon-linux-2' : 'other';
}

/** Is `image` of an earlier date than `other`? A changed image is not always a newer one: AWS takes releases back. */
export function isOlder(image: ImageFacts, other: ImageFacts): boolean {
  const { createdAtMs } = image;
  return createdAtMs !== undefined && other.createdAtMs !== undefined && createdAtMs < other.createdAtMs;
}
