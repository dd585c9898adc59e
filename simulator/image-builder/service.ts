/**
 * EC2 Image Builder, as far as a trigger needs it: which AMIs an image gave. Source: EC2 Image Builder API reference,
 * GetImage (`outputResources.amis[]` by Region and account).
 */
import type { Image as Ami } from '@aws-sdk/client-ec2';
import type { Image } from '@aws-sdk/client-imagebuilder';
import { awsError } from '../kernel/aws-error.ts';
import type { OperationRegistry } from '../world.ts';

/** Image Builder tags each AMI that it puts out with its build. Source: EC2 Image Builder user guide, tag-resources. */
const BUILD_TAG = 'Ec2ImageBuilderArn';

export class BuiltImages {
  readonly #images = new Map<string, Image>();

  /** `amis`: the account's images as captured; those with the tag of a build are what it put out. */
  constructor(
    parts: { readonly registry: OperationRegistry; readonly region: string; readonly accountId: string },
    amis: readonly Ami[],
  ) {
    for (const { ImageId: image, Tags } of amis) {
      const arn = Tags?.find(({ Key }) => Key === BUILD_TAG)?.Value;
      if (arn === undefined || image === undefined) continue;
      const { region, accountId } = parts;
      this.set({ arn, outputResources: { amis: [{ region, accountId, image }] } });
    }
    parts.registry.register('ImageBuilder', {
      GetImage: ({ imageBuildVersionArn = '' }: { imageBuildVersionArn?: string }) => {
        const image = this.#images.get(imageBuildVersionArn);
        if (image) return { requestId: 'simulated', image };
        throw awsError(
          'ResourceNotFoundException',
          `The resource identified by ${imageBuildVersionArn} was not found.`,
          404,
        );
      },
    });
  }

  /** Adds or replaces an image by its ARN. */
  set(image: Image): void {
    if (!image.arn) throw new Error('an image of Image Builder needs its ARN');
    this.#images.set(image.arn, image);
  }
}
