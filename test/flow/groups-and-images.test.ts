/** Groups of many kinds beside each other, and images that do not fit: who is rolled, who stays, and what is said. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rehearseCapture } from '../support/rehearse-cluster.ts';
import {
  addImage,
  groupIn,
  imageIn,
  imagesRunning,
  type Json,
  NEW_IMAGE,
  OLD_IMAGE,
  QUICK,
  referenceOf,
  smallCluster,
} from '../support/small-cluster.ts';

const ARM_OLD = 'ami-0a0a0a0a0a0a0a0a1';
const ARM_NEW = 'ami-0a0a0a0a0a0a0a0a2';
const clean = { restored: true, leftovers: [], violations: [] };
const toNew = { cluster: 'prod', image: NEW_IMAGE };
const planned = (capture: Json, scenario: Json = {}) =>
  rehearseCapture(capture, { request: { ...toNew, mode: 'plan' }, ...scenario });

/** A group of either processor. */
function twoProcessors(): Json {
  const capture = smallCluster([
    { name: 'intel', version: '$Default' },
    { name: 'graviton', version: 'number', instanceType: 'm6g.xlarge', oldImage: ARM_OLD },
  ]);
  Object.assign(imageIn(capture, ARM_OLD), { Architecture: 'arm64' });
  addImage(capture, ARM_NEW, { Architecture: 'arm64' });
  return capture;
}

describe('several groups', () => {
  it('are rolled each to the image of its own source', async () => {
    const capture = twoProcessors();
    capture.ssm.parameters.push({ Name: '/arm', Value: JSON.stringify({ image_id: ARM_NEW, os: 'x' }) });

    const record = await rehearseCapture(capture, {
      request: { cluster: 'prod' },
      settings: { ...QUICK, imageSource: { intel: NEW_IMAGE, graviton: 'ssm:/arm' } },
    });

    expect(record.result).toMatchObject({ outcome: 'SUCCEEDED', ...clean, instances: { replaced: 4 } });
    expect(imagesRunning(record, 'intel')).toEqual([NEW_IMAGE, NEW_IMAGE]);
    expect(imagesRunning(record, 'graviton')).toEqual([ARM_NEW, ARM_NEW]);
    expect(referenceOf(record, 'graviton')).toMatchObject({ version: '5', images: [ARM_NEW] });
  });

  it('of which one cannot boot the image: that one stays, with the reason, and the other goes on', async () => {
    const record = await rehearseCapture(twoProcessors(), { request: toNew, settings: QUICK });

    expect(record.result).toMatchObject({ outcome: 'PARTIAL', ...clean, instances: { replaced: 2 } });
    expect(record.result.findings).toContainEqual({
      severity: 'blocks',
      field: 'image',
      message: expect.stringMatching(/^graviton: .* x86_64, m6g.xlarge takes arm64$/),
      remedy: expect.stringContaining('arm64'),
    });
    expect(record.result.instances.held).toHaveLength(2);
    expect(imagesRunning(record, 'graviton')).toEqual([ARM_OLD, ARM_OLD]);
    expect(referenceOf(record, 'graviton')).toMatchObject({ version: '4', images: [ARM_OLD] });
  });

  it('of an old estate, in the shapes that its CLI gives, are rolled but for the launch configuration', async () => {
    const capture = JSON.parse(
      readFileSync(new URL('../samples/estate.capture.json', import.meta.url), 'utf8'),
    );
    const [x86, arm] = ['ami-0e01d0000000000a2', 'ami-0e01d0000000000b2'];

    const record = await rehearseCapture(capture, {
      request: { cluster: 'arn:aws:ecs:us-west-2:444455556666:cluster/estate' },
      settings: {
        imageSource: {
          edge: 'ssm:/estate/hosts/x86',
          graviton: 'ssm:/estate/hosts/arm',
          spare: 'ssm:/estate/hosts/x86',
          antique: 'launch-template',
        },
      },
    });

    expect(record.result).toMatchObject({
      outcome: 'PARTIAL',
      ...clean,
      instances: { outdated: 6, replaced: 5, held: [{ instanceId: 'i-0ab0de00000000001' }] },
      tasks: { killed: 0 },
    });
    expect(imagesRunning(record, 'edge')).toEqual([x86, x86, x86]);
    expect(imagesRunning(record, 'graviton')).toEqual([arm, arm]);
    expect(referenceOf(record, 'edge')).toMatchObject({ version: '13', images: [x86] });
    expect(referenceOf(record, 'graviton')).toMatchObject({ version: '$Default', images: [arm] });
    expect(referenceOf(record, 'spare')).toMatchObject({ version: '$Latest', images: [x86] });
  });
});

