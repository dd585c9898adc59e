import type { LaunchTemplateOverrides, MixedInstancesPolicy } from '@aws-sdk/client-auto-scaling';
import type { LaunchTemplateVersion } from '@aws-sdk/client-ec2';
import { afterEach, describe, expect, it } from 'vitest';
import {
  ARM_IMAGE,
  NEW_IMAGE,
  OLD_IMAGE,
  type SmallAccount,
  smallAccount,
  smallCapture,
  TEMPLATE,
} from '../ec2/small-account.ts';

const ARM_TEMPLATE = 'lt-00000000000000002';
const templates: LaunchTemplateVersion[] = [
  {
    LaunchTemplateId: TEMPLATE,
    LaunchTemplateName: 'web',
    VersionNumber: 1,
    DefaultVersion: true,
    LaunchTemplateData: { ImageId: OLD_IMAGE },
  },
  {
    LaunchTemplateId: ARM_TEMPLATE,
    LaunchTemplateName: 'web-arm',
    VersionNumber: 4,
    DefaultVersion: true,
    LaunchTemplateData: { ImageId: ARM_IMAGE },
  },
];

let account: SmallAccount;
const start = (
  Overrides: LaunchTemplateOverrides[],
  InstancesDistribution: MixedInstancesPolicy['InstancesDistribution'],
  faults = {},
) => {
  const capture = smallCapture({
    hosts: 0,
    templates,
    group: {
      MixedInstancesPolicy: {
        LaunchTemplate: {
          LaunchTemplateSpecification: { LaunchTemplateId: TEMPLATE, Version: '$Latest' },
          Overrides,
        },
        ...(InstancesDistribution && { InstancesDistribution }),
      },
    },
  });
  // A group has a mixed policy or a template, never both.
  delete capture.autoScaling.autoScalingGroups[0]?.LaunchTemplate;
  capture.ec2.instanceTypes.push({
    InstanceType: 'm6g.large',
    ProcessorInfo: { SupportedArchitectures: ['arm64'] },
    VCpuInfo: { DefaultVCpus: 2 },
  });
  account = smallAccount(capture, { faults });
};
const grow = async (DesiredCapacity: number) => {
  account.call('AutoScaling', 'SetDesiredCapacity', { AutoScalingGroupName: 'web', DesiredCapacity });
  await account.pass(60);
  return (account.group().Instances ?? []).map((member) => account.ec2.instance(member.InstanceId ?? ''));
};
const arm: LaunchTemplateOverrides = {
  InstanceType: 'm6g.large',
  LaunchTemplateSpecification: { LaunchTemplateId: ARM_TEMPLATE, Version: '$Default' },
};

describe('a mixed-instances group', () => {
  afterEach(() => account.close());

  it('launches each override from its own template, and the next one when a type is refused', async () => {
    start([arm, { InstanceType: 'm5.large' }], undefined);
    account.ec2.setImageState(ARM_IMAGE, 'deregistered');
    expect((await grow(2)).map((host) => `${host?.instanceType} ${host?.imageId}`)).toEqual([
      `m5.large ${OLD_IMAGE}`,
      `m5.large ${OLD_IMAGE}`,
    ]);
    account.ec2.publishImage({ ImageId: ARM_IMAGE, Architecture: 'arm64' }, OLD_IMAGE);
    expect((await grow(3)).at(-1)).toMatchObject({ instanceType: 'm6g.large', imageId: ARM_IMAGE });
  });

  it('has as many images as its overrides have', () => {
    start([arm, { InstanceType: 'm5.large' }, { InstanceType: 'm5.large', ImageId: NEW_IMAGE }], undefined);
    expect(account.autoScaling.groups()[0]?.launchImages).toEqual([ARM_IMAGE, OLD_IMAGE, NEW_IMAGE]);
  });

  it('tells the image of an override that names one, and only then', async () => {
    start([{ InstanceType: 'm5.large', ImageId: NEW_IMAGE }], undefined);
    await grow(1);
    expect(account.group().Instances?.[0]).toMatchObject({
      ImageId: NEW_IMAGE,
      LaunchTemplate: { LaunchTemplateId: TEMPLATE, LaunchTemplateName: 'web', Version: '1' },
    });
  });

  it('keeps its share of On-Demand above the base', async () => {
    start([{ InstanceType: 'm5.large' }], {
      OnDemandBaseCapacity: 1,
      OnDemandPercentageAboveBaseCapacity: 50,
    });
    const hosts = await grow(5);
    expect(hosts.filter((host) => account.ec2.isSpot(host?.instanceId ?? ''))).toHaveLength(2);
  });

  it('counts weights, not hosts', async () => {
    start([{ InstanceType: 'm5.large', WeightedCapacity: '4' }], undefined);
    expect(await grow(8)).toHaveLength(2);
    expect(account.group().Instances?.[0]).toMatchObject({ WeightedCapacity: '4' });
  });

  it('refuses a policy with an override whose image does not exist', () => {
    start([arm], undefined);
    expect(
      account.refusal('AutoScaling', 'UpdateAutoScalingGroup', {
        AutoScalingGroupName: 'web',
        MixedInstancesPolicy: {
          LaunchTemplate: {
            LaunchTemplateSpecification: { LaunchTemplateId: TEMPLATE, Version: '1' },
            Overrides: [{ InstanceType: 'm5.large', ImageId: 'ami-0000000000000dead' }],
          },
        },
      }),
    ).toContain("The image id '[ami-0000000000000dead]' does not exist");
  });
});
