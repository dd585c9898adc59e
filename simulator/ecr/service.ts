/**
 * Amazon ECR, reading only, from what the capture lists.
 * Source: Amazon ECR API reference, DescribeImages (100 images a call, 100 results by default, 1,000 at most),
 * BatchGetImage (100 images, `failures[]`).
 */
import type { ImageDetail, ImageIdentifier } from '@aws-sdk/client-ecr';
import { awsError } from '../kernel/aws-error.ts';
import type { VirtualClock } from '../kernel/clock.ts';
import { LaggingStore } from '../kernel/lagging-store.ts';
import { pageOf } from '../kernel/pages.ts';
import type { Call, OperationRegistry } from '../world.ts';

export interface EcrParts {
  readonly clock: VirtualClock;
  readonly registry: OperationRegistry;
  readonly accountId: string;
}

interface DescribeInput {
  readonly registryId?: string;
  readonly repositoryName?: string;
  readonly imageIds?: readonly ImageIdentifier[];
  readonly maxResults?: number;
  readonly nextToken?: string;
}

const ALL = 'images';
const MAX_IDS = 100;
const PAGES = { defaultLimit: 100, maxLimit: 1000, limitError: 'InvalidParameterException' };

export class ImageRegistry {
  readonly #parts: EcrParts;
  /** One picture of all images: lists of a registry are short, and seldom change. */
  readonly #pictures: LaggingStore<readonly ImageDetail[]>;
  /** Repositories that exist, also without an image left. */
  readonly #repositories = new Set<string>();

  constructor(parts: EcrParts, images: readonly ImageDetail[]) {
    this.#parts = parts;
    this.#pictures = new LaggingStore(parts.clock);
    this.#pictures.put(ALL, [...images]);
    for (const image of images) this.#repositories.add(this.#keyOf(image));
    parts.registry.register('ECR', {
      DescribeImages: (input: DescribeInput, call: Call) => this.#describe(input, call),
      BatchGetImage: (input: DescribeInput, call: Call) => this.#batchGet(input, call),
    });
  }

  get #images(): readonly ImageDetail[] {
    return this.#pictures.get(ALL) ?? [];
  }

  /** Removes an image, whatever tags it has: what a lifecycle policy does. */
  deleteImage(repositoryName: string, imageDigest: string): void {
    this.#pictures.put(
      ALL,
      this.#images.filter(
        (image) => image.repositoryName !== repositoryName || image.imageDigest !== imageDigest,
      ),
    );
  }

  /** Lets a tag point to another digest, as a push of the same tag does. */
  moveTag(repositoryName: string, tag: string, imageDigest: string): void {
    const [sample] = this.#images.filter((image) => image.repositoryName === repositoryName);
    let target: ImageDetail | undefined;
    const images = this.#images.map((image) => {
      if (image.repositoryName !== repositoryName) return image;
      const tags = (image.imageTags ?? []).filter((each) => each !== tag);
      if (image.imageDigest !== imageDigest) return { ...image, imageTags: tags };
      target = { ...image, imageTags: [...tags, tag] };
      return target;
    });
    if (target) {
      this.#pictures.put(ALL, images);
      return;
    }
    const registryId = sample?.registryId ?? this.#parts.accountId;
    const pushed = { registryId, repositoryName, imageDigest, imageTags: [tag] };
    this.#pictures.put(ALL, [...images, pushed]);
    this.#repositories.add(this.#keyOf(pushed));
  }

  #describe(input: DescribeInput, call: Call): object {
    const images = this.#imagesOf(input, call);
    checkIds(input.imageIds);
    if (!input.imageIds?.length) {
      const page = pageOf(
        images,
        (image) => image.imageDigest ?? '',
        `DescribeImages/${this.#keyOf(input)}`,
        { limit: input.maxResults, nextToken: input.nextToken },
        PAGES,
      );
      return { imageDetails: page.items, nextToken: page.nextToken };
    }
    const found = new Set<ImageDetail>();
    for (const id of input.imageIds) {
      const image = images.find((each) => isThe(id, each));
      if (!image) {
        const what = `The image with imageId ${textOf(id)} does not exist within the repository with name '${input.repositoryName}' in the registry with id '${this.#registryOf(input)}'`;
        throw awsError('ImageNotFoundException', what);
      }
      found.add(image);
    }
    return { imageDetails: [...found] };
  }

  #batchGet(input: DescribeInput, call: Call): object {
    const images = this.#imagesOf(input, call);
    checkIds(input.imageIds);
    const found: object[] = [];
    const failures: object[] = [];
    for (const imageId of input.imageIds ?? []) {
      const image = images.find((each) => isThe(imageId, each));
      if (image) {
        const { registryId, repositoryName, imageDigest } = image;
        found.push({ registryId, repositoryName, imageId: { ...imageId, imageDigest }, imageManifest: '{}' });
      } else {
        const failureReason = 'Requested image not found';
        failures.push({ imageId, failureCode: 'ImageNotFound', failureReason });
      }
    }
    return { images: found, failures };
  }

  #imagesOf(input: DescribeInput, { lagMs }: Call): ImageDetail[] {
    const key = this.#keyOf(input);
    if (!this.#repositories.has(key)) {
      const what = `The repository with name '${input.repositoryName}' does not exist in the registry with id '${this.#registryOf(input)}'`;
      throw awsError('RepositoryNotFoundException', what);
    }
    const seen = this.#pictures.get(ALL, lagMs) ?? [];
    return seen.filter((image) => this.#keyOf(image) === key);
  }

  #registryOf({ registryId }: { readonly registryId?: string | undefined }): string {
    return registryId ?? this.#parts.accountId;
  }

  #keyOf(of: {
    readonly registryId?: string | undefined;
    readonly repositoryName?: string | undefined;
  }): string {
    return `${this.#registryOf(of)}/${of.repositoryName}`;
  }
}

function checkIds(ids: readonly ImageIdentifier[] | undefined): void {
  if ((ids?.length ?? 0) > MAX_IDS) {
    throw awsError('InvalidParameterException', `imageIds must have at most ${MAX_IDS} items`);
  }
}

function isThe(id: ImageIdentifier, image: ImageDetail): boolean {
  if (id.imageDigest !== undefined && id.imageDigest !== image.imageDigest) return false;
  if (id.imageTag !== undefined && !(image.imageTags ?? []).includes(id.imageTag)) return false;
  return id.imageDigest !== undefined || id.imageTag !== undefined;
}

function textOf(id: ImageIdentifier): string {
  return `{imageDigest:'${id.imageDigest ?? 'null'}', imageTag:'${id.imageTag ?? 'null'}'}`;
}
