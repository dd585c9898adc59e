import { describe, expect, it } from 'vitest';
import { codes, group, host, image, NEW, NOW_MS, OLD, planOf, task, template } from './world.ts';

const onTarget = [1, 2, 3].map((number) => host(number, { imageId: NEW }));

describe('makePlan', () => {
  it('replaces every host whose image is not the one its template resolves to', () => {
    const plan = planOf();
    expect(plan).toMatchObject({
      verdict: 'roll',
      groups: [
        {
          autoScalingGroupName: 'web',
          surge: 3,
          outdated: ['i-01', 'i-02', 'i-03'],
          referenceOnly: false,
          target: { source: 'launch-template', imageIds: [NEW], resolvesAlready: true },
        },
      ],
      keptOut: [],
      exempt: [],
      taskCount: 6,
    });
    expect(codes(plan, 'blocks')).toEqual([]);
  });

  it("believes EC2's image, not the one that the agent once registered", () => {
    const hosts = [host(1, { imageId: NEW }), host(2, { attributes: { 'ecs.ami-id': NEW } })];
    expect(planOf({ facts: { hosts } }).groups[0]?.outdated).toEqual(['i-02']);
  });

  it('has nothing to do when all hosts run the target and the template resolves to it', () => {
    expect(planOf({ facts: { hosts: onTarget } })).toMatchObject({
      verdict: 'NOTHING_TO_DO',
      groups: [{ outdated: [], referenceOnly: true, target: { resolvesAlready: true } }],
    });
  });

  it.each([
    ['all its hosts on the target', onTarget],
    ['no host', []],
  ])('only moves the reference of a group with %s', (_, hosts) => {
    const old = group({ templates: [template({ imageId: OLD, imageReference: OLD })] });
    const plan = planOf({ facts: { hosts, groups: [old], tasks: [] }, request: { image: NEW } });
    expect(plan).toMatchObject({
      verdict: 'roll',
      groups: [{ outdated: [], referenceOnly: true, surge: 0, target: { resolvesAlready: false } }],
    });
  });

  it('neither speaks against nor touches a group that is at rest and could not be rolled', () => {
    const groups = [group({ suspendedProcesses: ['Launch'], instanceRefreshInProgress: true })];
    expect(planOf({ facts: { hosts: onTarget, groups } })).toMatchObject({
      verdict: 'NOTHING_TO_DO',
      findings: [],
      groups: [],
    });
  });

  it('has nothing to do in a cluster without groups', () => {
    const plan = planOf({ facts: { groups: [], hosts: [], tasks: [] } });
    expect(plan).toMatchObject({
      verdict: 'NOTHING_TO_DO',
      reason: expect.stringContaining('no Auto Scaling group'),
    });
  });

  it('replaces hosts that are too old although their image is the target', () => {
    const hosts = [host(1, { imageId: NEW }), host(2, { imageId: NEW, launchTimeMs: NOW_MS - 86_400_000 })];
    const plan = planOf({ facts: { hosts }, settings: { maxInstanceAgeDays: 30 } });
    expect(plan.groups[0]?.outdated).toEqual(['i-01']);
  });

  it('replaces exactly the named hosts, whatever their image', () => {
    const hosts = [host(1), host(2, { imageId: NEW }), host(3)];
    const plan = planOf({ facts: { hosts }, request: { instances: ['i-02'] } });
    expect(plan).toMatchObject({ verdict: 'roll', groups: [{ outdated: ['i-02'], surge: 1 }] });
  });

  it('leaves groups without a named host out of the plan', () => {
    const groups = [group(), group({ autoScalingGroupName: 'jobs' })];
    const hosts = [host(1), host(2, { autoScalingGroupName: 'jobs' })];
    const plan = planOf({ facts: { groups, hosts }, request: { instances: ['i-02'] } });
    expect(plan.groups.map(({ autoScalingGroupName }) => autoScalingGroupName)).toEqual(['jobs']);
  });

  it('refuses a request whose named hosts are none of the cluster', () => {
    const plan = planOf({ request: { instances: ['i-0ff'] } });
    expect(plan).toMatchObject({ verdict: 'REFUSED', groups: [], reason: expect.stringContaining('i-0ff') });
    expect(plan.findings).toContainEqual(
      expect.objectContaining({ code: 'instance-unknown', field: 'instances', instanceId: 'i-0ff' }),
    );
  });

  it('rolls the named hosts that it may and says why not the other', () => {
    const hosts = [host(1), host(2, { lifecycleState: 'Standby' })];
    const plan = planOf({ facts: { hosts }, request: { instances: ['i-01', 'i-02'] } });
    expect(plan).toMatchObject({ verdict: 'roll', groups: [{ outdated: ['i-01'] }] });
    expect(codes(plan, 'blocks')).toEqual(['instance-exempt']);
  });

  it('keeps a blocked host out and goes on with the others', () => {
    const hosts = [host(1, { apiTerminationProtected: true }), host(2), host(3)];
    const plan = planOf({ facts: { hosts } });
    expect(plan).toMatchObject({
      verdict: 'roll',
      groups: [{ outdated: ['i-02', 'i-03'], surge: 2 }],
      keptOut: [{ instanceId: 'i-01', reason: expect.stringContaining('protected from termination') }],
      taskCount: 6,
    });
  });

  it('refuses when every outdated host is kept out, and says what to change', () => {
    const hosts = [1, 2, 3].map((number) => host(number, { apiTerminationProtected: true }));
    const plan = planOf({ facts: { hosts } });
    expect(plan).toMatchObject({ verdict: 'REFUSED', groups: [] });
    expect(plan.keptOut).toHaveLength(3);
    expect(plan.reason).toContain('turn off its termination protection');
  });

  it('keeps all hosts of a refused group out and rolls the other group', () => {
    const groups = [group(), group({ autoScalingGroupName: 'jobs', instanceRefreshInProgress: true })];
    const hosts = [host(1), host(2, { autoScalingGroupName: 'jobs' })];
    const plan = planOf({ facts: { groups, hosts } });
    expect(plan.verdict).toBe('roll');
    expect(plan.groups.map(({ autoScalingGroupName }) => autoScalingGroupName)).toEqual(['web']);
    expect(plan.keptOut).toEqual([
      { instanceId: 'i-02', reason: expect.stringContaining('instance refresh') },
    ]);
  });

  it('refuses when the image of every group is unfit', () => {
    const plan = planOf({ planFacts: { images: [image({ ownerId: '444455556666', ownerAlias: 'x' })] } });
    expect(plan.verdict).toBe('REFUSED');
    expect(plan.keptOut).toHaveLength(3);
    expect(plan.groups).toEqual([]);
  });

  it('does not count tasks that ECS is stopping already', () => {
    const tasks = [task(1), task(2, { desiredStatus: 'STOPPED', lastStatus: 'STOPPING' })];
    expect(planOf({ facts: { tasks } }).taskCount).toBe(1);
  });

  it('gives every finding its field and what to do about it', () => {
    const plan = planOf({
      facts: {
        groups: [
          group({ weighted: true, attributeBased: true, warmPool: true, suspendedProcesses: ['Terminate'] }),
        ],
        hosts: [1, 2, 3].map((number) => host(number, { apiTerminationProtected: true })),
      },
      planFacts: { images: [image({ state: 'disabled' })], quotas: [] },
    });
    expect(plan.findings.length).toBeGreaterThan(4);
    for (const finding of plan.findings) {
      expect(finding).toMatchObject({
        field: expect.stringMatching(/./),
        message: expect.stringMatching(/./),
        remedy: expect.stringMatching(/./),
        code: expect.stringMatching(/^[a-z0-9-]+$/),
      });
    }
  });
});
