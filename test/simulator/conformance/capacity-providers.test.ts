/**
 * What AWS documents of capacity providers: strategies, PROVISIONING, the reservation metric and the scaling that follows
 * it, managed termination protection, managed draining. `DG` is the Amazon ECS developer guide, `API` its API reference.
 */
import type { AutoScalingGroupProvider, CapacityProviderStrategyItem, Task } from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type AccountSpec,
  type FakeAccount,
  fakeAccount,
  type HostSpec,
  type ServiceSpec,
} from '../ecs/fake-account.ts';

let account: FakeAccount;
afterEach(() => account?.clock.uninstall());

interface Provided extends AccountSpec {
  /** Settings by name; each provider's group has its name. */
  readonly providers: Readonly<Record<string, Partial<AutoScalingGroupProvider>>>;
  readonly defaultStrategy?: CapacityProviderStrategyItem[];
}

const SCALED = { managedScaling: { status: 'ENABLED' } } as const;
const MINUTE = 60;

function start({ providers, defaultStrategy, ...spec }: Provided): FakeAccount {
  account = fakeAccount({
    ...spec,
    change: (capture) => {
      const [cluster] = capture.ecs.clusters;
      if (cluster)
        Object.assign(cluster, {
          capacityProviders: Object.keys(providers),
          ...(defaultStrategy && { defaultCapacityProviderStrategy: defaultStrategy }),
        });
      for (const [name, settings] of Object.entries(providers))
        capture.ecs.capacityProviders.push({
          name,
          autoScalingGroupProvider: { autoScalingGroupArn: name, ...settings },
        });
      spec.change?.(capture);
    },
  });
  return account;
}

const hostsOf = (provider: string, count: number, more: Partial<HostSpec> = {}): HostSpec[] =>
  Array.from({ length: count }, (_, at) => ({
    id: `i-${provider}-${at}`,
    provider,
    group: provider,
    ...more,
  }));
const service = (desired: number, more: Partial<ServiceSpec> = {}): ServiceSpec => ({
  name: 'web',
  desired,
  on: [],
  capacityProviderStrategy: [{ capacityProvider: 'one', weight: 1 }],
  ...more,
});
const perProvider = () =>
  Object.fromEntries(
    [...Map.groupBy(account.tasksOf('web'), (task) => providerOf(task.taskArn))].map(([name, tasks]) => [
      name,
      tasks.length,
    ]),
  );
const describeTask = (taskArn: string) =>
  account.call<{ tasks: Task[] }>('DescribeTasks', { tasks: [taskArn] }).tasks[0];
