import type {
  CreateLaunchTemplateVersionCommandOutput,
  DeleteLaunchTemplateVersionsCommandOutput,
  DescribeImagesCommandOutput,
  DescribeLaunchTemplatesCommandOutput,
  DescribeLaunchTemplateVersionsCommandOutput,
} from '@aws-sdk/client-ec2';
import { afterEach, describe, expect, it } from 'vitest';
import {
  NEW_IMAGE,
  OLD_IMAGE,
  type SmallAccount,
  smallAccount,
  smallCapture,
  TEMPLATE,
} from './small-account.ts';

let account: SmallAccount;
const template = { LaunchTemplateId: TEMPLATE };
const create = (input: object = {}) =>
  account.call<CreateLaunchTemplateVersionCommandOutput>('EC2', 'CreateLaunchTemplateVersion', {
    ...template,
    SourceVersion: '1',
    LaunchTemplateData: { ImageId: NEW_IMAGE },
    ...input,
  }).LaunchTemplateVersion;
const versions = (input: object = {}) =>
  account
    .call<DescribeLaunchTemplateVersionsCommandOutput>('EC2', 'DescribeLaunchTemplateVersions', {
      ...template,
      ...input,
    })
    .LaunchTemplateVersions?.map((version) => version.VersionNumber);

describe('launch template versions', () => {
  afterEach(() => account.close());

  it('inherit what is not given, without the snapshots', () => {
    account = smallAccount();
    expect(create()?.LaunchTemplateData).toEqual({
      ImageId: NEW_IMAGE,
      InstanceType: 'm5.large',
      UserData: expect.any(String),
      BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 30 } }],
    });
    expect(create({ SourceVersion: undefined })?.LaunchTemplateData).toEqual({ ImageId: NEW_IMAGE });
  });

  it('are made once for a client token', () => {
    account = smallAccount();
    const numbers = [create({ ClientToken: 'run-1' }), create({ ClientToken: 'run-1' })];
    expect(numbers.map((version) => version?.VersionNumber)).toEqual([2, 2]);
    expect(
      account.refusal('EC2', 'CreateLaunchTemplateVersion', {
        ...template,
        ClientToken: 'run-1',
        LaunchTemplateData: { ImageId: OLD_IMAGE },
      }),
    ).toContain('IdempotentParameterMismatch');
  });

  it('are answered newest first, by number and by name, and missing ones fail', () => {
    account = smallAccount();
    create();
    expect(versions()).toEqual([2, 1]);
    expect(versions({ Versions: ['$Default'] })).toEqual([1]);
    expect(versions({ Versions: ['$Latest', '1'] })).toEqual([2, 1]);
    expect(
      account.refusal('EC2', 'DescribeLaunchTemplateVersions', { ...template, Versions: ['7'] }),
    ).toContain('InvalidLaunchTemplateId.VersionNotFound');
  });

  it('never use a number twice, and the default one cannot be deleted', () => {
    account = smallAccount();
    create();
    const remove = (...Versions: string[]) =>
      account.call<DeleteLaunchTemplateVersionsCommandOutput>('EC2', 'DeleteLaunchTemplateVersions', {
        ...template,
        Versions,
      });
    const answer = remove('1', '2', '9');
    expect(answer.SuccessfullyDeletedLaunchTemplateVersions?.map((version) => version.VersionNumber)).toEqual(
      [2],
    );
    expect(
      answer.UnsuccessfullyDeletedLaunchTemplateVersions?.map((version) => version.ResponseError?.Code),
    ).toEqual(['unexpectedError', 'launchTemplateVersionDoesNotExist']);
    expect(create()?.VersionNumber).toBe(3);
  });

  it('become the default when the template is told so', () => {
    account = smallAccount();
    create();
    account.call('EC2', 'ModifyLaunchTemplate', { ...template, DefaultVersion: '2' });
    const { LaunchTemplates } = account.call<DescribeLaunchTemplatesCommandOutput>(
      'EC2',
      'DescribeLaunchTemplates',
    );
    expect(LaunchTemplates?.[0]).toMatchObject({ DefaultVersionNumber: 2, LatestVersionNumber: 2 });
    expect(account.refusal('EC2', 'ModifyLaunchTemplate', { ...template, DefaultVersion: '5' })).toContain(
      'VersionNotFound',
    );
  });

  it('show the image behind a parameter only when asked to resolve it', () => {
    account = smallAccount();
    account.parameters.set('/golden', NEW_IMAGE);
    create({ LaunchTemplateData: { ImageId: 'resolve:ssm:/golden' } });
    const image = (ResolveAlias: boolean) =>
      account.call<DescribeLaunchTemplateVersionsCommandOutput>('EC2', 'DescribeLaunchTemplateVersions', {
        ...template,
        Versions: ['2'],
        ResolveAlias,
      }).LaunchTemplateVersions?.[0]?.LaunchTemplateData?.ImageId;
    expect([image(false), image(true)]).toEqual(['resolve:ssm:/golden', NEW_IMAGE]);
  });

  it('can be tagged', () => {
    account = smallAccount();
    account.call('EC2', 'CreateTags', { Resources: [TEMPLATE], Tags: [{ Key: 'run', Value: '1' }] });
    const tags = () =>
      account.call<DescribeLaunchTemplatesCommandOutput>('EC2', 'DescribeLaunchTemplates')
        .LaunchTemplates?.[0]?.Tags;
    expect(tags()).toEqual([{ Key: 'run', Value: '1' }]);
    account.call('EC2', 'DeleteTags', { Resources: [TEMPLATE], Tags: [{ Key: 'run' }] });
    expect(tags()).toEqual([]);
  });
});

