/** How a group names its image before, and after a run that reached it, gave it up, or had only that to move. */
import { describe, expect, it } from 'vitest';
import { rehearseCapture } from '../support/rehearse-cluster.ts';
import {
  groupIn,
  imagesRunning,
  NEW_IMAGE,
  OLD_IMAGE,
  PUBLIC_PARAMETER,
  QUICK,
  referenceOf,
  smallCluster,
} from '../support/small-cluster.ts';

const NEWER_IMAGE = 'ami-0ccccccccccccccc3';
const golden = {
  parameters: { '/golden': NEW_IMAGE, '/golden/json': JSON.stringify({ image_id: NEW_IMAGE }) },
};
const clean = { restored: true, leftovers: [], violations: [] };

describe('a group whose hosts were replaced keeps its form of reference', () => {
  it.each([
    [
      'a number becomes ours',
      'number',
      OLD_IMAGE,
      `ssm:${PUBLIC_PARAMETER}`,
      { version: '5', defaultVersion: 4, latestVersion: 5 },
    ],
    [
      '$Latest is ours',
      '$Latest',
      OLD_IMAGE,
      'ssm:/golden',
      { version: '$Latest', defaultVersion: 4, latestVersion: 5 },
    ],
    [
      '$Default is moved to ours',
      '$Default',
      OLD_IMAGE,
      NEW_IMAGE,
      { version: '$Default', defaultVersion: 5, latestVersion: 5 },
    ],
    [
      'a version with the new image stays',
      'number',
      NEW_IMAGE,
      'launch-template',
      { version: '4', defaultVersion: 4, latestVersion: 4 },
    ],
    [
      'resolve:ssm: is itself again',
      '$Default',
      'resolve:ssm:/golden',
      'launch-template',
      { version: '$Default', defaultVersion: 4, latestVersion: 4 },
    ],
    [
      'resolve:ssm: is itself again where the setting names the same image',
      '$Latest',
      'resolve:ssm:/golden',
      'ssm:/golden/json',
      { version: '$Latest', defaultVersion: 4, latestVersion: 4 },
    ],
  ] as const)('%s', async (_, version, imageReference, imageSource, reference) => {
    const record = await rehearseCapture(smallCluster([{ version, imageReference }], golden), {
      request: { cluster: 'prod' },
      settings: { ...QUICK, imageSource: { hosts: imageSource } },
    });

    expect(record.result).toMatchObject({ outcome: 'SUCCEEDED', ...clean, instances: { replaced: 2 } });
    expect(imagesRunning(record)).toEqual([NEW_IMAGE, NEW_IMAGE]);
    expect(referenceOf(record)).toEqual({ ...reference, images: [NEW_IMAGE] });
  });

  it('of a mixed policy every override too, with templates and images of their own', async () => {
    const capture = smallCluster([
      { overrides: ['m5.xlarge', 'm5.2xlarge', 'c5.xlarge'], version: '$Default' },
    ]);
    const { Overrides } = groupIn(capture, 'hosts').MixedInstancesPolicy.LaunchTemplate;
    const [own] = capture.ec2.launchTemplateVersions;
    const other = { LaunchTemplateId: 'lt-0feedfeedfeedfeed', LaunchTemplateName: 'compute' };
    capture.ec2.launchTemplateVersions.push({ ...own, ...other, VersionNumber: 9 });
    Overrides[1].ImageId = OLD_IMAGE;
    Overrides[2].LaunchTemplateSpecification = { ...other, Version: '9' };

    const record = await rehearseCapture(capture, {
      request: { cluster: 'prod', image: NEW_IMAGE },
      settings: QUICK,
    });

    expect(record.result).toMatchObject({ outcome: 'SUCCEEDED', ...clean });
    expect(referenceOf(record)).toMatchObject({
      version: '$Default',
      defaultVersion: 5,
      images: [NEW_IMAGE],
    });
    expect(
      JSON.parse(record.groups[0]?.launchSource ?? '').MixedInstancesPolicy.LaunchTemplate.Overrides,
    ).toEqual([
      { InstanceType: 'm5.xlarge' },
      { InstanceType: 'm5.2xlarge', ImageId: NEW_IMAGE },
      { InstanceType: 'c5.xlarge', LaunchTemplateSpecification: { ...other, Version: '10' } },
    ]);
  });

  it('and follows its parameter again, which moved on: the newer image is rolled next', async () => {
    const record = await rehearseCapture(smallCluster([{ imageReference: 'resolve:ssm:/golden' }], golden), {
      request: { cluster: 'prod' },
      settings: QUICK,
      faults: [{ kind: 'publish-image', parameter: '/golden', image: NEWER_IMAGE, when: 'first-drain' }],
    });

    expect(record.result).toMatchObject({ outcome: 'SUCCEEDED', ...clean });
    expect(imagesRunning(record)).toEqual([NEWER_IMAGE, NEWER_IMAGE]);
    expect(referenceOf(record)).toEqual({
      version: '$Latest',
      defaultVersion: 4,
      latestVersion: 4,
      images: [NEWER_IMAGE],
    });
  });
});

