/** Shapes of services, hosts and requests that an operator meets, each rolled from beginning to end. */
import { describe, expect, it } from 'vitest';
import { NEW_IMAGE } from '../../rehearsal/clusters/constants.ts';
import type { ClusterSpec, GroupSpec } from '../../rehearsal/clusters/spec.ts';
import { exitCodeOf } from '../../rehearsal/result.ts';
import { rehearseCluster } from '../support/rehearse-cluster.ts';

const PARAMETER = '/golden/ecs/image-id';
const NAMED = 'i-00000000000000001';
const group = (hosts: number, over: Partial<GroupSpec> = {}): GroupSpec => ({
  name: 'web',
  hosts,
  imageReference: `resolve:ssm:${PARAMETER}`,
  ...over,
});
const cluster = (over: Partial<ClusterSpec>): ClusterSpec => ({
  groups: [group(3)],
  services: [],
  parameters: { [PARAMETER]: NEW_IMAGE },
  ...over,
});
const limits = (minimumHealthyPercent: number, maximumPercent: number) => ({
  minimumHealthyPercent,
  maximumPercent,
});
const job = [{ family: 'job' }];

interface Shape {
  readonly name: string;
  readonly spec: ClusterSpec;
  readonly scenario?: Readonly<Record<string, unknown>>;
  readonly exit: number;
  readonly outcome: string;
  readonly replaced: number;
  /** Field of a finding that must name host or service, and the remedy. */
  readonly finding?: string;
}