describe('images', () => {
  afterEach(() => account.close());

  const images = (input: object) =>
    account
      .call<DescribeImagesCommandOutput>('EC2', 'DescribeImages', input)
      .Images?.map((image) => image.ImageId);

  it('are told by owner as a parameter, not by a name that anybody can give', () => {
    const capture = smallCapture();
    capture.ec2.images.push({
      ImageId: 'ami-0000000000000e51',
      OwnerId: '444455556666',
      Name: OLD_IMAGE,
      Public: true,
    });
    account = smallAccount(capture);
    const Filters = [{ Name: 'name', Values: [OLD_IMAGE] }];
    expect(images({ Filters })).toEqual([OLD_IMAGE, 'ami-0000000000000e51']);
    expect(images({ Filters, Owners: ['self'] })).toEqual([OLD_IMAGE]);
    expect(images({ ImageIds: ['ami-0000000000000e51'], Owners: ['self'] })).toEqual([]);
  });

  it('of others that are deprecated are not in lists, but can be launched', () => {
    const capture = smallCapture();
    const image = capture.ec2.images.find(({ ImageId }) => ImageId === NEW_IMAGE);
    if (image) Object.assign(image, { OwnerId: '444455556666', DeprecationTime: '2026-01-01T00:00:00.000Z' });
    account = smallAccount(capture);
    expect(images({ Owners: ['444455556666'] })).toEqual([]);
    expect(images({ Owners: ['444455556666'], IncludeDeprecated: true })).toEqual([NEW_IMAGE]);
    account.call('AutoScaling', 'UpdateAutoScalingGroup', {
      AutoScalingGroupName: 'web',
      LaunchTemplate: { LaunchTemplateId: TEMPLATE, Version: String(create()?.VersionNumber) },
    });
    expect(account.autoScaling.groups()[0]?.launchImages).toEqual([NEW_IMAGE]);
  });

  it('of this account announce themselves when they become available', () => {
    account = smallAccount();
    account.ec2.publishImage({ ImageId: 'ami-0000000000000aaaa' }, NEW_IMAGE);
    expect(account.events.at(-1)).toMatchObject({
      detailType: 'EC2 AMI State Change',
      detail: { ImageId: 'ami-0000000000000aaaa', State: 'available' },
    });
    expect(images({ ImageIds: ['ami-0000000000000aaaa'] })).toHaveLength(1);
  });
});
