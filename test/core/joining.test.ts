/** Named hosts with a deadline that come while a run is at work. */
import { describe, expect, it } from 'vitest';
import type { Facts } from '../../functions/core/facts.ts';
import { joinHosts, leftOf } from '../../functions/core/joining.ts';
import type { Join } from '../../functions/core/memory.ts';
import { task } from '../support/facts.ts';
import { drainingAfterTrial, plan, see, withRun, withTasks } from '../support/mid-run.ts';

const DEADLINE = Date.parse('2026-12-01T00:00:00Z');
const [group] = plan.groups;
const imageIds = group?.target.imageIds ?? [];
const autoScalingGroupName = group?.autoScalingGroupName ?? '';

/** A run in its moves, of whose old hosts nobody has drained `planned`, with a new host that is ready. */
function midway() {
  const facts = drainingAfterTrial();
  const drained = new Set(
    facts.memory.hosts.filter((host) => host.drainingSinceMs !== undefined).map((host) => host.instanceId),
  );
  const step = see(facts);
  for (const { instanceId } of step.drain) drained.add(instanceId);
  const planned = group?.outdated.findLast((id) => !drained.has(id)) ?? '';
  const fresh = facts.memory.hosts.find((host) => host.role === 'new' && host.readySinceMs !== undefined);
  return { facts, planned, fresh: fresh?.instanceId ?? '' };
}
const asked = (facts: Facts, ...hosts: Join['hosts'][number][]) =>
  withRun(facts, { joins: [{ purpose: 'hosts-1', deadlineMs: DEADLINE, hosts, atMs: 0, by: 'a notice' }] });

describe('named hosts with a deadline', () => {
  it('are outdated from then on, though they run the target image', () => {
    const { facts, fresh } = midway();
    const before = facts.memory.services[0];
    const busy = withTasks(asked(facts, { instanceId: fresh, autoScalingGroupName, imageIds }), [
      task({ instanceId: fresh, serviceName: before?.serviceName ?? '' }),
    ]);

    const joined = joinHosts(busy, plan, 1000);

    expect(joined?.added).toEqual([fresh]);
    expect(joined?.plan.groups[0]?.outdated).toEqual([...(group?.outdated ?? []), fresh].sort());
    // What made it ready as a new host says nothing of it as an old one.
    expect(joined?.memory.hosts.find((host) => host.instanceId === fresh)).toMatchObject({
      role: 'outdated',
      deadlineMs: DEADLINE,
    });
    expect(joined?.hosts[0]?.readySinceMs).toBeUndefined();
    expect(joined?.services[0]?.tasksOnOutdated).toBeGreaterThan(before?.tasksOnOutdated ?? 0);
    expect(joined?.joins).toMatchObject([{ takenAtMs: 1000 }]);
  });

  it('that the plan has already keep what is remembered of them, and are tried first', () => {
    const { facts, planned } = midway();
    const joined = joinHosts(asked(facts, { instanceId: planned }), plan, 1000);
    const known = facts.memory.hosts.find((host) => host.instanceId === planned);

    expect(joined?.added).toEqual([]);
    expect(joined?.plan).toEqual(plan);
    const remembered = { ...known, instanceId: planned, autoScalingGroupName, deadlineMs: DEADLINE };
    expect(joined?.hosts).toEqual([expect.objectContaining(remembered)]);
    if (joined === undefined) throw new Error('nothing joined');
    expect(see(facts).drain[0]?.instanceId).not.toBe(planned);
    expect(see({ ...facts, memory: joined.memory }).drain[0]?.instanceId).toBe(planned);
  });

  it('are taken once', () => {
    const { facts, planned } = midway();
    const joined = joinHosts(asked(facts, { instanceId: planned }), plan, 1000);
    if (joined === undefined) throw new Error('nothing joined');

    const again = { ...facts, memory: { ...joined.memory, joins: joined.joins } };
    expect(joinHosts(again, joined.plan, 2000)).toBeUndefined();
  });

  it.each<[string, Partial<Facts['memory']>]>([
    ['a run that ends', { phase: 'closing' }],
    ['a run that somebody stops', { control: { mode: 'abort', atMs: 0, by: 'somebody' } }],
  ])('are not taken by %s', (_, over) => {
    const { facts, planned } = midway();
    expect(joinHosts(withRun(asked(facts, { instanceId: planned }), over), plan, 1000)).toBeUndefined();
  });

  it.each([
    ['another image', { autoScalingGroupName, imageIds: ['ami-0other'] }],
    ['a group that the run has not in hand', { autoScalingGroupName: 'elsewhere', imageIds }],
  ])('are left to their own request where they want %s', (_, where) => {
    const { facts, fresh } = midway();
    const joined = joinHosts(asked(facts, { instanceId: fresh, ...where }), plan, 1000);
    expect(joined).toMatchObject({ plan, hosts: [], added: [] });
  });

  it('have answered their request once they have gone', () => {
    const hosts = [
      { instanceId: 'i-gone', role: 'outdated', goneSinceMs: 1 },
      { instanceId: 'i-held', role: 'outdated' },
    ] as const;
    expect(leftOf(['i-gone', 'i-held', 'i-never'], { hosts })).toEqual(['i-held', 'i-never']);
  });
});
