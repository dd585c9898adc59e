/** Is an image fit to be launched by a group: owner, state, age, processor, disks, metadata. */
import type { GroupFacts, ImageFacts, TemplateUse } from '../facts.ts';
import { groupSettings, type PlanContext } from '../plan/context.ts';
import { sourceField, templateField } from '../plan/targets.ts';
import type { Finding } from '../plan.ts';
import { bootProblem } from './architecture.ts';
import { familyOf, isOlder } from './family.ts';
import { soakOf } from './soak.ts';

/** Passes by itself: a plan with no other block waits. */
export const NOT_SOAKED = 'image-not-soaked';
const HOUR_MS = 3_600_000;

type Sentence = Pick<Finding, 'severity' | 'code' | 'field' | 'message' | 'remedy'>;

/** What the checks know of one image in one group. */
interface Subject {
  readonly image: ImageFacts;
  readonly use: TemplateUse;
  readonly group: GroupFacts;
  readonly source: string;
  /** The images that the group's hosts run now. */
  readonly present: readonly ImageFacts[];
  readonly context: PlanContext;
}

const CHECKS: readonly ((subject: Subject) => Sentence | Sentence[] | undefined)[] = [
  owner,
  launchable,
  quarantine,
  age,
  soaked,
  bootsOnTypes,
  platform,
  family,
  rootDevice,
  metadata,
  encryption,
  deprecation,
  direction,
];

/** Every finding on the images that a group would launch; one that concerns several templates is told once. */
export function imageFindings(
  group: GroupFacts,
  source: string,
  images: readonly { readonly use: TemplateUse; readonly image: ImageFacts }[],
  context: PlanContext,
): Finding[] {
  const present = presentImages(group, context);
  const found = images.flatMap(({ use, image }) =>
    CHECKS.flatMap((check) => check({ image, use, group, source, present, context }) ?? []),
  );
  const once = new Map(found.map((sentence) => [`${sentence.code} ${sentence.message}`, sentence]));
  return [...once.values(), ...rollbackFindings(group, present, context)].map((sentence) => ({
    ...sentence,
    message: `${group.autoScalingGroupName}: ${sentence.message}`,
    scope: 'group',
    autoScalingGroupName: group.autoScalingGroupName,
  }));
}

/** By `OwnerId` and Amazon's own alias, never by name: anybody may give an image any name. */
function owner({ image, group, source, context }: Subject): Sentence | undefined {
  const { imageOwners } = groupSettings(context, group.autoScalingGroupName);
  const { ownerId, ownerAlias, imageId } = image;
  const isAllowed = imageOwners.some(
    (allowed) =>
      (ownerId !== undefined && allowed === ownerId) ||
      (allowed === 'self' && ownerId === context.planFacts.accountId) ||
      (allowed !== 'self' && allowed === ownerAlias),
  );
  if (isAllowed) return undefined;
  return {
    severity: 'blocks',
    code: 'image-owner',
    field: sourceField(context, source),
    message: `${imageId} is owned by ${ownerId ?? 'an unknown account'}${ownerAlias === undefined ? '' : ` (${ownerAlias})`}, which is not among the allowed owners ${imageOwners.join(', ')}`,
    remedy: `use an image of an allowed owner${ownerId === undefined ? '' : `, or add ${ownerId} to imageOwners if you trust it`}`,
  };
}

function launchable({ image, source, context }: Subject): Sentence | undefined {
  const field = sourceField(context, source);
  if (image.state !== 'available') {
    return {
      severity: 'blocks',
      code: 'image-state',
      field,
      message: `${image.imageId} is ${image.state}, so it cannot be launched`,
      remedy: 'name an image that is available',
    };
  }
  if (image.allowed !== false) return undefined;
  return {
    severity: 'blocks',
    code: 'image-not-allowed',
    field,
    message: `the account's Allowed AMIs setting does not allow ${image.imageId}`,
    remedy: 'change the criteria of Allowed AMIs, or name an image that they allow',
  };
}

/** A person who names the very image may try it again; no schedule and no event may. */
function quarantine({ image, source, context }: Subject): Sentence | undefined {
  const entry = context.planFacts.quarantine.find(({ imageId }) => imageId === image.imageId);
  if (entry === undefined) return undefined;
  const isInsisted = context.request.image === image.imageId && context.request.reason === 'manual';
  return {
    severity: isInsisted ? 'note' : 'blocks',
    code: 'image-quarantined',
    field: sourceField(context, source),
    message: `${image.imageId} is in quarantine since ${new Date(entry.atMs).toISOString()}: ${entry.reason}`,
    remedy: isInsisted
      ? 'nothing: it is tried because the request names it'
      : 'publish another image, start a run by hand that names this one, or take it out with `rollover release`',
  };
}

