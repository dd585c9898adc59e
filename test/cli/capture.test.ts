/** `rollover capture` against accounts that were made from captures: what comes back is what went in. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { BadInput } from '../../cli/bad-input.ts';
import { actionOf, capturePolicy } from '../../cli/capture/policy.ts';
import { progressOn, STEPS } from '../../cli/capture/progress.ts';
import { inPlainWords, Refused } from '../../cli/capture/trouble.ts';
import { drawRun } from '../../rehearsal/campaign/draw-run.ts';
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import { NEW_IMAGE, PUBLIC_PARAMETER } from '../../rehearsal/clusters/constants.ts';
import type { ClusterSpec } from '../../rehearsal/clusters/spec.ts';
import { asJson, type CapturedAgain, captureOf, parsed } from '../support/captured-account.ts';
import { rehearseCapture } from '../support/rehearse-cluster.ts';

const SEEDS = [1, 2, 3, 6, 13, 21, 34, 55];
const EXAMPLE = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../rehearsal/example/capture.json'), 'utf8'),
);
const CLUSTER: ClusterSpec = {
  groups: [{ name: 'web', hosts: 3, imageReference: NEW_IMAGE, terminationHookSeconds: 60 }],
  services: [
    { name: 'api', desired: 6, cpu: 256, memoryMiB: 512, loadBalancer: { deregistrationDelaySeconds: 30 } },
    { name: 'logs', desired: 0, daemon: true },
  ],
};
const REQUEST = { request: { cluster: 'prod' }, settings: { bakeSeconds: 60 } };
const POLICY = 'rollover capture --print-policy';

/** All that a drawn cluster has, its public parameter and the alarm of its settings included. */
const again = (json: unknown) =>
  captureOf(json, { imageSources: [`ssm:${PUBLIC_PARAMETER}`], alarms: ['errors'] });

const drawn = new Map<number, { before: Record<string, unknown>; taken: CapturedAgain }>();
beforeAll(async () => {
  for (const seed of SEEDS) {
    const before = asJson(drawRun(seed).capture);
    drawn.set(seed, { before, taken: await again(before) });
  }
}, 120_000);

/** What AWS says of a thing that a capture of it need not say again. */
const UNSAID: Readonly<Record<string, string>> = {
  'ec2.subnets': 'subnets in which nothing launches, stands or has an interface',
  'ecs.tasks[].version': 'counts every change of a task, its protection too',
};

describe('a capture of a captured account', () => {
  it.each(SEEDS)('says all that the capture said, of drawn cluster %i', (seed) => {
    const { before, taken } = drawn.get(seed) as { before: object; taken: CapturedAgain };
    const missing = unsaid(parsed(before), parsed(taken.capture)).filter(
      (path) => !Object.keys(UNSAID).some((known) => path.replaceAll(/\[[^\]]*\]/g, '[]').startsWith(known)),
    );
    expect(missing).toEqual([]);
    expect(taken.notes).toEqual([]);
  });

  it('rehearses the same', async () => {
    const before = asJson(buildCapture(CLUSTER));
    const [first, second] = [
      await rehearseCapture(before, REQUEST),
      await rehearseCapture(asJson((await again(before)).capture), REQUEST),
    ];
    const { cost: _one, ...told } = first.result;
    const { cost: _other, ...toldAgain } = second.result;
    expect(toldAgain).toEqual(told);
    expect(told.outcome).toBe('SUCCEEDED');
  });

  it('holds who else launches from a template of the cluster, and their hosts', async () => {
    const json = asJson(
      buildCapture({ groups: [{ name: 'web', hosts: 2 }], services: [] }),
    ) as never as Shared;
    const [own] = json.autoScaling.autoScalingGroups;
    const id = 'i-0000000000000beef';
    json.autoScaling.autoScalingGroups.push({
      ...own,
      AutoScalingGroupName: 'theirs',
      AutoScalingGroupARN: undefined,
      MinSize: 1,
      DesiredCapacity: 1,
      Instances: [{ InstanceId: id, AvailabilityZone: 'eu-west-1a' }],
    } as never);
    json.ec2.instances.push({ ...json.ec2.instances[0], InstanceId: id } as never);
    const { capture } = await captureOf(json);
    expect(capture.autoScaling.autoScalingGroups.map((group) => group.AutoScalingGroupName)).toEqual([
      'web',
      'theirs',
    ]);
    expect(capture.ec2.instances.map(({ InstanceId }) => InstanceId)).toContain(id);
  });

  it('leaves values of environment variables in the account', async () => {
    const json = asJson(EXAMPLE) as { ecs: { taskDefinitions: { containerDefinitions: object[] }[] } };
    for (const { containerDefinitions } of json.ecs.taskDefinitions)
      for (const container of containerDefinitions)
        Object.assign(container, { environment: [{ name: 'TOKEN', value: 'hunter2' }] });
    expect(JSON.stringify((await captureOf(json)).capture)).not.toContain('hunter2');
  });

  it('takes a large one within our share: nothing is throttled', async () => {
    const large = buildCapture({
      groups: [{ name: 'web', hosts: 150, imageReference: NEW_IMAGE }],
      services: Array.from({ length: 30 }, (_, at) => ({
        name: `api-${at}`,
        desired: 40,
        cpu: 64,
        memoryMiB: 128,
        loadBalancer: {},
      })),
    });
    const { capture, throttled, seconds } = await captureOf(large);
    expect(capture.ecs.tasks).toHaveLength(1200);
    expect(throttled).toBe(0);
    // Three calls for each target group, at a quarter of ten a second: pacing shows.
    expect(seconds).toBeGreaterThan(10);
  });
});

