/** Raw AWS events delivered to the whole product: the right run, or a no-op with its reason. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { deploy } from '../../rehearsal/wiring.ts';
import { createAccount } from '../../simulator/account.ts';
import { parseCapture } from '../../simulator/capture/parse.ts';
import { faultsSchema } from '../../simulator/faults/schema.ts';
import { rehearseCapture } from '../support/rehearse-cluster.ts';
import {
  imageIn,
  imagesRunning,
  type Json,
  NEW_IMAGE,
  PUBLIC_PARAMETER,
  parameterChanged,
  QUICK,
  smallCluster,
} from '../support/small-cluster.ts';

const NEWER_IMAGE = 'ami-0ccccccccccccccc3';
const BUILD = 'arn:aws:imagebuilder:eu-west-1:111122223333:image/golden/1.0.0/1';
const sample = (name: string, change: Json = {}): Json => ({
  ...JSON.parse(readFileSync(new URL(`../samples/${name}.json`, import.meta.url), 'utf8')),
  time: '2026-11-22T11:59:00Z',
  region: 'eu-west-1',
  ...change,
});
/** Ends as a plan: which run an event starts is told without rolling it. */
const observed = (more: Json = {}) =>
  smallCluster([{ imageReference: 'resolve:ssm:/golden' }], {
    enabled: 'observe',
    parameters: { '/golden': NEW_IMAGE, '/other': NEW_IMAGE },
    ...more,
  });
const amiAvailable = sample('ami-state-change', {
  detail: { RequestId: 'r', ImageId: NEW_IMAGE, State: 'available', ErrorMessage: '' },
});
const built = (status: string) =>
  sample('image-builder-image-state-change', {
    resources: [BUILD],
    detail: { 'previous-state': { status: 'TESTING' }, state: { status } },
  });
const announced = {
  ECSAmis: [{ OsType: 'linux', Regions: { 'eu-west-1': { Name: 'n', ImageId: NEW_IMAGE } } }],
};

describe('an event that concerns a cluster starts one run of it', () => {
  it.each<[string, Json]>([
    ['a new value of the parameter that its template names', parameterChanged('/golden')],
    ['an image that its template resolves to', amiAvailable],
    ['a build that put out its image', built('AVAILABLE')],
    [
      'the topic that used to announce images',
      { Records: [{ Sns: { Message: JSON.stringify(announced) } }] },
    ],
    ['a schedule of EventBridge', sample('scheduled-event')],
    ['a schedule that carries a request', { cluster: 'prod', reason: 'schedule' }],
  ])('%s', async (_, event) => {
    const capture = observed();
    Object.assign(imageIn(capture, NEW_IMAGE), { Tags: [{ Key: 'Ec2ImageBuilderArn', Value: BUILD }] });

    const { result } = await rehearseCapture(capture, { event });

    expect(result).toMatchObject({ outcome: 'SUCCEEDED', instances: { outdated: 2 }, violations: [] });
    expect(result.notifications).toHaveLength(1);
  });

  it('also where settings name the parameter, and the event the image in it', async () => {
    const { result } = await rehearseCapture(smallCluster([{}], { enabled: 'observe' }), {
      event: announced,
      settings: { imageSource: `ssm:${PUBLIC_PARAMETER}` },
    });

    expect(result).toMatchObject({ outcome: 'SUCCEEDED', instances: { outdated: 2 } });
  });

  it('and rolls it once, however often the cause is told', async () => {
    const event = parameterChanged('/golden');
    const record = await rehearseCapture(observed({ enabled: 'true' }), {
      event,
      settings: QUICK,
      faults: [
        { kind: 'send-event', when: 'first-drain', event },
        { kind: 'send-event', when: 'half-done', event: amiAvailable },
        { kind: 'duplicate-events', share: 0.3, atSeconds: 0 },
      ],
    });

    expect(record.result).toMatchObject({ outcome: 'SUCCEEDED', restored: true, violations: [] });
    expect(imagesRunning(record)).toEqual([NEW_IMAGE, NEW_IMAGE]);
    expect(record.result.notifications.filter(({ kind }) => kind === 'started')).toHaveLength(1);
  });
});

