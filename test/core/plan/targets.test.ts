import { describe, expect, it } from 'vitest';
import { codes, group, host, image, instanceType, NEW, OLD, planOf, template } from './world.ts';

const ARM = 'ami-0a0b';
const RECOMMENDED = '/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended';
const parameter = (value: string) => ({ name: RECOMMENDED, value });
const onOld = group({ templates: [template({ imageId: OLD, imageReference: OLD })] });

describe('image sources', () => {
  it.each([
    ['JSON', JSON.stringify({ schema_version: 1, image_name: 'x', image_id: NEW, os: 'Amazon Linux 2023' })],
    ['JSON of Windows, without schema_version', JSON.stringify({ image_id: NEW, image_name: 'x' })],
    ['plain', ` ${NEW}\n`],
  ])('reads a parameter whose value is %s', (_, value) => {
    const plan = planOf({
      facts: { groups: [onOld] },
      settings: { imageSource: `ssm:${RECOMMENDED}` },
      planFacts: { parameters: [parameter(value)] },
    });
    expect(plan.groups[0]).toMatchObject({
      outdated: ['i-01', 'i-02', 'i-03'],
      target: { source: `ssm:${RECOMMENDED}`, imageIds: [NEW], resolvesAlready: false },
    });
  });

  it.each([
    ['neither', 'latest'],
    ['JSON without image_id', '{"image_name":"x"}'],
    ['broken JSON', '{"image_id":'],
  ])('refuses a parameter whose value is %s', (_, value) => {
    const plan = planOf({
      settings: { imageSource: `ssm:${RECOMMENDED}` },
      planFacts: { parameters: [parameter(value)] },
    });
    expect(plan).toMatchObject({
      verdict: 'REFUSED',
      findings: [{ code: 'image-parameter', field: 'imageSource' }],
    });
  });

  it('refuses a parameter that cannot be read, in the words of AWS', () => {
    const plan = planOf({
      request: { image: `ssm:${RECOMMENDED}` },
      planFacts: { parameters: [{ name: RECOMMENDED, problem: 'AccessDeniedException' }] },
    });
    expect(plan.findings[0]).toMatchObject({
      field: 'image',
      message: expect.stringContaining('AccessDenied'),
    });
  });

  it("lets the request's image win over the settings", () => {
    const plan = planOf({
      facts: { groups: [onOld] },
      request: { image: NEW },
      settings: { imageSource: OLD },
    });
    expect(plan.groups[0]?.target.imageIds).toEqual([NEW]);
  });

  it('takes the source of each group from an object by group name', () => {
    const groups = [onOld, group({ autoScalingGroupName: 'jobs', templates: [template({ imageId: OLD })] })];
    const hosts = [host(1), host(2, { autoScalingGroupName: 'jobs' })];
    const plan = planOf({ facts: { groups, hosts }, settings: { imageSource: { jobs: NEW } } });
    expect(plan.groups.map(({ outdated }) => outdated)).toEqual([[], ['i-02']]);
  });

  it('knows the several images of a group with templates for two architectures', () => {
    const templates = [
      template(),
      template({
        reference: { launchTemplateId: 'lt-arm', version: '3' },
        imageId: ARM,
        imageReference: ARM,
        instanceTypes: ['c6g.large'],
        override: 1,
      }),
    ];
    const plan = planOf({
      facts: {
        groups: [group({ templates, mixedInstances: true })],
        hosts: [
          host(1, { imageId: NEW }),
          host(2, { instanceType: 'c6g.large', imageId: NEW }),
          host(3, { instanceType: 'c6g.large', imageId: ARM }),
        ],
      },
      planFacts: {
        images: [image(), image({ imageId: ARM, architecture: 'arm64' })],
        instanceTypes: [
          instanceType(),
          instanceType({ instanceType: 'c6g.large', architectures: ['arm64'], bootModes: ['uefi'] }),
        ],
      },
    });
    expect(plan.groups[0]).toMatchObject({ outdated: ['i-02'], target: { imageIds: [NEW, ARM] } });
  });

  it('refuses one image for two architectures and names the override', () => {
    const templates = [template(), template({ instanceTypes: ['c6g.large'], override: 1 })];
    const plan = planOf({
      facts: { groups: [group({ templates })] },
      planFacts: {
        instanceTypes: [
          instanceType(),
          instanceType({ instanceType: 'c6g.large', architectures: ['arm64'], bootModes: ['uefi'] }),
        ],
      },
      request: { image: NEW },
    });
    expect(plan).toMatchObject({
      verdict: 'REFUSED',
      findings: [{ code: 'image-architecture', field: 'MixedInstancesPolicy.LaunchTemplate.Overrides[1]' }],
    });
  });

  it('refuses a template that names no image', () => {
    const { imageId: _, imageReference: __, ...bare } = template();
    const plan = planOf({ facts: { groups: [group({ templates: [bare] })] } });
    expect(codes(plan, 'blocks')).toEqual(['image-unresolved']);
  });

  it('refuses an image that nobody knows', () => {
    const plan = planOf({ request: { image: 'ami-0dead' } });
    expect(plan.findings[0]).toMatchObject({ code: 'image-not-found', field: 'image' });
  });

  it('notes that the newest version of a template is one that the group does not follow', () => {
    const use = template({ imageId: OLD, imageReference: OLD });
    const onDefault = { ...use, reference: { ...use.reference, version: '$Default' } };
    const plan = planOf({
      facts: { groups: [group({ templates: [onDefault] })] },
      planFacts: {
        templates: [
          {
            launchTemplateId: use.reference.launchTemplateId,
            version: use.resolvedVersion,
            latestVersion: 99,
            defaultVersion: use.resolvedVersion,
            blockDevices: [],
            latestImageReference: NEW,
          },
        ],
      },
    });
    expect(plan.findings).toContainEqual(
      expect.objectContaining({
        severity: 'note',
        code: 'template-version-behind',
        message: expect.stringMatching(new RegExp(`99, names ${NEW}`)),
      }),
    );
  });

  it('notes that a parameter which names another image is followed no longer', () => {
    const follows = group({
      templates: [template({ imageId: OLD, imageReference: 'resolve:ssm:/golden' })],
    });
    const plan = planOf({ facts: { groups: [follows] }, request: { image: NEW } });
    expect(plan.findings).toContainEqual(
      expect.objectContaining({ severity: 'note', code: 'parameter-left' }),
    );
  });
});