describe('a group that cannot be rolled as it is', () => {
  const kinds: [string, (group: Json, capture: Json) => void, string, RegExp][] = [
    [
      'on a launch configuration',
      (group) => {
        delete group.LaunchTemplate;
        group.LaunchConfigurationName = 'lc-2019';
      },
      'LaunchConfigurationName',
      /launch template/,
    ],
    [
      'with weights',
      (group) => mixed(group, [{ InstanceType: 'm5.xlarge', WeightedCapacity: '2' }]),
      'MixedInstancesPolicy.LaunchTemplate.Overrides[].WeightedCapacity',
      /remove the weights/,
    ],
    [
      'with attributes in place of types',
      (group) =>
        mixed(group, [{ InstanceRequirements: { VCpuCount: { Min: 2 }, MemoryMiB: { Min: 4096 } } }]),
      'MixedInstancesPolicy.LaunchTemplate.Overrides[].InstanceRequirements',
      /instance types/,
    ],
    [
      'with a template that somebody else follows on $Latest',
      (group, capture) => shareWith(capture, group),
      'LaunchTemplate.Version',
      /a template of its own/,
    ],
    [
      'whose $Default somebody else follows',
      (group, capture) => {
        group.LaunchTemplate.Version = '$Default';
        capture.ec2.launchTemplateVersions.at(-1).LaunchTemplateData.ImageId = OLD_IMAGE;
        shareWith(capture, group);
      },
      'LaunchTemplate.Version',
      /version number/,
    ],
    [
      'with a parameter that nobody can resolve',
      (_, capture) => {
        capture.ec2.launchTemplateVersions.at(-1).LaunchTemplateData.ImageId = 'resolve:ssm:/gone:stable';
      },
      'LaunchTemplateData.ImageId',
      /resolve:ssm:/,
    ],
  ];
  it.each(kinds)(
    '%s is refused with what to change, and the other goes on',
    async (_, change, field, remedy) => {
      const capture = smallCluster([
        { name: 'good', imageReference: NEW_IMAGE },
        { name: 'bad', imageReference: NEW_IMAGE },
      ]);
      change(groupIn(capture, 'bad'), capture);

      const { result } = await rehearseCapture(capture, {
        request: { cluster: 'prod', mode: 'plan' },
        settings: field === 'LaunchTemplate.Version' ? { imageSource: { bad: NEW_IMAGE } } : {},
      });

      const blocks = result.findings.filter(({ severity }) => severity === 'blocks');
      expect(blocks).toEqual([
        {
          severity: 'blocks',
          field,
          message: expect.stringMatching(/^bad\b/),
          remedy: expect.stringMatching(remedy),
        },
      ]);
      expect(result).toMatchObject({ outcome: 'PARTIAL', ...clean, instances: { outdated: 4, replaced: 0 } });
    },
  );

  it.each([
    ['of another service', { Operator: { Managed: true, Principal: 'eks.amazonaws.com' } }, /Operator/],
    ['of AWS Batch', { Tags: [{ Key: 'AWSBatchServiceTag', Value: 'batch' }] }, /Batch/],
  ])('%s is not ours, and is left alone', async (_, change, reason) => {
    const capture = smallCluster([{ name: 'good' }, { name: 'bad' }]);
    Object.assign(groupIn(capture, 'bad'), change);

    const { result } = await planned(capture);

    expect(result).toMatchObject({ outcome: 'SUCCEEDED', instances: { outdated: 2 } });
    expect(result.instances.exempt.map(({ reason: why }) => why)).toEqual([
      expect.stringMatching(reason),
      expect.stringMatching(reason),
    ]);
  });

  it('leaves a host in Standby to who put it there', async () => {
    const capture = smallCluster([{ hosts: 3 }]);
    Object.assign(groupIn(capture, 'hosts'), { DesiredCapacity: 2 });
    groupIn(capture, 'hosts').Instances[0].LifecycleState = 'Standby';

    const record = await rehearseCapture(capture, { request: toNew, settings: QUICK });

    expect(record.result).toMatchObject({ outcome: 'SUCCEEDED', ...clean, instances: { replaced: 2 } });
    expect(record.result.instances.exempt).toEqual([
      { instanceId: 'i-00000000000000000', reason: expect.stringContaining('Standby') },
    ]);
    expect(imagesRunning(record).sort()).toEqual([OLD_IMAGE, NEW_IMAGE, NEW_IMAGE]);
  });
});