const shapes: readonly Shape[] = [
  {
    name: 'a single host whose group may not grow',
    spec: cluster({ groups: [group(1, { minSize: 1, maxSize: 1 })], services: [{ name: 'a', desired: 2 }] }),
    ...{ outcome: 'SUCCEEDED', exit: 0, replaced: 1 },
  },
  {
    name: 'a group at its MaxSize that may not be raised',
    spec: cluster({ groups: [group(2, { minSize: 2, maxSize: 2 })], services: [{ name: 'a', desired: 2 }] }),
    scenario: { settings: { raiseMaxSize: false } },
    ...{ outcome: 'REFUSED', exit: 3, replaced: 0, finding: 'MaxSize' },
  },
  {
    name: 'a service of one task that may neither stop nor start first',
    spec: cluster({
      services: [
        { name: 'stuck', desired: 1, ...limits(100, 100) },
        { name: 'b', desired: 3 },
      ],
    }),
    ...{ outcome: 'PARTIAL', exit: 2, replaced: 2, finding: 'deploymentConfiguration.maximumPercent' },
  },
  {
    name: 'a service of two tasks between 75 and 125 percent',
    spec: cluster({ services: [{ name: 'stuck', desired: 2, ...limits(75, 125) }] }),
    ...{ outcome: 'PARTIAL', exit: 2, replaced: 1, finding: 'deploymentConfiguration.maximumPercent' },
  },
  {
    name: 'a stuck service that wants no task',
    spec: cluster({ services: [{ name: 'idle', desired: 0, ...limits(100, 100) }] }),
    ...{ outcome: 'SUCCEEDED', exit: 0, replaced: 3 },
  },
  {
    name: 'services that may stop first, all in motion',
    spec: cluster({
      groups: [group(4)],
      services: [
        { name: 'half', desired: 4, ...limits(50, 100) },
        { name: 'none', desired: 3, ...limits(0, 100) },
      ],
    }),
    scenario: { settings: { maxTasksInMotionPercent: 100 } },
    ...{
      outcome: 'SUCCEEDED',
      exit: 0,
      replaced: 4,
      finding: 'deploymentConfiguration.minimumHealthyPercent',
    },
  },
  {
    name: 'a standalone task under hold, on one host of three',
    spec: cluster({ services: [{ name: 'a', desired: 3 }], standalone: job }),
    scenario: { settings: { standaloneTasks: 'hold' } },
    ...{ outcome: 'PARTIAL', exit: 2, replaced: 2, finding: 'standaloneTasks' },
  },
  {
    name: 'a standalone task under hold, on the only host',
    spec: cluster({ groups: [group(1)], standalone: job }),
    scenario: { settings: { standaloneTasks: 'hold' } },
    ...{ outcome: 'REFUSED', exit: 3, replaced: 0, finding: 'standaloneTasks' },
  },
  {
    name: 'a standalone task that outlives its time and is stopped',
    spec: cluster({ services: [{ name: 'a', desired: 3 }], standalone: job }),
    scenario: { settings: { standaloneTasks: 'stop', standaloneTimeoutSeconds: 600 } },
    ...{ outcome: 'SUCCEEDED', exit: 0, replaced: 3, finding: 'standaloneTasks' },
  },
  {
    name: 'one static port on every host, one new host at a time',
    spec: cluster({ services: [{ name: 'edge', desired: 3, hostPort: 8080, loadBalancer: {} }] }),
    scenario: { settings: { surge: 1 } },
    ...{ outcome: 'SUCCEEDED', exit: 0, replaced: 3 },
  },
  {
    name: 'network interfaces used up, one new host at a time',
    spec: cluster({ services: [{ name: 'vpc', desired: 9, networkMode: 'awsvpc' }] }),
    scenario: { settings: { surge: 1 } },
    ...{ outcome: 'SUCCEEDED', exit: 0, replaced: 3 },
  },
  {
    name: 'one task on each host, and no more',
    spec: cluster({ services: [{ name: 'one', desired: 3, distinctInstance: true }] }),
    ...{ outcome: 'SUCCEEDED', exit: 0, replaced: 3 },
  },
  {
    name: 'a task that no new host can take',
    spec: cluster({
      services: [
        { name: 'rare', desired: 1, requiresAttributes: ['com.example.gone'] },
        { name: 'b', desired: 3 },
      ],
    }),
    ...{ outcome: 'PARTIAL', exit: 2, replaced: 2, finding: 'requiresAttributes' },
  },
  {
    name: 'exactly the named host, though it runs the target image',
    spec: cluster({ groups: [group(3, { oldImage: NEW_IMAGE })], services: [{ name: 'a', desired: 3 }] }),
    scenario: { request: { cluster: 'prod', instances: [NAMED] } },
    ...{ outcome: 'SUCCEEDED', exit: 0, replaced: 1 },
  },
  {
    name: 'a named host that does not exist',
    spec: cluster({}),
    scenario: { request: { cluster: 'prod', instances: ['i-0fffffffffffffff1'] } },
    ...{ outcome: 'REFUSED', exit: 3, replaced: 0 },
  },
  {
    name: 'hosts on the target that are too old',
    spec: cluster({ groups: [group(2, { oldImage: NEW_IMAGE })] }),
    scenario: { settings: { maxInstanceAgeDays: 30 } },
    ...{ outcome: 'SUCCEEDED', exit: 0, replaced: 2 },
  },
  {
    name: 'a plan of a cluster with a stuck service',
    spec: cluster({ services: [{ name: 'stuck', desired: 1, ...limits(100, 100) }] }),
    scenario: { request: { cluster: 'prod', mode: 'plan' } },
    ...{ outcome: 'PARTIAL', exit: 2, replaced: 0, finding: 'deploymentConfiguration.maximumPercent' },
  },
  {
    name: 'a cluster that only observes',
    spec: cluster({ enabled: 'observe' }),
    ...{ outcome: 'SUCCEEDED', exit: 0, replaced: 0 },
  },
  {
    name: 'a cluster that never opted in',
    spec: cluster({ enabled: null }),
    scenario: { request: { cluster: 'prod' } },
    ...{ outcome: 'REFUSED', exit: 3, replaced: 0 },
  },
  {
    name: 'the ARN of another account’s cluster of the same name',
    spec: cluster({}),
    scenario: { request: { cluster: 'arn:aws:ecs:eu-west-1:444455556666:cluster/prod' } },
    ...{ outcome: 'REFUSED', exit: 3, replaced: 0 },
  },
  {
    name: 'an abort where nothing runs',
    spec: cluster({}),
    scenario: { request: { cluster: 'prod', mode: 'abort' } },
    ...{ outcome: 'NOTHING_TO_DO', exit: 0, replaced: 0 },
  },
];

describe('a rollover of', () => {
  it.each(shapes)('$name ends $outcome', async ({ spec, scenario, outcome, exit, replaced, finding }) => {
    const result = await rehearseCluster(spec, scenario);
    expect(result.violations).toEqual([]);
    expect(result.leftovers).toEqual([]);
    expect(result.tasks.killed).toBe(0);
    expect([result.outcome, result.reason]).toEqual([outcome, expect.any(String)]);
    expect(exitCodeOf(result)).toBe(exit);
    expect(result.instances.replaced).toBe(replaced);
    if (finding === undefined) return;
    const found = result.findings.filter(({ field }) => field === finding);
    expect(found).not.toEqual([]);
    for (const { message, remedy } of found) expect([message, remedy]).not.toContain('');
  });

  it('two zones of which one got both hosts are levelled with one swap', async () => {
    const result = await rehearseCluster(
      cluster({
        groups: [group(2, { zones: ['eu-west-1a', 'eu-west-1b'], images: { 0: NEW_IMAGE } })],
        services: [{ name: 'a', desired: 4 }],
      }),
      {},
      4,
    );
    expect([result.outcome, result.violations]).toEqual(['SUCCEEDED', []]);
    expect(result.cost.apiCalls['AutoScaling.TerminateInstanceInAutoScalingGroup']).toBe(2);
  });
});
