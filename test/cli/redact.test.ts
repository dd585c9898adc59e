/** `rollover capture --redact`: nothing of the original is left, and it still rehearses as the original does. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { redacted } from '../../cli/capture/redact.ts';
import { EVERY_HOST, redactedExpression } from '../../cli/capture/redact-expressions.ts';
import { drawRun } from '../../rehearsal/campaign/draw-run.ts';
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import { NEW_IMAGE } from '../../rehearsal/clusters/constants.ts';
import { asJson, parsed } from '../support/captured-account.ts';
import { rehearseCapture } from '../support/rehearse-cluster.ts';

type Json = Record<string, unknown>;
const file = (path: string): Json =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../..', path), 'utf8')) as Json;

const CAPTURES: readonly (readonly [string, Json])[] = [
  ['the example', file('rehearsal/example/capture.json')],
  ['an estate of several groups', file('test/samples/estate.capture.json')],
  ['a cluster in old formats', file('test/samples/legacy.capture.json')],
  ...[2, 3, 7, 20, 33, 41].map((seed) => [`drawn cluster ${seed}`, asJson(drawRun(seed).capture)] as const),
];

/**
 * What a text may hold that tells nobody whose cluster it is: words of AWS's services. Written down here from AWS's
 * documentation, not taken from the code under test.
 */
const PUBLIC = [
  /^(?:[a-z]{2}(?:-[a-z]+)+-\d[a-f]?|[a-z]+\d+-az\d)$/, // Regions, zones
  /^[a-z]+\d[a-z0-9-]*\.[a-z0-9]+$/, // instance types
  /^(?:ecs\.|com\.amazonaws\.|aws:|AWS\/|ECS_|L-)/,
  /^(?:app|net|gwy)$/, // kinds of load balancer, in their ARNs
  /^\d{1,9}$/,
  /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/,
];

/** Ids, account numbers, addresses, digests: by AWS's own shapes, wherever they stand. */
const SECRET_SHAPES =
  /\b(?:(?:ami|eni|i|lt|sg|snap|subnet|vol|vpc)-[0-9a-z]{6,}|(?<!-)\d{12}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|[0-9a-f]{64}|\d{1,3}(?:\.\d{1,3}){3})\b/g;

/** Every text of a capture, base64 scripts as plain text. */
function textsOf(value: unknown, key = ''): string[] {
  if (typeof value === 'string')
    return key === 'UserData' ? [Buffer.from(value, 'base64').toString('utf8')] : [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([inner, one]) => textsOf(one, Array.isArray(value) ? key : inner));
}

/** Names that people gave, by what they are names of. */
function namesOf(json: Json): string[] {
  const { ecs, autoScaling, ec2, elasticLoadBalancingV2, ssm, cloudWatch, ecr } = parsed(json);
  const tags = [
    ...[...ecs.clusters, ...ecs.services, ...ecs.containerInstances].flatMap((one) => one.tags ?? []),
    ...[...autoScaling.autoScalingGroups, ...ec2.instances]
      .flatMap((one) => one.Tags ?? [])
      .map(({ Key, Value }) => ({ key: Key, value: Value })),
  ].filter(({ key = '' }) => !key.startsWith('rollover:') && !key.startsWith('aws:'));
  return [
    ...ecs.clusters.map((one) => one.clusterName),
    ...ecs.services.map((one) => one.serviceName),
    ...ecs.capacityProviders.map((one) => one.name),
    ...ecs.taskDefinitions.flatMap((one) => [
      one.family,
      ...(one.containerDefinitions ?? []).flatMap(({ name, image }) => [name, image]),
    ]),
    ...autoScaling.autoScalingGroups.map((one) => one.AutoScalingGroupName),
    ...autoScaling.scheduledActions.map((one) => one.ScheduledActionName),
    ...autoScaling.lifecycleHooks.map((one) => one.LifecycleHookName),
    ...ec2.launchTemplateVersions.map((one) => one.LaunchTemplateName),
    ...ec2.images.map((one) => one.Name),
    ...elasticLoadBalancingV2.targetGroups.map((one) => one.TargetGroupName),
    ...ssm.parameters.map((one) => one.Name),
    ...cloudWatch.alarms.map((one) => one.AlarmName),
    ...ecr.images.map((one) => one.repositoryName),
    ...tags.flatMap(({ key, value }) => [key, value]),
  ]
    .filter((name): name is string => Boolean(name))
    .filter((name) => !/^(?:ecs-managed-draining|\/aws\/service\/|AmazonECSManaged|FARGATE)/.test(name))
    .filter((name) => !/^(?:true|false|)$/.test(name));
}

describe.each(CAPTURES)('of %s', (_, json) => {
  const out = redacted(json);
  const words = new Set(textsOf(out).flatMap((text) => [text, ...text.split(/[^A-Za-z0-9_.-]+/)]));

  it('no name is left, alone or as a part', () => {
    expect(namesOf(json).filter((name) => words.has(name) && !PUBLIC.some((one) => one.test(name)))).toEqual(
      [],
    );
  });

  it('no id, account number, address or digest is left', () => {
    const secrets = textsOf(json).flatMap((text) => text.match(SECRET_SHAPES) ?? []);
    const all = textsOf(out).join('\n');
    expect([...new Set(secrets)].filter((secret) => all.includes(secret))).toEqual([]);
  });

  it('text that AWS adds one day, or that we never thought of, is left out', () => {
    const poisoned = poison(json) as Json;
    expect(JSON.stringify(poisoned)).toContain('zqx');
    expect(textsOf(redacted(poisoned)).join('\n')).not.toContain('zqx');
  });

  it('is a capture again, of as many things', () => {
    const [before, after] = [parsed(json), parsed(out)];
    for (const section of ['ecs', 'autoScaling', 'ec2', 'ssm', 'elasticLoadBalancingV2', 'ecr'] as const)
      for (const [list, items] of Object.entries(before[section]))
        expect((after[section] as never as Record<string, unknown[]>)[list]?.length, list).toBe(items.length);
    expect(redacted(json)).toEqual(out);
  });
});

