import { describe, expect, it } from 'vitest';
import type { GroupFacts, HostFacts } from '../../../functions/core/facts.ts';
import type { PlanFacts } from '../../../functions/core/plan/plan-facts.ts';
import { codes, group, host, NEW, NOW_MS, OLD, planOf, template, world } from './world.ts';

describe('hosts that are not ours', () => {
  it.each<[string, Partial<HostFacts>, string]>([
    ['an ECS Anywhere host', { attributes: { 'ecs.capability.external': '' } }, 'ECS Anywhere'],
    ['an ECS Anywhere host by id', { instanceId: 'mi-0123' }, 'ECS Anywhere'],
    ['a Managed Instance', { capacityProviderName: 'managed' }, 'Managed Instances'],
    ['a host in a warm pool', { lifecycleState: 'Warmed:Stopped' }, 'warm pool'],
    ['a terminating host', { lifecycleState: 'Terminating:Wait' }, 'on its way out'],
    ['a host that EC2 shuts down', { ec2State: 'shutting-down' }, 'on its way out'],
    ['a host in Standby', { lifecycleState: 'Standby' }, 'Standby'],
    ['a host that somebody else drains', { status: 'DRAINING' }, 'somebody else'],
  ])('leaves %s alone and says why', (_, over, reason) => {
    const plan = planOf({
      facts: { hosts: [host(1, over), host(2)] },
      planFacts: { managedInstanceProviders: ['managed'] },
    });
    expect(plan.groups[0]?.outdated).toEqual(['i-02']);
    expect(plan.exempt).toEqual([
      { instanceId: over.instanceId ?? 'i-01', reason: expect.stringContaining(reason) },
    ]);
  });

  it('leaves a host without an Auto Scaling group alone', () => {
    const { autoScalingGroupName: _, ...alone } = host(1);
    const plan = planOf({ facts: { hosts: [alone, host(2)] } });
    expect(plan.exempt).toEqual([
      { instanceId: 'i-01', reason: expect.stringContaining('no Auto Scaling group') },
    ]);
  });

  it('goes on with a host that an earlier step of ours drains', () => {
    const { memory } = world();
    const drained = { instanceId: 'i-01', role: 'outdated' as const, drainingSinceMs: NOW_MS - 1000 };
    const plan = planOf({
      facts: { hosts: [host(1, { status: 'DRAINING' })], memory: { ...memory, hosts: [drained] } },
    });
    expect(plan).toMatchObject({ exempt: [], groups: [{ outdated: ['i-01'] }] });
  });

  it('takes a host that has yet to register for outdated only while it may still do so', () => {
    const { containerInstanceArn: _, ...unregistered } = host(1);
    const young = { ...unregistered, launchTimeMs: NOW_MS - 60_000 };
    expect(planOf({ facts: { hosts: [young] } }).groups[0]?.outdated).toEqual(['i-01']);
    expect(planOf({ facts: { hosts: [unregistered] } }).exempt[0]?.reason).toContain('not registered');
  });

  it.each<[string, Partial<GroupFacts>, string | undefined, string]>([
    ['another service operates', { operator: 'ecs.amazonaws.com' }, undefined, 'Operator'],
    ['Batch owns', { tags: { AWSBatchServiceTag: 'batch' } }, undefined, 'AWS Batch'],
    ['Batch owns by its cluster', {}, 'AWSBatch-jobs-1', 'AWS Batch'],
    ['Beanstalk owns', { tags: { 'elasticbeanstalk:environment-name': 'shop' } }, undefined, 'Beanstalk'],
  ])('leaves a group alone that %s', (_, over, clusterName, reason) => {
    const plan = planOf({
      facts: { groups: [group(over)], ...(clusterName !== undefined && { clusterName }) },
    });
    expect(plan).toMatchObject({
      verdict: 'NOTHING_TO_DO',
      reason: expect.stringContaining('no host of'),
      groups: [],
    });
    expect(plan.exempt.map((item) => item.reason)).toEqual(Array(3).fill(expect.stringContaining(reason)));
  });
});

