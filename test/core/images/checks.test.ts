import { describe, expect, it } from 'vitest';
import type { ImageFacts } from '../../../functions/core/facts.ts';
import { bootProblem } from '../../../functions/core/images/architecture.ts';
import { readImageSource } from '../../../functions/core/images/source.ts';
import type { Outcome } from '../../../functions/core/outcome.ts';
import type { TemplateDetails } from '../../../functions/core/plan/plan-facts.ts';
import type { Settings } from '../../../functions/core/settings.ts';
import { codes, group, image, NEW, NOW_MS, OLD, planOf, template } from '../plan/world.ts';

const old = image({ imageId: OLD, createdAtMs: NOW_MS - 60 * 86_400_000 });

/** The plan for a group that launches this image. */
function planFor(
  over: Partial<ImageFacts>,
  more: { settings?: Partial<Settings>; now?: Partial<ImageFacts>; details?: Partial<TemplateDetails> } = {},
) {
  const details = {
    launchTemplateId: 'lt-web',
    version: 7,
    latestVersion: 7,
    defaultVersion: 7,
    blockDevices: [],
    ...more.details,
  };
  return planOf({
    planFacts: { images: [image(over), { ...old, ...more.now }], templates: [details] },
    ...(more.settings !== undefined && { settings: more.settings }),
  });
}