/** A field with a sentence in every object of AWS's, and one with an object. */
function poison(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(poison);
  if (typeof value !== 'object' || value === null) return value;
  const inner = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, poison(one)]));
  // The capture's own objects are closed: unknown keys of ours are refused.
  const isOurs =
    Object.values(value).every(Array.isArray) ||
    ['version', 'TargetHealthDescriptions', 'Attributes', 'WarmPoolConfiguration'].some(
      (key) => key in value,
    );
  return isOurs ? inner : { ...inner, Note: 'zqx of ours', detail: { reason: 'zqx', texts: ['zqx'] } };
}

it('settings in tags stay, what people wrote in them does not', () => {
  const json = asJson(buildCapture({ groups: [{ name: 'web', hosts: 1 }], services: [] })) as {
    ecs: { clusters: { tags: { key: string; value: string }[] }[] };
  };
  const tags = {
    'rollover:surge': '25pct',
    'rollover:windows': 'Tue 02:00-05:00 Europe/Berlin',
    'rollover:after': 'staging 24',
    'rollover:alarms': 'shop-5xx shop-latency',
    'rollover:exempt-until': '2027-01-31',
    'rollover:exempt-reason': 'waits for Hugo of Example Corp',
    'rollover:surge-2': 'ask Hugo',
  };
  json.ecs.clusters[0]?.tags.push(...Object.entries(tags).map(([key, value]) => ({ key, value })));
  const text = JSON.stringify(redacted(json as never));
  for (const kept of ['25pct', 'Tue 02:00-05:00 Europe/Berlin', '2027-01-31']) expect(text).toContain(kept);
  for (const gone of ['staging', 'shop', 'Hugo', 'Example']) expect(text).not.toContain(gone);
});

it('rehearses as the original does, to the second', async () => {
  const before = asJson(
    buildCapture({
      groups: [
        { name: 'web', hosts: 3, imageReference: NEW_IMAGE, capacityProvider: 'web-provider' },
        { name: 'batch', hosts: 2, imageReference: 'resolve:ssm:/platform/image', managedDraining: true },
      ],
      parameters: { '/platform/image': NEW_IMAGE },
      services: [
        {
          name: 'api',
          desired: 6,
          cpu: 256,
          memoryMiB: 512,
          loadBalancer: { deregistrationDelaySeconds: 30 },
        },
        { name: 'worker', desired: 3, cpu: 256, memoryMiB: 512, capacityProviders: ['web-provider'] },
        { name: 'logs', desired: 0, daemon: true },
      ],
    }),
  );
  const out = redacted(before) as { ecs: { clusters: { clusterName: string }[] } };
  const settings = { bakeSeconds: 60 };
  const [first, second] = [
    (await rehearseCapture(before, { request: { cluster: 'prod' }, settings })).result,
    (
      await rehearseCapture(out as never, {
        request: { cluster: out.ecs.clusters[0]?.clusterName },
        settings,
      })
    ).result,
  ];
  for (const field of [
    'outcome',
    'durationSeconds',
    'tasks',
    'capacity',
    'predicted',
    'bound',
    'restored',
  ] as const)
    expect(second[field], field).toEqual(first[field]);
  expect(first.outcome).toBe('SUCCEEDED');
});

describe('placement expressions', () => {
  const world = {
    values: new Map([['stack', new Set(['prod-a', 'prod-b', 'test'])]]),
    taskGroups: new Set(['service:web', 'service:api']),
    name: (text: string) => `<${text}>`,
    taskGroup: (text: string) => `<${text}>`,
    ids: (text: string) => text,
  };

  it.each([
    ['attribute:ecs.instance-type =~ m6i.*', 'attribute:ecs.instance-type =~ m6i.*'],
    ['attribute:stack == prod-a', 'attribute:<stack> in [<prod-a>]'],
    ['attribute:stack =~ prod-.*', 'attribute:<stack> in [<prod-a>, <prod-b>]'],
    ['attribute:stack != test', 'attribute:<stack> not_in [<test>]'],
    ['attribute:stack == nobody', 'attribute:<stack> in [no-such-value]'],
    ['attribute:stack exists', 'attribute:<stack> exists'],
    ['not(task:group == service:web)', 'not(task:group in [<service:web>])'],
    [
      '(attribute:stack == prod-a or attribute:stack == test) and attribute:ecs.os-type == linux',
      '(attribute:<stack> in [<prod-a>] or attribute:<stack> in [<test>]) and attribute:ecs.os-type == linux',
    ],
  ])('%s', (expression, expected) => {
    expect(redactedExpression(expression, world)).toBe(expected);
  });

  it('one that cannot be read selects every host instead of telling anything', () => {
    expect(redactedExpression('whatever ~~ they wrote', world)).toBeUndefined();
    expect(EVERY_HOST).not.toContain('whatever');
  });
});