function age({ image, group, context }: Subject): Sentence | undefined {
  const { minImageAgeHours } = groupSettings(context, group.autoScalingGroupName);
  if (minImageAgeHours === 0) return undefined;
  const { createdAtMs, imageId } = image;
  if (createdAtMs !== undefined && context.nowMs - createdAtMs >= minImageAgeHours * HOUR_MS)
    return undefined;
  const young =
    createdAtMs === undefined
      ? `nobody knows how old ${imageId} is`
      : `${imageId} is ${Math.floor((context.nowMs - createdAtMs) / HOUR_MS)} hours old`;
  return {
    severity: 'blocks',
    code: 'image-too-young',
    field: 'minImageAgeHours',
    message: `${young}, and minImageAgeHours asks for ${minImageAgeHours}`,
    remedy: 'wait until it is old enough, or lower minImageAgeHours',
  };
}

function soaked({ image, context }: Subject): Sentence | undefined {
  const { after } = context.settings;
  if (after === undefined) return undefined;
  const soak = soakOf(image.imageId, after, context.planFacts.pastRuns, context.nowMs);
  if (soak.done) return undefined;
  return {
    severity: 'blocks',
    code: NOT_SOAKED,
    field: 'after',
    message: soak.why,
    remedy: `roll ${after.cluster} to it first, and wait ${after.soakHours} hours`,
  };
}

function bootsOnTypes({ image, use, source, context }: Subject): Sentence[] {
  return use.instanceTypes.flatMap((instanceType): Sentence[] => {
    const type = context.instanceTypes.get(instanceType);
    if (type === undefined) {
      return [
        {
          severity: 'note',
          code: 'instance-type-unknown',
          field: templateField(use),
          message: `whether ${image.imageId} boots on ${instanceType} is not known: AWS does not describe that type here`,
          remedy: 'let this role call ec2:DescribeInstanceTypes',
        },
      ];
    }
    const problem = bootProblem(image, type);
    if (problem === undefined) return [];
    const what = problem.kind === 'architecture' ? 'is built for' : 'boots with';
    return [
      {
        severity: 'blocks',
        code: `image-${problem.kind}`,
        // An override has an image of its own to change; else it is what named this one.
        field: use.override === undefined ? sourceField(context, source) : templateField(use),
        message: `${image.imageId} ${what} ${problem.image}, ${instanceType} takes ${problem.type.join(', ')}`,
        remedy: `use an image for ${problem.type.join(' or ')}, or instance types for ${problem.image}`,
      },
    ];
  });
}

function platform({ image, present, source, context }: Subject): Sentence | undefined {
  const other = present.find(
    (now) => (now.platform === 'windows') !== (image.platform === 'windows') && now.platform !== undefined,
  );
  if (other === undefined || image.platform === undefined) return undefined;
  return {
    severity: 'blocks',
    code: 'image-platform',
    field: sourceField(context, source),
    message: `${image.imageId} is for ${image.platform}, the hosts run ${other.platform}`,
    remedy: `use an image for ${other.platform}`,
  };
}

/** The template's user data stays as it is when only the image changes; its owner may have changed both. */
function family({ image, present, source, context }: Subject): Sentence | undefined {
  const to = familyOf(image);
  const crossed = present.find((now) => familyOf(now) !== to && familyOf(now) !== 'other' && to !== 'other');
  if (crossed === undefined || source === 'launch-template') return undefined;
  const from = familyOf(crossed);
  const otherUserData = from === 'bottlerocket' || to === 'bottlerocket';
  return {
    severity: otherUserData ? 'blocks' : 'note',
    code: 'image-family',
    field: sourceField(context, source),
    message: otherUserData
      ? `${image.imageId} is ${to}, the hosts run ${from}: the template's user data is not in its form, so new hosts would not join`
      : `${image.imageId} is ${to}, the hosts run ${from}`,
    remedy: otherUserData
      ? 'put image and user data into the launch template together, and use imageSource launch-template'
      : 'nothing, if that is intended; the trial shows whether the hosts join',
  };
}

/**
 * A mapping for the old root device would add a second volume and leave the root at the image's own size; one that is
 * smaller than the snapshot does not launch (Amazon EC2 user guide, "block-device-mapping-concepts").
 */
