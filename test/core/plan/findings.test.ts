import { describe, expect, it } from 'vitest';
import type {
  GroupFacts,
  HostFacts,
  ServiceFacts,
  TaskDefinitionFacts,
  TaskFacts,
} from '../../../functions/core/facts.ts';
import { codes, definition, group, host, NOW_MS, planOf, service, task } from './world.ts';

const withService = (over: Partial<ServiceFacts>) => planOf({ facts: { services: [service(over)] } });
const withDefinition = (
  over: Partial<TaskDefinitionFacts>,
  hosts: HostFacts[] = [host(1), host(2), host(3)],
) => planOf({ facts: { taskDefinitions: [definition(over)], hosts } });

describe("a service's arithmetic", () => {
  it.each<[number, number, number, number | undefined]>([
    [1, 100, 100, 200],
    [1, 100, 150, 200],
    [2, 75, 125, 150],
    [3, 90, 110, 134],
    [2, 100, 150, undefined],
    [1, 100, 200, undefined],
  ])('of %i tasks at %i/%i needs maximumPercent %s to be drained', (desiredCount, min, max, enough) => {
    const plan = withService({ desiredCount, minimumHealthyPercent: min, maximumPercent: max });
    if (enough === undefined) expect(codes(plan, 'blocks')).toEqual([]);
    else {
      expect(plan).toMatchObject({ verdict: 'REFUSED', groups: [] });
      expect(plan.findings[0]).toMatchObject({
        code: 'service-stuck',
        service: 'web',
        instanceId: 'i-01',
        field: 'deploymentConfiguration.maximumPercent',
        remedy: expect.stringContaining(`at least ${enough},`),
      });
    }
  });

  it('keeps out only the hosts that carry the stuck service', () => {
    const stuck = service({ serviceName: 'one', desiredCount: 1, maximumPercent: 100 });
    const tasks = [task(1), task(2), task(3), task(4, { serviceName: 'one', instanceId: 'i-02' })];
    const plan = planOf({ facts: { services: [service(), stuck], tasks } });
    expect(plan).toMatchObject({ verdict: 'roll', groups: [{ outdated: ['i-01', 'i-03'] }] });
    expect(plan.keptOut).toEqual([{ instanceId: 'i-02', reason: expect.stringContaining('one wants 1') }]);
  });

  it('does not call a service stuck that wants nothing', () => {
    expect(codes(withService({ desiredCount: 0, maximumPercent: 100 }), 'blocks')).toEqual([]);
  });

  it.each<[number, number, string, 'outage' | 'note']>([
    [0, 100, 'service-may-be-down', 'outage'],
    [0, 200, 'service-may-be-down', 'outage'],
    [50, 200, 'service-may-stop-first', 'note'],
  ])('at minimumHealthyPercent %i and maximum %i is told as %s', (min, max, code, severity) => {
    const plan = withService({ minimumHealthyPercent: min, maximumPercent: max });
    expect(plan.verdict).toBe('roll');
    expect(codes(plan, severity)).toContain(code);
  });

  it.each<[number, 'outage' | 'note']>([
    [100, 'note'],
    [50, 'outage'],
  ])('at minimumHealthyPercent %i tells of a host that carries more than may move as %s', (min, severity) => {
    const services = [service({ desiredCount: 8, minimumHealthyPercent: min })];
    const tasks = [1, 2, 3, 4, 5].map((number) => task(number, { instanceId: 'i-01' }));
    const plan = planOf({ facts: { services, tasks } });
    expect(plan.findings).toContainEqual(
      expect.objectContaining({ code: 'host-carries-more-than-share', severity, instanceId: 'i-01' }),
    );
  });

  it('says nothing of daemons, which ECS stops last', () => {
    const services = [
      service({ schedulingStrategy: 'DAEMON', minimumHealthyPercent: 0, maximumPercent: 100 }),
    ];
    const tasks = [1, 2, 3].map((number) => task(number, { taskClass: 'daemon' }));
    expect(planOf({ facts: { services, tasks } })).toMatchObject({
      verdict: 'roll',
      findings: [],
      taskCount: 0,
    });
  });
});