interface Shared {
  autoScaling: { autoScalingGroups: object[] };
  ec2: { instances: object[] };
}

/** Paths at which the first says something that the second does not say; what the second says beside is AWS's. */
function unsaid(first: unknown, second: unknown, path = ''): string[] {
  if (first instanceof Date || typeof first !== 'object' || first === null)
    return JSON.stringify(first) === JSON.stringify(second) ? [] : [path];
  if (Array.isArray(first)) {
    const others = Array.isArray(second) ? second : [];
    return first.flatMap((one, at) => {
      const key = keyOf(one);
      const other = key === undefined ? others[at] : others.find((each) => keyOf(each) === key);
      return other === undefined && one !== undefined
        ? [`${path}[${key ?? at}]`]
        : unsaid(one, other, `${path}[${key ?? at}]`);
    });
  }
  return Object.entries(first).flatMap(([key, value]) =>
    value === undefined
      ? []
      : unsaid(value, (second as Record<string, unknown> | undefined)?.[key], path ? `${path}.${key}` : key),
  );
}

/** By what AWS tells the items of its lists apart. */
function keyOf(item: unknown): string | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const keys = item as Readonly<Record<string, unknown>>;
  const name =
    keys.taskArn ??
    keys.containerInstanceArn ??
    keys.serviceArn ??
    keys.clusterArn ??
    keys.taskDefinitionArn ??
    keys.LifecycleHookName ??
    keys.ScheduledActionName ??
    keys.PolicyName ??
    keys.AutoScalingGroupName ??
    keys.InstanceId ??
    keys.ImageId ??
    keys.SubnetId ??
    keys.InstanceType ??
    keys.TargetGroupArn ??
    keys.ResourceId ??
    keys.AlarmName ??
    keys.Name ??
    keys.name ??
    keys.Key ??
    keys.key;
  if (name === undefined && keys.VersionNumber === undefined) return undefined;
  const within = [keys.LaunchTemplateId, keys.VersionNumber, keys.AutoScalingGroupName];
  return [name, ...within].filter((part) => part !== undefined).join(' ');
}