describe('a group whose run came to nothing is put back', () => {
  it.each([
    ['stopped in the console', '$Latest', { kind: 'stop-execution', when: 'first-drain' }, 'ABORTED'],
    ['stopped in the console', 'number', { kind: 'stop-execution', when: 'canary-ready' }, 'ABORTED'],
    [
      'with an image that never joins',
      '$Default',
      { kind: 'image-never-registers', atSeconds: 0 },
      'ROLLED_BACK',
    ],
  ] as const)('%s, from %s', async (_, version, fault, outcome) => {
    const record = await rehearseCapture(smallCluster([{ version }]), {
      request: { cluster: 'prod', image: NEW_IMAGE },
      settings: QUICK,
      faults: [fault],
    });

    expect(record.result).toMatchObject({ outcome, ...clean });
    expect(imagesRunning(record)).toEqual([OLD_IMAGE, OLD_IMAGE]);
    expect(referenceOf(record)).toEqual({
      version: version === 'number' ? '4' : version,
      defaultVersion: 4,
      latestVersion: 4,
      images: [OLD_IMAGE],
    });
  });

  it('and it is said when its own template names the image that was given up', async () => {
    const record = await rehearseCapture(smallCluster([{ imageReference: NEW_IMAGE }]), {
      request: { cluster: 'prod' },
      settings: QUICK,
      faults: [{ kind: 'image-never-registers', atSeconds: 0 }],
    });

    expect(record.result).toMatchObject({ outcome: 'ROLLED_BACK', ...clean });
    expect(record.result.notifications.map(({ kind }) => kind)).toContain('restored-with-warnings');
  });
});

describe('a group without a host to replace', () => {
  const there = { hosts: 2, images: { 0: NEW_IMAGE, 1: NEW_IMAGE } };

  it('gets its reference moved, and launches nothing', async () => {
    const capture = smallCluster([
      { ...there, imageReference: NEW_IMAGE },
      { name: 'empty', hosts: 0, maxSize: 4, version: '$Default', capacityProvider: 'spare' },
    ]);

    const record = await rehearseCapture(capture, { request: { cluster: 'prod', image: NEW_IMAGE } });

    expect(record.result).toMatchObject({
      outcome: 'SUCCEEDED',
      ...clean,
      instances: { outdated: 0, replaced: 0 },
      capacity: { peakInstances: 2 },
    });
    expect(referenceOf(record, 'empty')).toMatchObject({ version: '$Default', images: [NEW_IMAGE] });
  });

  it('is left alone where the reference is there already', async () => {
    const record = await rehearseCapture(smallCluster([{ ...there, imageReference: NEW_IMAGE }]), {
      request: { cluster: 'prod' },
    });

    expect(record.result).toMatchObject({ outcome: 'NOTHING_TO_DO', ...clean });
  });
});