describe('what a service carries', () => {
  it('is told with its split over capacity providers, now and as it may be afterwards', () => {
    const strategy = [
      { capacityProvider: 'blue', weight: 1, base: 0 },
      { capacityProvider: 'green', weight: 1, base: 0 },
    ];
    const tasks = [1, 2, 3, 4, 5, 6].map((number) => task(number, { capacityProviderName: 'blue' }));
    const { findings } = planOf({
      facts: {
        services: [service({ desiredCount: 6, strategy })],
        tasks,
        hosts: [1, 2, 3].map((number) => host(number, { capacityProviderName: 'blue' })),
      },
    });
    expect(findings).toContainEqual(
      expect.objectContaining({
        severity: 'note',
        code: 'provider-split',
        service: 'web',
        message: expect.stringMatching(/blue 6, green 0; .*blue 3, green 3/),
      }),
    );
  });

  describe('a strategy that sends tasks where they can never fit', () => {
    /** blue has one host, green two; each holds seven tasks, and three stand on each. */
    const splitOver = (base: number, weight: number, over: Partial<GroupFacts> = {}) => {
      const strategy = [
        { capacityProvider: 'blue', weight, base },
        { capacityProvider: 'green', weight: 1, base: 0 },
      ];
      const on = (number: number, capacityProviderName: string, autoScalingGroupName: string) =>
        host(number, { capacityProviderName, autoScalingGroupName });
      const groupOf = (name: string, desiredCapacity: number) =>
        group({
          autoScalingGroupName: name,
          capacityProviderName: name,
          minSize: 0,
          desiredCapacity,
          ...over,
        });
      return planOf({
        facts: {
          groups: [groupOf('blue', 1), groupOf('green', 2)],
          hosts: [on(1, 'blue', 'blue'), on(2, 'green', 'green'), on(3, 'green', 'green')],
          services: [
            service({
              desiredCount: 9,
              strategy,
              capacityProviders: strategy.map((item) => item.capacityProvider),
            }),
          ],
          tasks: Array.from({ length: 9 }, (_, n) => task(n + 1)),
        },
      });
    };
    const kept = (plan: ReturnType<typeof planOf>) => plan.keptOut.map(({ instanceId }) => instanceId);

    it('keeps out hosts whose tasks would wait for it, and names service, provider, field and remedy', () => {
      const plan = splitOver(9, 1);
      expect(plan.findings).toContainEqual(
        expect.objectContaining({
          severity: 'blocks',
          code: 'provider-split-has-no-room',
          service: 'web',
          instanceId: 'i-03',
          field: 'capacityProviderStrategy',
          message: expect.stringMatching(/base 9 .*web for blue .* hold 7/),
          remedy: expect.stringMatching(/raise the desired capacity of blue.* or lower its base/),
        }),
      );
      // What leaves blue comes back to it, and four more fit there: the first host of green has three.
      expect(kept(plan)).toEqual(['i-03']);
    });

    it('says so of weights as of a base', () => {
      expect(kept(splitOver(0, 100))).toEqual(['i-03']);
    });

    it('is not told where the split fits, or the provider may grow', () => {
      expect(kept(splitOver(3, 1))).toEqual([]);
      expect(kept(splitOver(9, 1, { managedScaling: true }))).toEqual([]);
    });
  });

  it('is told where a deployment runs, a strategy is unknown or volumes are of the host', () => {
    expect(codes(withService({ deploying: true }), 'note')).toEqual(['service-deploying']);
    expect(codes(withService({ deploymentStrategy: 'SPIRAL' }), 'note')).toEqual([
      'deployment-strategy-unknown',
    ]);
    expect(codes(withDefinition({ hostVolumes: ['/data'] }), 'note')).toEqual(['host-volumes']);
  });

  const digest = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/web@sha256:abc';

  it.each<[string, Record<string, 'present' | 'missing'>, string[], string[]]>([
    ['blocks where ECR no longer has it', { [digest]: 'missing' }, ['image-digest-missing'], []],
    ['is quiet where ECR has it', { [digest]: 'present' }, [], []],
    ['notes where nobody could read ECR', {}, [], ['image-digests-unknown']],
  ])('%s: the pinned image', (_, digests, blocks, notes) => {
    const plan = planOf({ planFacts: { digests, serviceDigests: { web: [digest] } } });
    expect(codes(plan, 'blocks')).toEqual(blocks);
    expect(codes(plan, 'note')).toEqual(notes);
  });

  it('blocks where the image of a daemon is gone, which no new host could start', () => {
    const services = [
      service({ schedulingStrategy: 'DAEMON', minimumHealthyPercent: 0, maximumPercent: 100 }),
    ];
    const tasks = [1, 2, 3].map((number) => task(number, { taskClass: 'daemon' }));
    const planFacts = { digests: { [digest]: 'missing' as const }, serviceDigests: { web: [digest] } };
    const plan = planOf({ facts: { services, tasks }, planFacts });
    expect(codes(plan)).toEqual(['image-digest-missing']);
    expect(plan.keptOut).toHaveLength(3);
  });

  it.each<[string, Partial<TaskFacts>, string]>([
    ['a protected task', { protectedUntilMs: NOW_MS + 3_600_000 }, 'protected-tasks'],
    ['a standalone task', { taskClass: 'standalone' }, 'standalone-tasks'],
  ])('notes %s with its host and what will be done', (_, over, code) => {
    const { serviceName, ...bare } = task(9, { ...over, instanceId: 'i-01' });
    const odd = over.taskClass === 'standalone' ? bare : { ...bare, ...(serviceName && { serviceName }) };
    const plan = planOf({ facts: { tasks: [odd] } });
    expect(plan.findings).toContainEqual(
      expect.objectContaining({ code, severity: 'note', instanceId: 'i-01' }),
    );
    expect(plan.groups[0]?.outdated).toHaveLength(3);
  });

  it('does not mind a protection that has ended', () => {
    const tasks = [task(1, { protectedUntilMs: NOW_MS })];
    expect(codes(planOf({ facts: { tasks } }))).toEqual([]);
  });
});

