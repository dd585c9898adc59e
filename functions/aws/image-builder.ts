/** EC2 Image Builder: its events name a build, not the image that came out. */
import { GetImageCommand, type ImagebuilderClient } from '@aws-sdk/client-imagebuilder';
import { isNotFound } from './error-codes.ts';

/**
 * The AMI that a build put out in this Region and account; undefined when it made none there. Source: EC2 Image Builder
 * API reference, GetImage, `outputResources.amis[]`.
 */
export async function builtImage(
  imageBuilder: ImagebuilderClient,
  imageBuildVersionArn: string,
  region: string,
  accountId: string,
): Promise<string | undefined> {
  try {
    const answer = await imageBuilder.send(new GetImageCommand({ imageBuildVersionArn }));
    return answer.image?.outputResources?.amis?.find(
      (ami) => ami.region === region && (ami.accountId === undefined || ami.accountId === accountId),
    )?.image;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