describe('the checks of an image', () => {
  it.each<[string, Partial<ImageFacts>, string[]]>([
    ["Amazon's by its alias", {}, []],
    ['this account by its number', { ownerId: '111122223333', ownerAlias: 'self' }, []],
    ['a stranger who borrowed the name', { ownerId: '444455556666', ownerAlias: 'friend' }, ['image-owner']],
  ])('go by the owner: %s', (_, over, found) => {
    expect(codes(planFor(over), 'blocks')).toEqual(found);
  });

  it('do not take a stranger for self because the alias says so', () => {
    expect(codes(planFor({ ownerId: '444455556666', ownerAlias: 'self' }), 'blocks')).toEqual([
      'image-owner',
    ]);
  });

  it('refuse an image of an unknown owner', () => {
    const { ownerId: _, ownerAlias: __, ...nobodys } = image();
    const plan = planOf({ planFacts: { images: [nobodys, old] } });
    expect(codes(plan, 'blocks')).toEqual(['image-owner']);
  });

  it('accept an account that the settings name', () => {
    const plan = planFor(
      { ownerId: '444455556666', ownerAlias: 'x' },
      { settings: { imageOwners: ['444455556666'] } },
    );
    expect(codes(plan, 'blocks')).toEqual([]);
  });

  it.each(['pending', 'failed', 'deregistered', 'disabled', 'invalid'])('refuse one that is %s', (state) => {
    expect(codes(planFor({ state }), 'blocks')).toEqual(['image-state']);
  });

  it("refuse one that the account's Allowed AMIs exclude", () => {
    expect(codes(planFor({ allowed: false }), 'blocks')).toEqual(['image-not-allowed']);
  });

  it('refuse one that is younger than minImageAgeHours, to the hour', () => {
    const born = (hours: number) => ({ createdAtMs: NOW_MS - hours * 3_600_000 });
    const settings = { minImageAgeHours: 72 };
    expect(codes(planFor(born(71.9), { settings }), 'blocks')).toEqual(['image-too-young']);
    expect(codes(planFor(born(72), { settings }), 'blocks')).toEqual([]);
  });

  it('refuse one in quarantine unless a person names it', () => {
    const quarantine = [{ imageId: NEW, reason: 'tasks died', atMs: NOW_MS - 1000 }];
    const blocked = (request: { image?: string; reason?: string }) =>
      codes(planOf({ planFacts: { quarantine }, request }), 'blocks');
    expect(blocked({})).toEqual(['image-quarantined']);
    expect(blocked({ image: NEW, reason: 'schedule' })).toEqual(['image-quarantined']);
    expect(blocked({ reason: 'manual' })).toEqual(['image-quarantined']);
    expect(blocked({ image: NEW, reason: 'manual' })).toEqual([]);
  });

  it('refuse one that has not soaked on the other cluster long enough', () => {
    const ended = (outcome: Outcome, hoursAgo: number) => ({
      cluster: 'staging',
      imageIds: [NEW],
      endedAtMs: NOW_MS - hoursAgo * 3_600_000,
      outcome,
    });
    const success = (hoursAgo: number) => ended('SUCCEEDED', hoursAgo);
    const blocked = (pastRuns: ReturnType<typeof success>[]) =>
      codes(
        planOf({ planFacts: { pastRuns }, settings: { after: { cluster: 'staging', soakHours: 24 } } }),
        'blocks',
      );
    expect(blocked([])).toEqual(['image-not-soaked']);
    expect(blocked([success(23)])).toEqual(['image-not-soaked']);
    expect(blocked([{ ...success(25), cluster: 'other' }])).toEqual(['image-not-soaked']);
    expect(blocked([success(25)])).toEqual([]);
    // Whoever rolls it out once more does not begin the soak anew; whoever has to give it up does.
    expect(blocked([success(25), success(1)])).toEqual([]);
    expect(blocked([success(25), ended('PENDING_WINDOW', 2)])).toEqual([]);
    for (const outcome of ['PARTIAL', 'FAILED', 'ROLLED_BACK', 'ABORTED'] as const) {
      expect(blocked([success(25), ended(outcome, 1)])).toEqual(['image-not-soaked']);
      expect(blocked([success(50), ended(outcome, 30), success(1)])).toEqual(['image-not-soaked']);
      expect(blocked([success(50), ended(outcome, 30), success(25)])).toEqual([]);
    }
  });

  it('refuse another platform', () => {
    expect(codes(planFor({ platform: 'windows', name: 'Windows_Server' }), 'blocks')).toEqual([
      'image-platform',
    ]);
  });

  it('refuse a root volume smaller than the snapshot', () => {
    const details = { blockDevices: [{ deviceName: '/dev/xvda', sizeGiB: 20 }] };
    expect(codes(planFor({ rootSnapshotSizeGiB: 30 }, { details }), 'blocks')).toEqual(['image-root-size']);
    expect(codes(planFor({ rootSnapshotSizeGiB: 20 }, { details }), 'blocks')).toEqual([]);
  });

  it('refuse a mapping that names the root of the old image only', () => {
    const details = { blockDevices: [{ deviceName: '/dev/xvda', sizeGiB: 100 }] };
    expect(codes(planFor({ rootDeviceName: '/dev/sda1' }, { details }), 'blocks')).toEqual([
      'image-root-device',
    ]);
  });

  it('warn of an outage where the image newly demands IMDSv2 within one hop', () => {
    const found = planOf({
      planFacts: {
        images: [image(), { ...old, imdsSupport: 'v1.0' }],
        templates: [
          {
            launchTemplateId: 'lt-web',
            version: 7,
            latestVersion: 7,
            defaultVersion: 7,
            blockDevices: [],
            metadataHopLimit: 1,
          },
        ],
      },
    });
    expect(codes(found, 'outage')).toEqual(['image-metadata-hops']);
    expect(codes(planFor({}, { details: { metadataHopLimit: 1 } }), 'outage')).toEqual([]);
  });

  it('block a change to Bottlerocket that only changes the image, and note one to Amazon Linux 2023', () => {
    const byRequest = (to: ImageFacts, from: ImageFacts) =>
      planOf({
        facts: { groups: [group({ templates: [template({ imageId: OLD, imageReference: OLD })] })] },
        planFacts: { images: [to, from] },
        request: { image: NEW },
      });
    const bottlerocket = image({ name: 'bottlerocket-aws-ecs-2-x86_64-v1.50.0' });
    expect(codes(byRequest(bottlerocket, old), 'blocks')).toEqual(['image-family']);
    const linux2 = { ...old, name: 'amzn2-ami-ecs-hvm-2.0.20260601-x86_64-ebs' };
    expect(codes(byRequest(image(), linux2), 'blocks')).toEqual([]);
    expect(codes(byRequest(image(), linux2), 'note')).toContain('image-family');
  });

  it('leave a change of family to the owner of the template', () => {
    const name = 'bottlerocket-aws-ecs-2-x86_64-v1.50.0';
    expect(codes(planFor({ name }))).toEqual([]);
  });

  it('are content with a mapping for the new root beside the old one', () => {
    const blockDevices = [{ deviceName: '/dev/xvda' }, { deviceName: '/dev/sda1' }];
    expect(codes(planFor({ rootDeviceName: '/dev/sda1' }, { details: { blockDevices } }), 'blocks')).toEqual(
      [],
    );
  });

  it('note a key that the hosts do not use yet', () => {
    const kmsKeyId = 'arn:aws:kms:eu-west-1:111122223333:key/1';
    expect(codes(planFor({ kmsKeyId }))).toEqual(['image-kms-key']);
    expect(codes(planFor({ kmsKeyId }, { now: { kmsKeyId } }))).toEqual([]);
  });

  it('note a deprecated image, one that goes back, and an old one that is gone', () => {
    expect(codes(planFor({ deprecatedAtMs: NOW_MS - 1 }), 'note')).toContain('image-deprecated');
    expect(codes(planFor({ createdAtMs: NOW_MS - 90 * 86_400_000 }), 'note')).toContain('image-older');
    expect(codes(planFor({}, { now: { state: 'deregistered' } }), 'note')).toContain('old-image-gone');
  });
});