describe('capacity', () => {
  it.each([
    [{ percent: 100 }, 100, 3],
    [{ percent: 34 }, 100, 2],
    [{ percent: 1 }, 100, 1],
    [{ count: 2 }, 100, 2],
    [{ count: 50 }, 100, 3],
    [{ percent: 100 }, 2, 2],
  ])('of surge %j with at most %i is %i of three hosts', (surge, surgeMaxInstances, hosts) => {
    expect(planOf({ settings: { surge, surgeMaxInstances } }).groups[0]?.surge).toBe(hosts);
  });

  it('blocks a group that is full and may not be raised', () => {
    const groups = [group({ minSize: 3, maxSize: 3 })];
    expect(planOf({ facts: { groups } }).groups[0]?.surge).toBe(3);
    const plan = planOf({ facts: { groups }, settings: { raiseMaxSize: false } });
    expect(plan).toMatchObject({ verdict: 'REFUSED', reason: expect.stringContaining('raiseMaxSize') });
    expect(codes(plan, 'blocks')).toEqual(['max-size']);
  });

  it('stays below a MaxSize that may not be raised', () => {
    const plan = planOf({ facts: { groups: [group({ maxSize: 4 })] }, settings: { raiseMaxSize: false } });
    expect(plan).toMatchObject({ verdict: 'roll', groups: [{ surge: 1 }] });
    expect(codes(plan, 'note')).toEqual(['max-size']);
  });

  it.each<[number, number | undefined, string]>([
    [6 + 6, 3, ''],
    [6 + 5, 2, 'note'],
    [6 + 1, undefined, 'blocks'],
  ])('with a quota of %i vCPUs leaves room for %s hosts', (limit, surge, severity) => {
    const quotas = [{ families: ['c'], purchase: 'on-demand' as const, quotaCode: 'L-1216C47A', limit }];
    const plan = planOf({ planFacts: { quotas } });
    expect(plan.groups[0]?.surge).toBe(surge);
    expect(plan.findings.map((finding) => finding.severity)).toEqual(severity === '' ? [] : [severity]);
  });

  it('spends one quota once for all groups', () => {
    const groups = [group(), group({ autoScalingGroupName: 'jobs' })];
    const hosts = [host(1), host(2), host(3, { autoScalingGroupName: 'jobs' })];
    const quotas = [{ families: ['c'], purchase: 'on-demand' as const, quotaCode: 'L-1216C47A', limit: 10 }];
    const plan = planOf({ facts: { groups, hosts }, planFacts: { quotas } });
    expect(plan.groups.map(({ surge }) => surge)).toEqual([2]);
    expect(plan.keptOut.map(({ instanceId }) => instanceId)).toEqual(['i-03']);
  });

  it('notes a quota that nobody can read', () => {
    expect(codes(planOf({ planFacts: { quotas: [] } }), 'note')).toEqual(['vcpu-quota-unknown']);
  });

  it('counts the free addresses of the subnets, unless one is unknown', () => {
    const free = (counts: Record<string, number>) => planOf({ facts: { freeAddresses: counts } });
    expect(free({ 'subnet-a': 1, 'subnet-b': 1, 'subnet-c': 0 }).groups[0]?.surge).toBe(2);
    expect(free({ 'subnet-a': 1, 'subnet-b': 1 }).groups[0]?.surge).toBe(3);
    expect(codes(free({ 'subnet-a': 0, 'subnet-b': 0, 'subnet-c': 0 }), 'blocks')).toEqual([
      'free-addresses',
    ]);
  });

  it('blocks a service whose subnets have no address left for a replacement', () => {
    const facts = {
      services: [service({ subnets: ['subnet-a', 'subnet-b', 'subnet-c', 'subnet-d'] })],
      taskDefinitions: [definition({ networkMode: 'awsvpc' })],
      groups: [group({ subnetIds: ['subnet-e'] })],
    };
    const none = { 'subnet-a': 0, 'subnet-b': 0, 'subnet-c': 0, 'subnet-d': 0 };
    expect(codes(planOf({ facts: { ...facts, freeAddresses: none } }), 'blocks')).toEqual(['no-addresses']);
    expect(
      codes(planOf({ facts: { ...facts, freeAddresses: { ...none, 'subnet-d': 1 } } }), 'blocks'),
    ).toEqual([]);
  });

  it('blocks a service whose target group is full', () => {
    const services = [service({ targetGroupArns: ['tg'] })];
    const full = (registered: number) =>
      planOf({
        facts: { services },
        planFacts: { targetGroups: [{ targetGroupArn: 'tg', registered, limit: 1000 }] },
      });
    expect(codes(full(1000), 'blocks')).toEqual(['target-group-full']);
    expect(codes(full(999), 'blocks')).toEqual([]);
  });
});