describe('an event that concerns nobody is a no-op with its reason', () => {
  it.each<[string, Json, RegExp]>([
    ['another parameter', parameterChanged('/other'), /no cluster .* \/other/],
    [
      'a deleted one',
      parameterChanged('/golden', { detail: { operation: 'Delete', name: '/golden' } }),
      /deleted/,
    ],
    ['a replayed one', parameterChanged('/golden', { 'replay-name': 'monday' }), /replayed/],
    ['one of days ago', parameterChanged('/golden', { time: '2026-11-20T00:00:00Z' }), /too old/],
    ['an image that nobody uses', sample('ami-state-change'), /no cluster .* ami-0abcdef1234567890/],
    [
      'a deregistered image',
      sample('ami-state-change', { detail: { ImageId: NEW_IMAGE, State: 'deregistered' } }),
      /deregistered/,
    ],
    ['a build under way', built('TESTING'), /TESTING/],
    ['a build of somebody else', built('AVAILABLE'), /put out no image/],
    [
      'an event of something else',
      sample('scheduled-event', { 'detail-type': 'AWS API Call via CloudTrail' }),
      /not acted upon/,
    ],
    ['nonsense', { hello: 'world' }, /neither an event/],
  ])('%s', async (_, event, reason) => {
    const { result } = await rehearseCapture(observed(), { event });

    expect(result).toMatchObject({ outcome: 'NOTHING_TO_DO', restored: true, notifications: [] });
    expect(result.reason).toMatch(reason);
  });

  it('and a cluster that has not opted in follows nothing', async () => {
    const { result } = await rehearseCapture(observed({ enabled: null }), {
      event: parameterChanged('/golden'),
    });

    expect(result).toMatchObject({ outcome: 'NOTHING_TO_DO', notifications: [] });
  });

  it('but a bad request of a schedule is refused where people see it', async () => {
    const { result } = await rehearseCapture(observed(), { event: { cluster: 'prod', mdoe: 'plan' } });

    expect(result).toMatchObject({ outcome: 'REFUSED', notifications: [{ kind: 'refused' }] });
    expect(result.reason).toMatch(/mdoe/);
  });
});

describe('a public parameter, of which no event tells', () => {
  it.each([
    ['a template', `resolve:ssm:${PUBLIC_PARAMETER}/image_id`, {}, `${PUBLIC_PARAMETER}/image_id`],
    ['the settings', undefined, { imageSource: `ssm:${PUBLIC_PARAMETER}` }, PUBLIC_PARAMETER],
  ])('is polled where %s names it', async (_, imageReference, settings, parameter) => {
    const json = smallCluster([{ ...(imageReference && { imageReference }), oldImage: NEW_IMAGE }], {
      parameters: { [`${PUBLIC_PARAMETER}/image_id`]: NEW_IMAGE },
    });
    const capture = parseCapture(json);
    if (!('ok' in capture)) throw new Error(JSON.stringify(capture.problems));
    const account = createAccount({ capture: capture.ok, seed: 1 });
    account.install();
    const deployment = await deploy(account, { ...QUICK, ...settings });
    try {
      account.faults.tell({ outdated: () => [], targetImages: () => [] });
      const published = { kind: 'publish-image', parameter, image: NEWER_IMAGE, atSeconds: 2000 };
      for (const fault of faultsSchema.parse([published])) account.faults.arm(fault);

      const isOver = () => account.stepFunctions.executions.length > 0 && account.isQuiet();
      expect(await account.clock.run(isOver, account.clock.nowMs + 3 * 3_600_000)).toBe('done');
    } finally {
      deployment.remove();
      account.uninstall();
    }
    expect(account.stepFunctions.executions.map(({ status }) => status)).toEqual(['SUCCEEDED']);
    expect(account.truth.groups()[0]?.launchImages).toEqual([NEWER_IMAGE]);
  });
});