describe('bootProblem', () => {
  it.each([
    ['x86_64', undefined, ['x86_64'], ['legacy-bios', 'uefi'], undefined],
    ['arm64', undefined, ['x86_64'], ['legacy-bios', 'uefi'], 'architecture'],
    ['x86_64', undefined, ['i386', 'x86_64'], ['uefi'], 'boot-mode'],
    ['arm64', undefined, ['arm64'], ['uefi'], undefined],
    ['x86_64', 'uefi', ['x86_64'], ['legacy-bios'], 'boot-mode'],
    ['x86_64', 'uefi-preferred', ['x86_64'], ['legacy-bios'], undefined],
    ['x86_64', 'uefi-preferred', ['x86_64'], ['uefi'], undefined],
    ['x86_64', 'uefi', ['x86_64'], [], undefined],
  ])(
    'of a %s image with boot mode %s on %j with %j is %s',
    (architecture, bootMode, architectures, bootModes, kind) => {
      const problem = bootProblem(
        { architecture, ...(bootMode !== undefined && { bootMode }) },
        { architectures, bootModes },
      );
      expect(problem?.kind).toBe(kind);
    },
  );
});

describe('readImageSource', () => {
  it.each([
    ['launch-template', { kind: 'launch-template' }],
    ['ami-0abcdef1234567890', { kind: 'image', imageId: 'ami-0abcdef1234567890' }],
    ['ssm:/aws/service/ecs/x', { kind: 'parameter', name: '/aws/service/ecs/x' }],
    ['ssm:golden-image:prod', { kind: 'parameter', name: 'golden-image:prod' }],
    [
      'ssm:arn:aws:ssm:eu-west-1:111122223333:parameter/golden',
      { kind: 'parameter', name: 'arn:aws:ssm:eu-west-1:111122223333:parameter/golden' },
    ],
    ['ssm:', undefined],
    ['ssm:with space', undefined],
    ['resolve:ssm:/x', undefined],
    ['AMI-1', undefined],
    ['', undefined],
  ])('reads %j as %j', (text, source) => {
    expect(readImageSource(text)).toEqual(source);
  });
});