describe('hosts that were changed in place', () => {
  const versions = (...told: (readonly [agent: string | undefined, docker: string])[]) =>
    planOf({
      facts: {
        hosts: told.map(([agentVersion, dockerVersion], at) =>
          host(at + 1, { dockerVersion, ...(agentVersion !== undefined && { agentVersion }) }),
        ),
      },
    });

  it('are named beside what most hosts of their image run, and replaced all the same', () => {
    const plan = versions(['1.105.1', '25.0.8'], ['1.105.1', '25.0.8'], ['1.106.0', '27.1.0']);
    const odd = plan.findings.filter(({ code }) => code === 'patched-in-place');
    expect(odd.map(({ instanceId, field, severity }) => [instanceId, field, severity])).toEqual([
      ['i-03', 'versionInfo.agentVersion', 'note'],
      ['i-03', 'versionInfo.dockerVersion', 'note'],
    ]);
    expect(odd[1]?.message).toContain('27.1.0, where other hosts of');
    expect(plan.groups[0]?.outdated).toContain('i-03');
  });

  it.each<[string, (readonly [string | undefined, string])[]]>([
    [
      'all alike',
      [
        ['1', '2'],
        ['1', '2'],
        ['1', '2'],
      ],
    ],
    [
      'two alone',
      [
        ['1', '2'],
        ['9', '2'],
      ],
    ],
    [
      'no majority',
      [
        ['1', '2'],
        ['1', '2'],
        ['9', '2'],
        ['9', '2'],
      ],
    ],
    [
      'nothing told',
      [
        [undefined, '2'],
        ['1', '2'],
        ['9', '2'],
      ],
    ],
  ])('are not guessed: %s', (_, told) => {
    expect(codes(versions(...told), 'note')).not.toContain('patched-in-place');
  });
});

describe('a host that EC2 retires', () => {
  const request = { reason: 'retirement', instances: ['i-02'] };
  const ofGroup = (managedDraining: boolean) =>
    planOf({ facts: { groups: [group({ managedDraining })] }, request });

  it('may be ended by Auto Scaling first: told where managed draining is off, and replaced all the same', () => {
    const plan = ofGroup(false);
    expect(plan).toMatchObject({ verdict: 'roll', groups: [{ outdated: ['i-02'] }], keptOut: [] });
    expect(plan.findings).toContainEqual(
      expect.objectContaining({
        code: 'ends-first',
        severity: 'outage',
        instanceId: 'i-02',
        field: 'managedDraining',
      }),
    );
    expect(codes(ofGroup(true))).not.toContain('ends-first');
    expect(codes(planOf({ facts: { groups: [group({ managedDraining: false })] } }))).not.toContain(
      'ends-first',
    );
  });
});
