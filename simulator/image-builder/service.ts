/**
 * EC2 Image Builder, as far as a trigger needs it: which AMIs an image gave. Source: EC2 Image Builder API reference,
 * GetImage (`outputResources.amis[]` by Region and account).
 */
import type { Image } from '@aws-sdk/client-imagebuilder';
import { awsError } from '../kernel/aws-error.ts';
import type { OperationRegistry } from '../world.ts';

export class BuiltImages {
  readonly #images = new Map<string, Image>();

  constructor(parts: { readonly registry: OperationRegistry }) {
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
