/** Rules 23 and 24: when a run ends by itself, as what, with which word for each host, and what goes back to work. */
import { describe, expect, it } from 'vitest';
import { decide } from '../../functions/core/decide.ts';
import type { Facts } from '../../functions/core/facts.ts';
import type { HostMemory } from '../../functions/core/memory.ts';
import type { Plan } from '../../functions/core/plan.ts';
import { defaults, task } from '../support/facts.ts';
import { drainingAfterTrial, plan, see, withHost, withRun } from '../support/mid-run.ts';

const GONE = 'i-00001';
const DRAINING = 'i-00005';
const HELD = { reason: 'web moved no task', sinceMs: 0, attempts: 1 } as const;

/** Half-way: one host is gone; none drains, there is no room for another, and nothing moved for so many seconds. */
function still(seconds: number): Facts {
  const facts = withHost(drainingAfterTrial(), DRAINING, { status: 'ACTIVE' });
  return withRun(
    {
      ...facts,
      hosts: facts.hosts.flatMap((host) =>
        host.instanceId === GONE
          ? []
          : host.imageId === 'ami-new' && host.remaining !== undefined
            ? { ...host, remaining: { ...host.remaining, cpu: 0, memoryMiB: 0 } }
            : host,
      ),
      tasks: [
        ...facts.tasks.filter(({ lastStatus }) => lastStatus === 'RUNNING'),
        task({ taskArn: 'still-there', instanceId: DRAINING }),
      ],
    },
    {
      lastProgressAtMs: facts.observedAtMs - seconds * 1000,
      hosts: facts.memory.hosts.filter(({ instanceId }) => instanceId !== DRAINING),
      services: facts.memory.services.map(({ unmoved: _, healthyElsewhere: __, ...service }) => service),
    },
  );
}
const hold = (facts: Facts, id: string, held: NonNullable<HostMemory['held']>): Facts =>
  withRun(facts, {
    hosts: [
      ...facts.memory.hosts.filter(({ instanceId }) => instanceId !== id),
      { instanceId: id, role: 'outdated', autoScalingGroupName: 'group', held },
    ],
  });
const heldOf = (facts: Facts) =>
  see(facts).remember.hosts.flatMap(({ instanceId, held }) =>
    held === undefined ? [] : [[instanceId, held] as const],
  );

describe('rule 24: nothing moves', () => {
  it('ends the run after one drainTimeoutSeconds, not before', () => {
    expect(see(still(1799)).end).toBeUndefined();
    expect(see(still(1799)).remember.run?.phase).toBeUndefined();
    expect(see(still(1800)).remember.run).toMatchObject({
      phase: 'closing',
      ending: { outcome: 'PARTIAL', reason: expect.stringContaining('nothing moved for 30 min') },
    });
    expect(see(still(1800)).notify).toContainEqual(expect.objectContaining({ kind: 'stalled' }));
  });

  it('as FAILED where nothing was replaced, in this run or in earlier windows of the same work', () => {
    const facts = still(1800);
    const none: Facts = withRun(
      { ...facts, hosts: facts.hosts.filter(({ instanceId }) => instanceId !== GONE) },
      { hosts: facts.memory.hosts.filter(({ instanceId }) => instanceId !== GONE) },
    );
    const without: Plan = {
      ...plan,
      groups: plan.groups.map((group) => ({
        ...group,
        outdated: group.outdated.filter((id) => id !== GONE),
      })),
    };
    const outcome = (seen: Facts) =>
      decide(seen, without, defaults, seen.observedAtMs).remember.run?.ending?.outcome;
    const earlier = (replaced: number) =>
      withRun(none, { earlier: { startedAtMs: 0, windows: 1, replaced, moves: 9, imageIds: ['ami-new'] } });
    expect(outcome(none)).toBe('FAILED');
    expect(outcome(earlier(0))).toBe('FAILED');
    expect(outcome(earlier(2))).toBe('PARTIAL');
  });

  it('holds every host that stays with the reason of the rule that holds it back', () => {
    const held = heldOf(still(1800));
    expect(held.map(([id]) => id).sort()).toEqual(['i-00002', 'i-00003', 'i-00004', DRAINING, 'i-00006']);
    for (const [, { final, reason, service }] of held) {
      expect(final).toBe(true);
      expect(reason).not.toBe('nothing moves');
      expect(reason).toContain('web');
      expect(service).toBe('web');
    }
  });

  it('leaves a host that is held already its own reason, for good', () => {
    const facts = hold(still(1800), 'i-00002', HELD);
    // Held for the first time it waits for the others, which do not move either.
    const [, held] = heldOf(facts).find(([id]) => id === 'i-00002') ?? [];
    expect(held).toMatchObject({ reason: HELD.reason, attempts: 1, final: true });
  });

  it('not while a wait has a known end: a host that drains, or protected tasks', () => {
    const facts = still(1800);
    const guarded = {
      ...facts,
      tasks: facts.tasks.map((one) =>
        one.instanceId === 'i-00002' ? { ...one, protectedUntilMs: facts.observedAtMs + 600_000 } : one,
      ),
    };
    expect(see(guarded).remember.run?.ending).toBeUndefined();
  });

  it('outside the window time does not count', () => {
    const facts = still(1800);
    const step = see(facts, {
      windows: [{ text: 'Mon', weekdays: [1], startMinute: 0, endMinute: 1, timeZone: 'UTC' }],
    });
    expect(step.remember.run?.ending?.outcome).toBe('PENDING_WINDOW');
  });
});