describe('an image', () => {
  it.each<[string, Json, Json, string, RegExp]>([
    [
      'of a foreign owner',
      { OwnerId: '444455556666', ImageOwnerAlias: undefined },
      {},
      'image',
      /444455556666/,
    ],
    ['for another processor', { Architecture: 'arm64' }, {}, 'image', /arm64/],
    ['that is not ready', { State: 'pending' }, {}, 'image', /pending/],
    ['that is too young', {}, { minImageAgeHours: 200 }, 'minImageAgeHours', /87 hours old/],
    [
      'with a smaller snapshot than disk',
      { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 80 } }] },
      {},
      'LaunchTemplateData.BlockDeviceMappings',
      /80 GiB/,
    ],
  ])('%s is refused before anything is touched', async (_, change, settings, field, message) => {
    const capture = smallCluster();
    Object.assign(imageIn(capture, NEW_IMAGE), change);
    capture.ec2.launchTemplateVersions[0].LaunchTemplateData.BlockDeviceMappings = [
      { DeviceName: '/dev/xvda', Ebs: { VolumeSize: 30 } },
    ];

    const { result } = await rehearseCapture(capture, { request: toNew, settings });

    expect(result).toMatchObject({ outcome: 'REFUSED', ...clean, instances: { outdated: 2, replaced: 0 } });
    expect(result.findings.filter(({ severity }) => severity === 'blocks')).toMatchObject([
      { field, message: expect.stringMatching(message) },
    ]);
    expect(
      Object.keys(result.cost.apiCalls).filter((call) => /Update|Create|Modify|Suspend/.test(call)),
    ).not.toContain('AutoScaling.UpdateAutoScalingGroup');
  });

  it('that is deprecated is rolled out with a note', async () => {
    const capture = smallCluster();
    Object.assign(imageIn(capture, NEW_IMAGE), { DeprecationTime: '2026-01-01T00:00:00Z' });

    const { result } = await planned(capture);

    expect(result.outcome).toBe('SUCCEEDED');
    expect(result.findings).toContainEqual(
      expect.objectContaining({ severity: 'note', message: expect.stringContaining('deprecated since') }),
    );
  });
});

function mixed(group: Json, Overrides: Json[]): void {
  const { LaunchTemplate } = group;
  delete group.LaunchTemplate;
  group.MixedInstancesPolicy = {
    LaunchTemplate: { LaunchTemplateSpecification: LaunchTemplate, Overrides },
  };
}

/** A group outside the cluster that launches from the same template in the same way. */
function shareWith(capture: Json, group: Json): void {
  capture.autoScaling.autoScalingGroups.push({
    ...group,
    AutoScalingGroupName: 'foreign',
    AutoScalingGroupARN: undefined,
    DesiredCapacity: 0,
    Instances: [],
  });
}