describe('hosts that are tagged to be left alone', () => {
  const tagged = (exemptUntil?: string, exemptReason?: string) =>
    planOf({
      facts: {
        hosts: [
          host(1, {
            ...(exemptUntil !== undefined && { exemptUntil }),
            ...(exemptReason !== undefined && { exemptReason }),
          }),
          host(2),
        ],
      },
    });

  it.each([
    ['2026-12-24', Date.UTC(2026, 11, 25)],
    // Its last day is today: NOW_MS is noon of it.
    ['2026-11-22', Date.UTC(2026, 10, 23)],
    ['2026-11-22T13:00Z', Date.UTC(2026, 10, 22, 13)],
  ])('stay until %s, with reason and end', (until, untilMs) => {
    const plan = tagged(until, 'vendor appliance');
    expect(plan.exempt).toEqual([
      { instanceId: 'i-01', reason: `exempt until ${until}: vendor appliance`, untilMs },
    ]);
    expect(plan.groups[0]?.outdated).toEqual(['i-02']);
  });

  it.each(['2026-11-21', '2026-11-22T11:59Z'])('are replaced once %s is over', (until) => {
    expect(tagged(until, 'vendor appliance')).toMatchObject({
      exempt: [],
      keptOut: [],
      groups: [{ outdated: ['i-01', 'i-02'] }],
    });
  });

  it.each([
    [undefined, 'for ever', 'rollover:exempt-until', 'has no end'],
    ['next year', 'vendor appliance', 'rollover:exempt-until', '"next year"'],
    ['2026-02-31', 'vendor appliance', 'rollover:exempt-until', '"2026-02-31"'],
    ['2026-12-24', undefined, 'rollover:exempt-reason', 'no reason'],
    ['2026-12-24', ' ', 'rollover:exempt-reason', 'no reason'],
  ])('stay, and somebody is told, with end %s and reason %s', (until, reason, field, message) => {
    const plan = tagged(until, reason);
    expect(plan.keptOut).toMatchObject([{ instanceId: 'i-01', reason: expect.stringContaining(message) }]);
    expect(plan.findings).toContainEqual(
      expect.objectContaining({ code: 'exemption-incomplete', severity: 'blocks', field }),
    );
  });
});

describe('groups that cannot be rolled', () => {
  it.each<[string, Partial<GroupFacts>, string, string]>([
    [
      'a launch configuration',
      { launchConfigurationName: 'old', templates: [] },
      'launch-configuration',
      'LaunchConfigurationName',
    ],
    ['a template that cannot be read', { templates: [] }, 'launch-template-missing', 'LaunchTemplate'],
    ['attribute-based types', { attributeBased: true }, 'attribute-based', 'InstanceRequirements'],
    ['weights', { weighted: true }, 'weighted', 'WeightedCapacity'],
    [
      'an active instance refresh',
      { instanceRefreshInProgress: true },
      'instance-refresh',
      'InstanceRefreshes',
    ],
    ['Launch suspended', { suspendedProcesses: ['Launch'] }, 'suspended-processes', 'SuspendedProcesses'],
    [
      'Terminate suspended',
      { suspendedProcesses: ['Terminate'] },
      'suspended-processes',
      'SuspendedProcesses',
    ],
    ['a deletion in progress', { status: 'Delete in progress' }, 'group-status', 'Status'],
  ])('refuses one with %s and says what to change', (_, over, code, field) => {
    const plan = planOf({ facts: { groups: [group(over)] } });
    expect(plan.verdict).toBe('REFUSED');
    expect(codes(plan, 'blocks')).toEqual([code]);
    expect(plan.findings[0]?.field).toContain(field);
    expect(plan.keptOut).toHaveLength(3);
  });

  it('takes a warm pool away for the run and says so, unless the deployment leaves such groups alone', () => {
    const facts = { groups: [group({ warmPool: true })] };
    const rolled = planOf({ facts });
    expect(rolled.verdict).toBe('roll');
    expect(codes(rolled, 'note')).toContain('warm-pool');
    const refused = planOf({ facts, planFacts: { refusesWarmPools: true } });
    expect(refused.verdict).toBe('REFUSED');
    expect(codes(refused, 'blocks')).toEqual(['warm-pool']);
  });

  it('does not mind processes that do not matter to a rollover', () => {
    const plan = planOf({ facts: { groups: [group({ suspendedProcesses: ['AZRebalance'] })] } });
    expect(plan.verdict).toBe('roll');
  });

  it.each<[string, PlanFacts['sharedTemplates'][number]['version'], boolean]>([
    ['refuses', '$Latest', true],
    ['accepts', '7', false],
    ['accepts', '$Default', false],
  ])('%s a template that a foreign group follows on %s', (_, version, refused) => {
    const shared = { launchTemplateId: 'lt-web', autoScalingGroupName: 'theirs', version };
    const plan = planOf({ planFacts: { sharedTemplates: [shared] } });
    expect(codes(plan, 'blocks')).toEqual(refused ? ['shared-template'] : []);
  });

  it('refuses a group whose $Default is followed elsewhere, where the run would move it', () => {
    const use = template({ imageId: OLD, imageReference: OLD });
    const onDefault = { ...use, reference: { ...use.reference, version: '$Default' } };
    const asked = (request: { image?: string }) => ({
      facts: { groups: [group({ templates: [onDefault] })] },
      request,
      planFacts: {
        sharedTemplates: [
          { launchTemplateId: 'lt-web', autoScalingGroupName: 'theirs', version: '$Default' },
        ],
      },
    });
    expect(codes(planOf(asked({ image: NEW })), 'blocks')).toEqual(['shared-template']);
    expect(codes(planOf(asked({})), 'blocks')).toEqual([]);
  });
});
