/** More target groups than our share of Elastic Load Balancing's request rate lets a look read. */
import {
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import {
  learnTargetHealth,
  readTargetHealth,
  TARGET_GROUPS_A_LOOK,
} from '../../functions/aws/target-health.ts';

const mock = mockClient(ElasticLoadBalancingV2Client);
const elb = new ElasticLoadBalancingV2Client({ region: 'eu-west-1' });
const arns = (name: string) => Array.from({ length: 50 }, (_, at) => `arn:${name}-${at}`);
const asked = () => {
  const calls = mock
    .commandCalls(DescribeTargetHealthCommand)
    .map((call) => call.args[0].input.TargetGroupArn);
  mock.resetHistory();
  return calls;
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  mock.reset();
  mock.on(DescribeTargetHealthCommand).resolves({ TargetHealthDescriptions: [] });
});
afterEach(() => {
  vi.useRealTimers();
});

it('targets of services at rest are read in turns, the oldest first; of those that move at each look', async () => {
  const groups = arns('turns');
  const [moving = ''] = groups;
  const atRest = new Set(groups.slice(1));
  const look = () => readTargetHealth(elb, groups, { atRest });
  expect((await look()).size).toBe(50);
  expect(asked()).toHaveLength(50);

  vi.setSystemTime(Date.now() + 121_000);
  expect((await look()).size).toBe(50);
  const first = asked();
  expect(first).toHaveLength(TARGET_GROUPS_A_LOOK);
  expect(first).toContain(moving);

  vi.setSystemTime(Date.now() + 15_000);
  await look();
  expect(asked()).toEqual([moving, ...groups.filter((arn) => !first.includes(arn))]);
});

it('a first reading goes on in the next invocation where it stopped', async () => {
  const groups = arns('learnt');
  mock.on(DescribeTargetHealthCommand).callsFake(() => {
    vi.setSystemTime(Date.now() + 1000);
    return { TargetHealthDescriptions: [] };
  });
  expect(await learnTargetHealth(elb, groups, Date.now() + 10_000)).toBe(false);
  const before = asked();
  expect(before.length).toBeLessThan(50);

  expect(await learnTargetHealth(elb, groups, Date.now() + 100_000)).toBe(true);
  expect(new Set([...before, ...asked()]).size).toBe(50);
});

it('a look reads no more in two turns than in one, however many move', async () => {
  const groups = [...arns('many-a'), ...arns('many-b'), ...arns('many-c')];
  await readTargetHealth(elb, groups);
  asked();
  vi.setSystemTime(Date.now() + 60_000);
  const notBeforeMs = Date.now();
  await readTargetHealth(elb, groups, { notBeforeMs });
  const ahead = asked().length;
  await readTargetHealth(elb, groups, { notBeforeMs });
  expect(ahead).toBeLessThan(groups.length);
  expect(asked()).toEqual([]);

  // What was left out comes first at the next look.
  vi.setSystemTime(Date.now() + 60_000);
  await readTargetHealth(elb, groups, { notBeforeMs: Date.now() });
  expect(asked().slice(0, groups.length - ahead)).toEqual(groups.slice(ahead));
});