describe('the policy that is printed', () => {
  const granted = capturePolicy('eu-west-1').Statement.flatMap(({ Action }) => Action);

  it('grants what is called, and is called for what it grants', async () => {
    const calls = [...drawn.values()].flatMap(({ taken }) => taken.calls);
    calls.push(...(await captureOf(EXAMPLE)).calls);
    const called = new Set(
      calls.map((call) => {
        const [service = '', operation = ''] = call.split('.');
        return actionOf(service, operation);
      }),
    );
    expect([...called].sort()).toEqual([...granted].sort());
  });

  it('only reads', () => {
    expect(granted.filter((action) => !/:(?:Describe|Get|List)/.test(action))).toEqual([]);
  });

  it.each([
    ['eu-west-1', 'arn:aws:ssm:'],
    ['cn-north-1', 'arn:aws-cn:ssm:'],
    ['us-gov-west-1', 'arn:aws-us-gov:ssm:'],
  ])('names the partition of %s', (region, arn) => {
    expect(JSON.stringify(capturePolicy(region))).toContain(arn);
  });
});

describe('what goes wrong is said once, with what to do', () => {
  const trouble = async (scene: Parameters<typeof captureOf>[1]) =>
    inPlainWords(await captureOf(EXAMPLE, scene).catch((error: unknown) => error), POLICY);

  it('a cluster that is not there', async () => {
    const error = await trouble({ cluster: 'nobody' });
    expect(error).toBeInstanceOf(BadInput);
    expect(String(error)).toMatch(/--cluster: there is no ECS cluster nobody .*AWS_REGION/);
  });

  it.each([
    ['ECS.DescribeTasks', 'AccessDeniedException', 'ecs:DescribeTasks'],
    ['EC2.DescribeSubnets', 'UnauthorizedOperation', 'ec2:DescribeSubnets'],
    [
      'ElasticLoadBalancingV2.DescribeTargetHealth',
      'AccessDenied',
      'elasticloadbalancing:DescribeTargetHealth',
    ],
  ])('a refusal of %s names the action', async (operation, error, action) => {
    const said = await trouble({ faults: [{ kind: 'api-error', atSeconds: 0, operation, error, rate: 1 }] });
    expect(said).toBeInstanceOf(Refused);
    expect(String(said)).toContain(`AWS refuses ${action}`);
    expect(String(said)).toContain(POLICY);
  });

  it('refused quotas and container images are unknown, not the end', async () => {
    const { capture, notes } = await captureOf(EXAMPLE, {
      faults: ['ServiceQuotas.ListServiceQuotas', 'ECR.DescribeImages'].map((operation) => ({
        kind: 'api-error',
        atSeconds: 0,
        operation,
        error: 'AccessDeniedException',
        rate: 1,
      })),
    });
    expect([capture.serviceQuotas.quotas, capture.ecr.images]).toEqual([[], []]);
    expect(notes).toContainEqual(expect.stringMatching(/^vCPU quotas: left out/));
    expect(notes).toContainEqual(expect.stringMatching(/^container image .*: left out/));
  });

  it.each([
    ['CredentialsProviderError', 'Could not load credentials from any providers', /AWS_PROFILE/],
    ['ExpiredTokenException', 'The security token included in the request is expired', /is expired.*sign in/],
    ['Error', 'Region is missing', /set AWS_REGION/],
  ])('%s: %s', (name, message, said) => {
    const error = inPlainWords(Object.assign(new Error(message), { name }), POLICY);
    expect(error).toBeInstanceOf(BadInput);
    expect(String(error)).toMatch(said);
  });
});

describe('progress', () => {
  const written = (isTTY: boolean) => {
    const texts: string[] = [];
    const progress = progressOn({ isTTY, write: (text) => texts.push(text) });
    for (const step of STEPS) progress.begin(step);
    progress.done();
    return texts;
  };

  it('is drawn over itself on a terminal and leaves nothing', () => {
    const texts = written(true);
    expect(texts.every((text) => text.startsWith('\r') && !text.includes('\n'))).toBe(true);
    expect(texts.at(-1)).toBe('\r\u001b[2K');
  });

  it('is a line for each list elsewhere, without control characters', () => {
    const texts = written(false);
    expect(texts).toHaveLength(STEPS.length);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is asked for
    expect(texts.every((text) => /^[^\u0000-\u0009\u000b-\u001f]+\n$/.test(text))).toBe(true);
  });
});
