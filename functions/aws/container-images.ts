/** Container images in ECR: is the exact one that a task runs still there to be pulled, and what does its tag name now. */
import { DescribeImagesCommand, type ECRClient, type ImageDetail } from '@aws-sdk/client-ecr';
import { describeError, isBusy, isNotFound } from './error-codes.ts';

/** `<account>.dkr.ecr.<region>.amazonaws.com[.cn]/<repository>`. */
const REPOSITORY = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/([^:@]+)/;

/** `<repository URI>@<digest>` of a container, where its image is in ECR and its digest is known. */
export function digestReference(
  image: string | undefined,
  imageDigest: string | undefined,
): string | undefined {
  const match = REPOSITORY.exec(image ?? '');
  const digest = imageDigest ?? image?.split('@')[1];
  return match === null || digest === undefined || !digest.startsWith('sha256:')
    ? undefined
    : `${match[0]}@${digest}`;
}

/** Whether each reference is still in ECR; one that cannot be read, or is of another Region, is absent: unknown. */
export async function checkDigests(
  ecr: ECRClient,
  references: readonly string[],
  region: string,
): Promise<Readonly<Record<string, 'present' | 'missing'>>> {
  const checked = await Promise.all(
    references.map(async (reference) => [reference, await checkDigest(ecr, reference, region)] as const),
  );
  return Object.fromEntries(
    checked.filter((entry): entry is [string, 'present' | 'missing'] => entry[1] !== undefined),
  );
}

async function checkDigest(
  ecr: ECRClient,
  reference: string,
  region: string,
): Promise<'present' | 'missing' | undefined> {
  try {
    return (await describeContainerImage(ecr, reference, region)) && 'present';
  } catch (error) {
    // A repository that is gone or not shared says nothing certain of the image; only the image's own absence does.
    if (isNotFound(error)) return describeError(error).startsWith('ImageNotFound') ? 'missing' : undefined;
    if (isBusy(error)) throw error;
    return undefined;
  }
}

/**
 * An image as ECR describes it, by `<repository URI>@<digest>`; undefined for one of another Region or without a digest.
 *
 * @throws ImageNotFoundException, RepositoryNotFoundException, AccessDeniedException
 */
export async function describeContainerImage(
  ecr: ECRClient,
  reference: string,
  region: string,
): Promise<ImageDetail | undefined> {
  const match = REPOSITORY.exec(reference);
  const imageDigest = reference.split('@')[1];
  if (match === null || imageDigest === undefined || match[2] !== region) return undefined;
  const registryId = match[1] as string;
  const repositoryName = match[3] as string;
  const answer = await ecr.send(
    new DescribeImagesCommand({ registryId, repositoryName, imageIds: [{ imageDigest }] }),
  );
  return answer.imageDetails?.[0] ?? { registryId, repositoryName, imageDigest };
}

/** What a tag of an ECR repository names now: its digest, `missing`, or undefined where that cannot be told. */
export async function resolveTag(
  ecr: ECRClient,
  image: string,
  region: string,
): Promise<string | 'missing' | undefined> {
  const match = REPOSITORY.exec(image);
  if (match === null || match[2] !== region) return undefined;
  // Docker's own default (Docker reference, "docker image pull").
  const imageTag = image.slice(match[0].length).replace(/^:/, '') || 'latest';
  try {
    const { imageDetails } = await ecr.send(
      new DescribeImagesCommand({
        registryId: match[1] as string,
        repositoryName: match[3] as string,
        imageIds: [{ imageTag }],
      }),
    );
    return imageDetails?.[0]?.imageDigest;
  } catch (error) {
    if (isNotFound(error)) return describeError(error).startsWith('ImageNotFound') ? 'missing' : undefined;
    if (isBusy(error)) throw error;
    return undefined;
  }
}