function rootDevice({ image, use, present, context }: Subject): Sentence | undefined {
  const details = templateDetails(use, context);
  const root = image.rootDeviceName;
  if (details === undefined || root === undefined) return undefined;
  const own = details.blockDevices.find(({ deviceName }) => deviceName === root);
  const field = 'LaunchTemplateData.BlockDeviceMappings';
  if (own?.sizeGiB !== undefined && own.sizeGiB < (image.rootSnapshotSizeGiB ?? 0)) {
    return {
      severity: 'blocks',
      code: 'image-root-size',
      field,
      message: `${details.launchTemplateId} gives ${root} ${own.sizeGiB} GiB, the snapshot of ${image.imageId} is ${image.rootSnapshotSizeGiB} GiB`,
      remedy: `give ${root} at least ${image.rootSnapshotSizeGiB} GiB`,
    };
  }
  const oldRoot = present.find(
    ({ rootDeviceName }) =>
      rootDeviceName !== undefined &&
      rootDeviceName !== root &&
      details.blockDevices.some(({ deviceName }) => deviceName === rootDeviceName),
  )?.rootDeviceName;
  if (own !== undefined || oldRoot === undefined) return undefined;
  return {
    severity: 'blocks',
    code: 'image-root-device',
    field,
    message: `${details.launchTemplateId} maps ${oldRoot}, the root of ${image.imageId} is ${root}: the root would have the image's own size beside an extra volume`,
    remedy: `map ${root} in the template`,
  };
}

/**
 * With `ImdsSupport` v2.0 a token is required, and a hop limit of 1 does not reach containers in bridge networks
 * (Amazon EC2 user guide, "configuring-IMDS-new-instances").
 */
function metadata({ image, use, present, context }: Subject): Sentence | undefined {
  const details = templateDetails(use, context);
  if (details?.metadataHopLimit !== 1 || image.imdsSupport !== 'v2.0') return undefined;
  const isNew = present.some((now) => now.imdsSupport !== 'v2.0') && details.metadataTokens !== 'required';
  return {
    severity: isNew ? 'outage' : 'note',
    code: 'image-metadata-hops',
    field: 'LaunchTemplateData.MetadataOptions.HttpPutResponseHopLimit',
    message: `${image.imageId} requires IMDSv2 and ${details.launchTemplateId} limits it to 1 hop: containers in bridge networks get no instance metadata`,
    remedy: 'set the hop limit to 2',
  };
}

/**
 * With a customer's key the launch fails ("Client.InternalError") unless the key lets Auto Scaling's service-linked role
 * use it (Amazon EC2 Auto Scaling user guide, "ts-as-instancelaunchfailure"). Whether it does, only a launch can tell.
 */
function encryption({ image, present, source, context }: Subject): Sentence | undefined {
  const { imageId, kmsKeyId } = image;
  if (kmsKeyId === undefined || present.some((now) => now.kmsKeyId === kmsKeyId)) return undefined;
  return {
    severity: 'note',
    code: 'image-kms-key',
    field: sourceField(context, source),
    message: `${imageId} is encrypted with ${kmsKeyId}, which no image of the hosts uses now`,
    remedy:
      'let the key grant its use to the service-linked role of Auto Scaling; the trial shows whether it does',
  };
}

function deprecation({ image, source, context }: Subject): Sentence | undefined {
  if (image.deprecatedAtMs === undefined || image.deprecatedAtMs > context.nowMs) return undefined;
  return {
    severity: 'note',
    code: 'image-deprecated',
    field: sourceField(context, source),
    message: `${image.imageId} is deprecated since ${new Date(image.deprecatedAtMs).toISOString()}; it still launches`,
    remedy: 'move to a newer image',
  };
}

function direction({ image, present, source, context }: Subject): Sentence | undefined {
  const newer = present.find((now) => now.imageId !== image.imageId && isOlder(image, now));
  if (newer === undefined) return undefined;
  return {
    severity: 'note',
    code: 'image-older',
    field: sourceField(context, source),
    message: `${image.imageId} is older than ${newer.imageId}, which hosts run now`,
    remedy: 'nothing, if going back is intended',
  };
}

/** A rollback launches what runs now. */
function rollbackFindings(
  group: GroupFacts,
  present: readonly ImageFacts[],
  context: PlanContext,
): Sentence[] {
  const ids = new Set(
    (context.hostsByGroup.get(group.autoScalingGroupName) ?? []).flatMap(({ imageId }) => imageId ?? []),
  );
  return [...ids].flatMap((imageId): Sentence[] => {
    const image = present.find((now) => now.imageId === imageId);
    if (image?.state === 'available' && image.allowed !== false) return [];
    return [
      {
        severity: 'note',
        code: 'old-image-gone',
        field: 'ImageId',
        message: `${imageId}, which hosts run now, can no longer be launched (${image?.state ?? 'not found'}): a rollback could not bring back what is lost by then`,
        remedy: 'keep an image until no host runs it',
      },
    ];
  });
}

function presentImages(group: GroupFacts, context: PlanContext): ImageFacts[] {
  const hosts = context.hostsByGroup.get(group.autoScalingGroupName) ?? [];
  const ids = new Set(hosts.flatMap(({ imageId }) => imageId ?? []));
  return [...ids].flatMap((imageId) => context.images.get(imageId) ?? []);
}

function templateDetails(use: TemplateUse, { planFacts }: PlanContext) {
  return planFacts.templates.find(
    ({ launchTemplateId, version }) =>
      launchTemplateId === use.reference.launchTemplateId && version === use.resolvedVersion,
  );
}