const providerOf = (taskArn: string) => describeTask(taskArn)?.capacityProviderName;
const waiting = () => account.ecs.tasks().filter(({ lastStatus }) => lastStatus === 'PROVISIONING');
describe('a capacity provider strategy', () => {
  const threeToTwo = [
    { capacityProvider: 'one', base: 2, weight: 3 },
    { capacityProvider: 'two', weight: 2 },
  ];
  const twoProviders = { one: SCALED, two: SCALED };
  const roomy = [...hostsOf('one', 4), ...hostsOf('two', 4)];

  // The talk's own example.
  it('with two providers weighted 3:2 and a base of 2 splits 12 tasks into 2 + 6 and 4', async () => {
    start({
      providers: twoProviders,
      hosts: roomy,
      services: [service(12, { capacityProviderStrategy: threeToTwo })],
    });
    await account.pass(MINUTE);
    expect(perProvider()).toEqual({ one: 8, two: 4 });
  });

  // DG cluster-capacity-providers: "When the base percentage is reached, the tasks are split evenly".
  it('with equal weights splits evenly after the base', async () => {
    const capacityProviderStrategy = [
      { capacityProvider: 'one', base: 2, weight: 1 },
      { capacityProvider: 'two', weight: 1 },
    ];
    start({ providers: twoProviders, hosts: roomy, services: [service(8, { capacityProviderStrategy })] });
    await account.pass(MINUTE);
    expect(perProvider()).toEqual({ one: 5, two: 3 });
  });

  // API CapacityProviderStrategyItem.weight: "for every 1 task on A, 4 tasks will run on B".
  it('with weights 1 and 4 runs four tasks on the second for each on the first', async () => {
    const capacityProviderStrategy = [
      { capacityProvider: 'one', weight: 1 },
      { capacityProvider: 'two', weight: 4 },
    ];
    start({ providers: twoProviders, hosts: roomy, services: [service(10, { capacityProviderStrategy })] });
    await account.pass(MINUTE);
    expect(perProvider()).toEqual({ one: 2, two: 8 });
  });

  // API CapacityProviderStrategyItem.weight: "any capacity providers with a weight of 0 can't be used to place tasks".
  it('places nothing by weight on a provider with weight 0', async () => {
    const capacityProviderStrategy = [
      { capacityProvider: 'one', weight: 1 },
      { capacityProvider: 'two', weight: 0 },
    ];
    start({ providers: twoProviders, hosts: roomy, services: [service(6, { capacityProviderStrategy })] });
    await account.pass(MINUTE);
    expect(perProvider()).toEqual({ one: 6 });
  });

  // The base is "a minimum, to run on the specified capacity provider for each service": RunTask counts its own call.
  it('divides the tasks of one RunTask call', () => {
    start({ providers: twoProviders, hosts: roomy, services: [service(0)] });
    const { tasks } = account.call<{ tasks: Task[] }>('RunTask', {
      taskDefinition: 'web',
      count: 7,
      capacityProviderStrategy: threeToTwo,
    });
    const on = (name: string) => tasks.filter((task) => task.capacityProviderName === name).length;
    expect([on('one'), on('two')]).toEqual([5, 2]);
  });

  const run = (capacityProviderStrategy: CapacityProviderStrategyItem[], more: object = {}) =>
    account.call('RunTask', { taskDefinition: 'web', capacityProviderStrategy, ...more });
  const refused = (text: RegExp) => expect.objectContaining({ message: expect.stringMatching(text) });

  it.each([
    // DG cluster-capacity-providers: "can only contain Auto Scaling group or Fargate capacity providers, but not both".
    [
      'mixing Auto Scaling groups and Fargate',
      [
        { capacityProvider: 'one', weight: 1 },
        { capacityProvider: 'FARGATE', weight: 1 },
      ],
      /^A capacity provider strategy cannot contain a mix of capacity providers using Auto Scaling groups and Fargate providers\. Specify one or the other and try again\.$/,
    ],
    // API CapacityProviderStrategyItem.base: "Only one capacity provider … can have a base defined".
    [
      'two bases',
      [
        { capacityProvider: 'one', base: 1, weight: 1 },
        { capacityProvider: 'two', base: 1, weight: 1 },
      ],
      /base/,
    ],
    // API CapacityProviderStrategyItem.weight: several that "all have a weight of 0": "actions … will fail".
    ['no weight at all', [{ capacityProvider: 'one' }, { capacityProvider: 'two' }], /weight/],
    // Same field: "The valid range is 0 to 1,000".
    ['a weight above 1,000', [{ capacityProvider: 'one', weight: 1001 }], /1000/],
    // API CapacityProviderStrategyItem: "Only capacity providers that are already associated with a cluster".
    [
      'a provider of no cluster',
      [{ capacityProvider: 'three', weight: 1 }],
      /not associated with the cluster/,
    ],
  ])('is refused: %s', (_, strategy, text) => {
    start({ providers: { ...twoProviders, FARGATE: {} }, hosts: roomy, services: [service(0)] });
    expect(() => run(strategy)).toThrow(refused(text));
  });

  // DG managed-scaling-behavior: "can't set a capacity provider strategy if that task or service sets a launch type".
  it('is refused beside a launch type', () => {
    start({ providers: twoProviders, hosts: roomy, services: [service(0)] });
    expect(() => run([{ capacityProvider: 'one', weight: 1 }], { launchType: 'EC2' })).toThrow(
      refused(/both a launch type and capacity provider strategy/),
    );
  });

  // API PutClusterCapacityProviders: "if no capacity provider or launch type is specified then the default … is used".
  it('is the default one of the cluster for tasks that name neither it nor a launch type', () => {
    start({
      providers: twoProviders,
      hosts: roomy,
      services: [service(0)],
      defaultStrategy: [{ capacityProvider: 'two', weight: 1 }],
    });
    const by = (more: object) =>
      account.call<{ tasks: Task[] }>('RunTask', { taskDefinition: 'web', ...more }).tasks[0]
        ?.capacityProviderName;
    expect([by({}), by({ launchType: 'EC2' })]).toEqual(['two', undefined]);
  });

  // API Deployment.capacityProviderStrategy: each deployment has its own.
  it('that is changed applies to the tasks of the new deployment alone', async () => {
    start({
      providers: twoProviders,
      hosts: roomy,
      services: [
        service(6, {
          on: Array<string>(6).fill('i-one-0'),
          capacityProviderStrategy: threeToTwo.slice(0, 1),
        }),
      ],
    });
    const capacityProviderStrategy = [
      { capacityProvider: 'one', weight: 1 },
      { capacityProvider: 'two', weight: 1 },
    ];
    account.call('UpdateService', { service: 'web', capacityProviderStrategy });
    await account.pass(10 * MINUTE);
    expect(perProvider()).toEqual({ one: 3, two: 3 });
  });

  describe('and a host that drains', () => {
    const drained = (drainingFillsStrategy: boolean) =>
      start({
        providers: { one: SCALED, two: SCALED },
        hosts: [...hostsOf('one', 3), ...hostsOf('two', 1, { cpu: 1024 })],
        services: [
          service(8, {
            on: [...Array<string>(4).fill('i-one-0'), ...Array<string>(4).fill('i-two-0')],
            capacityProviderStrategy: [
              { capacityProvider: 'one', weight: 1 },
              { capacityProvider: 'two', weight: 1 },
            ],
          }),
        ],
        readings: { drainingFillsStrategy },
      });

    // No source says which; both readings.
    it('lets replacements wait for another, full provider while its tasks still count', async () => {
      drained(true);
      account.drain('i-one-0');
      await account.pass(20);
      expect(waiting().map(({ taskArn }) => providerOf(taskArn))).toContain('two');
      expect(account.ecs.tasksOn('i-one-1').length + account.ecs.tasksOn('i-one-2').length).toBeGreaterThan(
        0,
      );
    });

    it('gives replacements to its own provider where its tasks do not count', async () => {
      drained(false);
      account.drain('i-one-0');
      await account.pass(20);
      expect(waiting()).toEqual([]);
      expect(account.ecs.tasksOn('i-one-1').length + account.ecs.tasksOn('i-one-2').length).toBe(4);
    });

    it('keeps the base: its replacements come first', async () => {
      start({
        providers: { one: SCALED, two: SCALED },
        hosts: [...hostsOf('one', 2), ...hostsOf('two', 1)],
        services: [
          service(2, {
            on: ['i-one-0', 'i-one-0'],
            capacityProviderStrategy: [
              { capacityProvider: 'one', base: 2, weight: 0 },
              { capacityProvider: 'two', weight: 1 },
            ],
          }),
        ],
        readings: { drainingFillsStrategy: false },
      });
      account.drain('i-one-0');
      await account.pass(10 * MINUTE);
      expect(perProvider()).toEqual({ one: 2 });
    });
  });
});
