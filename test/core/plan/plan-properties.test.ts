import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GroupFacts, HostFacts, ServiceFacts, TaskFacts } from '../../../functions/core/facts.ts';
import type { Settings } from '../../../functions/core/settings.ts';
import { group, host, image, NEW, OLD, planOf, type Situation, service, task, template } from './world.ts';

const NAMES = ['web', 'jobs', 'gpu'];

const anyGroup = (autoScalingGroupName: string): fc.Arbitrary<GroupFacts> =>
  fc
    .record({
      imageId: fc.constantFrom(OLD, NEW),
      maxSize: fc.integer({ min: 3, max: 6 }),
      suspendedProcesses: fc.constantFrom<string[]>([], [], [], ['Launch'], ['AZRebalance']),
      instanceRefreshInProgress: fc.boolean(),
      tags: fc.constantFrom<Record<string, string>>({}, {}, { AWSBatchServiceTag: 'x' }),
    })
    .map(({ imageId, ...over }) =>
      group({ autoScalingGroupName, templates: [template({ imageId, imageReference: imageId })], ...over }),
    );

const anyHost: fc.Arbitrary<Partial<HostFacts>> = fc.record({
  imageId: fc.constantFrom(OLD, NEW),
  autoScalingGroupName: fc.constantFrom(...NAMES, 'vanished'),
  lifecycleState: fc.constantFrom('InService', 'InService', 'InService', 'Standby', 'Terminating'),
  apiTerminationProtected: fc.constantFrom(false, false, true),
  status: fc.constantFrom('ACTIVE' as const, 'ACTIVE' as const, 'DRAINING' as const),
});

const anyService = (serviceName: string): fc.Arbitrary<ServiceFacts> =>
  fc
    .record({
      desiredCount: fc.nat(5),
      minimumHealthyPercent: fc.constantFrom(0, 50, 100),
      maximumPercent: fc.constantFrom(100, 150, 200),
    })
    .map((over) => service({ serviceName, ...over }));

const anyTask: fc.Arbitrary<Partial<TaskFacts>> = fc.record({
  serviceName: fc.constantFrom('a', 'b'),
  instanceId: fc.nat(8).map((number) => `i-0${number + 1}`),
  taskClass: fc.constantFrom(
    'replica' as const,
    'replica' as const,
    'daemon' as const,
    'standalone' as const,
  ),
});

const anySituation: fc.Arbitrary<Situation> = fc
  .record({
    groups: fc.tuple(...NAMES.map(anyGroup)),
    hosts: fc.array(anyHost, { maxLength: 9 }),
    services: fc.tuple(anyService('a'), anyService('b')),
    tasks: fc.array(anyTask, { maxLength: 12 }),
    newOwner: fc.constantFrom('amazon', 'amazon', 'stranger'),
    settings: fc.record({
      surge: fc.constantFrom<Settings['surge']>({ percent: 100 }, { percent: 10 }, { count: 2 }),
      raiseMaxSize: fc.boolean(),
    }),
    instances: fc.option(fc.subarray(['i-01', 'i-02', 'i-03', 'i-0ff'], { minLength: 1 }), {
      nil: undefined,
    }),
  })
  .map(({ groups, hosts, services, tasks, newOwner, settings, instances }) => ({
    facts: {
      groups,
      services,
      hosts: hosts.map((over, index) => host(index + 1, over)),
      tasks: tasks.map((over, index) => task(index + 1, over)),
    },
    planFacts: { images: [image({ ownerAlias: newOwner }), image({ imageId: OLD })] },
    settings,
    request: { instances },
  }));

describe('a plan', () => {
  it('puts each host in one place only: replaced, kept out, exempt or left as it is', () => {
    fc.assert(
      fc.property(anySituation, (situation) => {
        const plan = planOf(situation);
        const placed = [
          ...plan.groups.flatMap(({ outdated }) => outdated),
          ...plan.keptOut.map(({ instanceId }) => instanceId),
          ...plan.exempt.map(({ instanceId }) => instanceId),
        ];
        expect(new Set(placed).size).toBe(placed.length);
        const known = new Set(situation.facts?.hosts?.map(({ instanceId }) => instanceId));
        expect(placed.every((instanceId) => known.has(instanceId))).toBe(true);
      }),
    );
  });

  it('replaces only hosts that nothing blocks, and keeps out none without a finding that blocks', () => {
    fc.assert(
      fc.property(anySituation, (situation) => {
        const { groups, keptOut, findings } = planOf(situation);
        const blocks = findings.filter(({ severity }) => severity === 'blocks');
        const blockedHosts = new Set(blocks.map(({ instanceId }) => instanceId));
        const blockedGroups = new Set(
          blocks
            .filter(({ scope }) => scope === 'group')
            .map(({ autoScalingGroupName }) => autoScalingGroupName),
        );
        for (const { autoScalingGroupName, outdated } of groups) {
          expect(blockedGroups).not.toContain(autoScalingGroupName);
          for (const instanceId of outdated) expect(blockedHosts).not.toContain(instanceId);
        }
        const messages = blocks.map(({ message }) => message);
        for (const { reason } of keptOut) expect(messages).toContain(reason);
      }),
    );
  });

  it('has room for at least one new host wherever it replaces any, and never for more than it replaces', () => {
    fc.assert(
      fc.property(anySituation, (situation) => {
        for (const { surge, outdated } of planOf(situation).groups) {
          expect(surge).toBeLessThanOrEqual(outdated.length);
          if (outdated.length > 0) expect(surge).toBeGreaterThanOrEqual(1);
        }
      }),
    );
  });

  it('rolls when there is work, refuses only with a reason to, and has nothing to do only when nothing is wrong', () => {
    fc.assert(
      fc.property(anySituation, (situation) => {
        const { verdict, reason, groups, keptOut, findings, predicted } = planOf(situation);
        const work = groups.some(({ outdated }) => outdated.length > 0);
        const blocked = findings.some(({ severity }) => severity === 'blocks');
        expect(reason).not.toBe('');
        if (work) expect(verdict).toBe('roll');
        if (verdict === 'REFUSED') expect(blocked && !work).toBe(true);
        if (verdict === 'NOTHING_TO_DO') expect(blocked || work || keptOut.length > 0).toBe(false);
        expect(predicted.durationSeconds > 0).toBe(work);
      }),
    );
  });

  it('does not depend on the order in which AWS lists things', () => {
    fc.assert(
      fc.property(anySituation, (situation) => {
        const { facts = {} } = situation;
        const turned = {
          ...situation,
          facts: {
            ...facts,
            hosts: facts.hosts?.toReversed() ?? [],
            tasks: facts.tasks?.toReversed() ?? [],
            services: facts.services?.toReversed() ?? [],
          },
        };
        const sorted = (plan: ReturnType<typeof planOf>) => ({
          verdict: plan.verdict,
          groups: plan.groups,
          keptOut: plan.keptOut.map(({ instanceId }) => instanceId).sort(),
          codes: plan.findings.map(({ code }) => code).sort(),
          predicted: plan.predicted,
        });
        expect(sorted(planOf(turned))).toEqual(sorted(planOf(situation)));
      }),
    );
  });
});
