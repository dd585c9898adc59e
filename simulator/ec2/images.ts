/** AMIs that this account can see: owned, shared and public ones that the capture names, and those that faults publish. */
import type { DescribeImagesRequest, Image } from '@aws-sdk/client-ec2';
import type { Capture } from '../capture/capture.ts';
import { awsError } from '../kernel/aws-error.ts';
import { LaggingStore } from '../kernel/lagging-store.ts';
import { pageOf } from '../kernel/pages.ts';
import type { Call, World } from '../world.ts';
import { filterOf } from './filters.ts';
import { EC2_PAGES } from './page-rules.ts';

/** `unshared`: its owner takes this account's launch permission away. */
export type ImageState = 'available' | 'pending' | 'failed' | 'deregistered' | 'disabled' | 'unshared';

export class Images {
  readonly #world: World;
  readonly #images = new Map<string, Image>();
  readonly #pictures: LaggingStore<Image>;
  readonly #withheld = new Set<string>();

  constructor(world: World, capture: Capture) {
    this.#world = world;
    this.#pictures = new LaggingStore(world.clock);
    for (const image of capture.ec2.images) this.#put(image);
  }

  get(imageId: string): Image | undefined {
    return this.#images.get(imageId);
  }

  /**
   * A new image; one that is known already becomes available again. What is not said is taken from `like`, so that a
   * scripted publication need not describe a whole image. Source of the event: Amazon EC2 user guide, monitor-ami-events.
   */
  register(image: Image & { ImageId: string }, like?: string): void {
    const model =
      (like === undefined ? undefined : this.#images.get(like)) ?? [...this.#images.values()].at(-1);
    const known = this.#images.get(image.ImageId);
    const nowIso = new Date(this.#world.clock.nowMs).toISOString();
    const { DeprecationTime: _ended, PublicSsmParameterName: _name, ...shape } = model ?? {};
    this.#put({
      ...(known ?? { ...shape, CreationDate: nowIso, Name: image.ImageId }),
      ...image,
      State: 'available',
    });
    this.#announce(this.#images.get(image.ImageId) ?? image, 'available');
  }

  isWithheld(imageId: string): boolean {
    return this.#withheld.has(imageId);
  }

  /**
   * Deregistered images, and those that are shared no more, are gone from every read; disabled ones are hidden. None of
   * them can be launched. Sources: Amazon EC2 user guide, deregister-ami, disable-an-ami, sharingamis-explicit.
   */
  setState(imageId: string, state: ImageState): void {
    const image = this.#images.get(imageId);
    if (!image) return;
    if (state === 'unshared') {
      if (this.#isMine(image)) return;
      this.#withheld.add(imageId);
      this.#images.delete(imageId);
      this.#pictures.remove(imageId);
      return;
    }
    if (state === 'deregistered') {
      this.#images.delete(imageId);
      this.#pictures.remove(imageId);
    } else {
      this.#put({ ...image, State: state });
    }
    this.#announce(image, state);
  }

  /**
   * @throws `InvalidAMIID.NotFound` when one of the ids is unknown: the whole call fails
   */
  describeImages(input: DescribeImagesRequest, call: Call) {
    const wanted = input.ImageIds?.length ? new Set(input.ImageIds) : undefined;
    if (wanted) this.#failOnUnknown([...wanted], call.lagMs);
    const matches = filterOf<Image>('DescribeImages', input.Filters, {
      'image-id': (image) => image.ImageId,
      name: (image) => image.Name,
      state: (image) => image.State ?? 'available',
      architecture: (image) => image.Architecture,
      'owner-id': (image) => image.OwnerId,
      'owner-alias': (image) => image.ImageOwnerAlias,
      'is-public': (image) => String(image.Public ?? false),
      'root-device-type': (image) => image.RootDeviceType,
      'virtualization-type': (image) => image.VirtualizationType,
      'image-type': (image) => image.ImageType ?? 'machine',
      'creation-date': (image) => image.CreationDate,
      'boot-mode': (image) => image.BootMode,
      description: (image) => image.Description,
      platform: (image) => image.Platform,
    });
    const found = this.#pictures
      .list(call.lagMs)
      .filter((image) => !wanted || wanted.has(image.ImageId ?? ''))
      .filter((image) => this.#isOwnedByOneOf(image, input.Owners))
      .filter((image) => this.#isShown(image, input, wanted !== undefined))
      .filter(matches);
    const page = pageOf(
      found,
      (image) => image.ImageId ?? '',
      'DescribeImages',
      { limit: input.MaxResults, nextToken: input.NextToken },
      { ...EC2_PAGES, minLimit: 1, defaultLimit: 1000, maxLimit: 1000 },
    );
    return { Images: page.items, NextToken: page.nextToken };
  }

  #put(image: Image): void {
    if (image.ImageId === undefined) return;
    const whole = { State: 'available' as const, ...image };
    this.#images.set(image.ImageId, whole);
    this.#pictures.put(image.ImageId, whole);
  }

  #failOnUnknown(ids: readonly string[], lagMs: number): void {
    const unknown = ids.filter((id) => this.#pictures.get(id, lagMs) === undefined);
    if (unknown.length === 0) return;
    const malformed = unknown.find((id) => !id.startsWith('ami-'));
    if (malformed !== undefined) {
      throw awsError('InvalidAMIID.Malformed', `Invalid id: "${malformed}" (expecting "ami-...")`);
    }
    throw awsError(
      'InvalidAMIID.NotFound',
      `The image id${unknown.length > 1 ? 's' : ''} '[${unknown.join(', ')}]' do${unknown.length > 1 ? '' : 'es'} not exist`,
    );
  }

  #isMine(image: Image): boolean {
    return image.OwnerId === this.#world.accountId;
  }

  /** `Owners` is a request parameter: ids, `self`, or an alias that Amazon keeps. */
  #isOwnedByOneOf(image: Image, owners: readonly string[] | undefined): boolean {
    if (!owners?.length) return true;
    return owners.some(
      (owner) =>
        owner === image.OwnerId ||
        owner === image.ImageOwnerAlias ||
        (owner === 'self' && this.#isMine(image)),
    );
  }

  #isShown(image: Image, input: DescribeImagesRequest, isById: boolean): boolean {
    if (image.State === 'disabled' && !(input.IncludeDisabled && this.#isMine(image))) return false;
    const deprecatedAtMs = Date.parse(image.DeprecationTime ?? '');
    const isDeprecated = deprecatedAtMs <= this.#world.clock.nowMs;
    if (!isDeprecated || input.IncludeDeprecated || this.#isMine(image)) return true;
    return isById && this.#world.readings.deprecatedImageShownById;
  }

  #announce(image: Image, state: ImageState): void {
    // The event goes to the owner's account only. Source: Amazon EC2 user guide, monitor-ami-events.
    if (!this.#isMine(image)) return;
    const imageId = image.ImageId ?? '';
    this.#world.bus.emit({
      source: 'aws.ec2',
      detailType: 'EC2 AMI State Change',
      resources: [`arn:aws:ec2:${this.#world.region}::image/${imageId}`],
      detail: { RequestId: 'simulated', ImageId: imageId, State: state, ErrorMessage: '' },
      delivery: 'best-effort',
    });
  }
}