describe('the end of a run that has done its work', () => {
  /** Every planned host is gone but these. */
  const left = (ids: readonly string[], change: (facts: Facts) => Facts = (facts) => facts): Facts => {
    const facts = still(10);
    const goes = (id: string | undefined) =>
      plan.groups[0]?.outdated.includes(id ?? '') === true && !ids.includes(id ?? '');
    const hosts = facts.hosts.filter(({ instanceId }) => !goes(instanceId));
    const size = hosts.length;
    return change(
      withRun(
        {
          ...facts,
          hosts,
          tasks: facts.tasks.filter(({ instanceId }) => !goes(instanceId)),
          groups: facts.groups.map((group) => ({ ...group, desiredCapacity: size, minSize: size })),
        },
        {
          groups: facts.memory.groups.map((group) => ({
            ...group,
            goal: size - ids.length,
            set: { minSize: size, desiredCapacity: size, maxSize: 12 },
            launchesAskedAtMs: 0,
          })),
        },
      ),
    );
  };
  const ending = (facts: Facts) => see(facts).remember.run?.ending;

  it('is SUCCEEDED once every planned host is gone, wherever it went', () => {
    expect(ending(left([]))).toMatchObject({ outcome: 'SUCCEEDED' });
  });

  it('is PARTIAL with the reason of each host that is held for good', () => {
    const facts = hold(left(['i-00002']), 'i-00002', { ...HELD, final: true });
    expect(ending(facts)).toMatchObject({
      outcome: 'PARTIAL',
      reason: expect.stringContaining('i-00002: web moved no task'),
    });
    expect(ending(left(['i-00002']))).toBeUndefined();
  });

  it('waits for a new host that is still to join, but not after three that did not', () => {
    const coming = (failedNew: number) =>
      left([], (facts) => {
        const joining = withHost(facts, 'i-00043', {
          agentConnected: false,
          launchTimeMs: facts.observedAtMs,
        });
        return withRun(joining, {
          hosts: facts.memory.hosts.filter(({ instanceId }) => instanceId !== 'i-00043'),
          groups: joining.memory.groups.map((group) => ({ ...group, failedNew })),
        });
      });
    expect(ending(coming(2))).toBeUndefined();
    expect(ending(coming(3))?.outcome).toBe('SUCCEEDED');
  });

  it('waits until EC2 says terminated, for fifteen minutes and as long as somebody’s hook may hold the host', () => {
    const ended = (agoMs: number, hookSeconds?: number) =>
      left([GONE], (facts) => {
        const ghosts = drainingAfterTrial().hosts.filter(({ instanceId }) => instanceId === GONE);
        const waits = withHost({ ...facts, hosts: [...facts.hosts, ...ghosts] }, GONE, {
          ec2State: 'running',
          lifecycleState: 'Terminating:Wait',
        });
        const terminationHooks =
          hookSeconds === undefined ? [] : [{ name: 'flush', heartbeatSeconds: hookSeconds }];
        return withRun(
          { ...waits, groups: waits.groups.map((group) => ({ ...group, terminationHooks }) as typeof group) },
          {
            groups: facts.memory.groups.map((group) => ({ ...group, goal: 6 })),
            hosts: facts.memory.hosts.map((host) =>
              host.instanceId === GONE ? { ...host, goneSinceMs: facts.observedAtMs - agoMs } : host,
            ),
          },
        );
      });
    expect(ending(ended(900_000))).toBeUndefined();
    expect(ending(ended(900_001))?.outcome).toBe('SUCCEEDED');
    expect(ending(ended(900_001, 600))).toBeUndefined();
    expect(ending(ended(1_500_001, 600))?.outcome).toBe('SUCCEEDED');
  });
});

describe('rule 23: what drains when a run ends', () => {
  const closing = (facts: Facts, outcome: 'PARTIAL' | 'ABORTED' | 'ROLLED_BACK' = 'ABORTED') =>
    withRun(facts, { phase: 'closing', ending: { outcome, reason: 'somebody said so' } });
  const activated = (facts: Facts) => see(facts).activate.map(({ instanceId }) => instanceId);

  it('goes back to work', () => {
    const facts = closing(drainingAfterTrial());
    expect(activated(facts)).toEqual([DRAINING]);
    expect(see(facts).restore).toBe(false);
  });

  it('is not asked again where it is ACTIVE, or gone', () => {
    const facts = closing(drainingAfterTrial());
    expect(activated(withHost(facts, DRAINING, { ec2State: 'shutting-down' }))).toEqual([]);
    expect(activated(withHost(facts, DRAINING, { status: 'ACTIVE' }))).toEqual([]);
  });
});
