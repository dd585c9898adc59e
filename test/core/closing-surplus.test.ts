/** Rule 23: hosts beyond the goal while a run closes. */
import { expect, it } from 'vitest';
import type { Facts } from '../../functions/core/facts.ts';
import {
  drainingAfterTrial,
  lookWhere,
  see,
  withGroupMemory,
  withHost,
  withHostMemory,
  withRun,
} from '../support/mid-run.ts';

const CLOSING = { phase: 'closing', ending: { outcome: 'PARTIAL', reason: 'nothing moves' } } as const;

const MONDAYS = { text: 'Mon', weekdays: [1], startMinute: 0, endMinute: 60, timeZone: 'UTC' };

/** Closing, with one host more than the goal. */
function closing(run: Partial<Facts['memory']> = {}): Facts {
  const look = drainingAfterTrial();
  const standing = look.hosts.filter((host) => host.lifecycleState === 'InService').length;
  return withGroupMemory(withRun(look, { ...CLOSING, ...run }), { goal: standing - 1, launchesAskedAtMs: 0 });
}

it('a surplus host that was taken out and is ACTIVE again drains again', () => {
  const facts = closing();
  const [{ instanceId } = { instanceId: '' }] = see(facts).drain;
  const back = see(withHostMemory(facts, instanceId, { surplus: 'remove' }));
  expect(back.drain.map((host) => host.instanceId)).toContain(instanceId);
});

it('where a surplus host did not drain in time, another goes in its place', () => {
  const facts = closing();
  const first = see(facts).drain.map((host) => host.instanceId);
  const [stays = ''] = first;
  const then = see(withHostMemory(facts, stays, { surplus: 'remove', givenUp: true })).drain;
  expect(then).toHaveLength(first.length);
  expect(then.map((host) => host.instanceId)).not.toContain(stays);
});

/**
 * Source: Amazon EC2 Auto Scaling user guide, auto-scaling-benefits, "Rebalancing activities": a group whose zones are
 * uneven gets an instance where there are fewest, and one ends where there are most, whatever runs on it.
 */
it.each([
  ['stays, where AZRebalance would level the zones with an old host', 'a', ['AZRebalance'], 0],
  ['goes, where the zones stay level', 'c', ['AZRebalance'], 1],
  ['goes, where their owner keeps AZRebalance suspended', 'a', [], 1],
] as const)('when the window closes, an empty surplus host %s', (_, zone, suspendedByUs, drained) => {
  const ending = { outcome: 'PENDING_WINDOW', reason: 'outside the window' } as const;
  const facts = withGroupMemory(closing({ ending, closingSinceMs: 1 }), { suspendedByUs });
  const isNew = (id: string) =>
    facts.memory.hosts.some(({ instanceId, role }) => instanceId === id && role === 'new');
  const empty = facts.hosts.find((host) => host.zone === zone && isNew(host.instanceId))?.instanceId;
  const tasks = facts.tasks.filter(({ instanceId }) => instanceId !== empty);
  // All others have work, which only a drain would take from them.
  const busy = facts.hosts.flatMap(({ instanceId }) =>
    instanceId === empty ? [] : [{ ...facts.tasks.find((task) => task.taskClass === 'replica'), instanceId }],
  ) as Facts['tasks'];
  const step = see({ ...facts, tasks: [...tasks, ...busy] }, { windows: [MONDAYS] });
  expect(step.drain.map(({ instanceId }) => instanceId)).toEqual(drained === 1 ? [empty] : []);
});

it('at `pause` only empty hosts of the surplus go, whatever the window: the others wait for `resume`', () => {
  const ending = { outcome: 'PENDING_WINDOW', reason: 'paused by alice, until resumed' } as const;
  const facts = closing();
  const isBusy = (id: string) =>
    facts.tasks.some((task) => task.instanceId === id && task.taskClass === 'replica');
  // Three hosts more than the goal, and not all of the new ones have nothing to do.
  const goal = (facts.memory.groups[0]?.goal ?? 0) - 2;
  const drained = (run: Partial<Facts['memory']>) =>
    see(withRun(withGroupMemory(facts, { goal }), run)).drain.map(({ instanceId }) => isBusy(instanceId));
  expect(drained({})).toContain(true);
  expect(drained({ ending })).not.toContain(true);
});

it('a surplus host that went without us is waited for until the group has launched in its place', () => {
  const last = lookWhere(({ restore }) => restore);
  const [lost] = last.memory.hosts.filter(({ role }) => role === 'new').map(({ instanceId }) => instanceId);
  const wanted = (last.memory.groups[0]?.goal ?? 0) - 1;
  // With it all went that was too many, and the group takes it for in service yet.
  const facts = withHost(withGroupMemory(withRun(last, CLOSING), { goal: wanted }), lost, {
    ec2State: 'shutting-down',
  });
  const hasEnded = (goneForMs: number) =>
    see(withHostMemory(facts, lost, { goneSinceMs: facts.observedAtMs - goneForMs })).restore;
  expect(hasEnded(0)).toBe(false);
  expect(hasEnded(200_000)).toBe(true);
});

it('the time in which the window was closed does not count towards giving a surplus host up', () => {
  const facts = closing({ closingSinceMs: 1 });
  const since = (step: ReturnType<typeof see>) => step.remember.run?.closingSinceMs ?? 1;
  expect(since(see(facts))).toBe(1);
  expect(since(see(facts, { windows: [MONDAYS] }))).toBe(facts.observedAtMs);
});

/**
 * ECS is taken to stop protected tasks of a DRAINING host like others, which the owner did not opt into. Unconfirmed: the
 * developer guide (task-scale-in-protection) names service auto scaling and deployments, and says nothing of DRAINING.
 */
it.each([
  ['wait', 0, false],
  ['hold', 0, false],
  ['stop', 0, false],
  ['stop', 1, true],
] as const)(
  'with protectedTasks %s, %d limits after they were first seen, a surplus host with protected tasks drains: %s',
  (protectedTasks, limits, drains) => {
    const facts = closing();
    const protectedTimeoutSeconds = 600;
    const protectedUntilMs = facts.observedAtMs + 3_600_000;
    const protectedSinceMs = facts.observedAtMs - limits * protectedTimeoutSeconds * 1000;
    const goal = (facts.memory.groups[0]?.goal ?? 0) - 2;
    const fewer = withRun(withGroupMemory(facts, { goal }), {
      hosts: facts.memory.hosts.map((host) => ({ ...host, protectedSinceMs })),
    });
    const tasks = facts.tasks.map((task) =>
      task.taskClass === 'replica' ? { ...task, protectedUntilMs } : task,
    );
    const busy = new Set(tasks.flatMap((task) => (task.taskClass === 'replica' ? task.instanceId : [])));
    const step = see({ ...fewer, tasks }, { protectedTasks, protectedTimeoutSeconds });
    expect(step.drain.some(({ instanceId }) => busy.has(instanceId))).toBe(drains);
    const waits = step.holds.filter(({ reason }) => /^surplus, but \d+ protected tasks? on it/.test(reason));
    expect(waits.length > 0).toBe(!drains);
  },
);

it('a host that stood before the run does not go in place of one that came with it and is not InService yet', () => {
  const facts = closing({ closingSinceMs: 1 });
  const [{ instanceId } = { instanceId: '' }] = see(facts).drain;
  const pending = withHost(facts, instanceId, { lifecycleState: 'Pending:Wait' });
  const drained = (look: Facts) => see(look).drain.map((host) => host.instanceId);
  const cameAlone = (look: Facts) =>
    withRun(withHost(look, instanceId, { launchTimeMs: look.observedAtMs }), {
      startedAtMs: look.observedAtMs,
    });
  // Others that came with the run may go.
  expect(drained(pending)).not.toHaveLength(0);
  expect(drained(cameAlone(pending))).toEqual([]);
  expect(drained(cameAlone(facts))[0]).toBe(instanceId);
});

it('of two surplus hosts that are as good for the zones, the one goes that the run brought in, though it has more to do', () => {
  const facts = closing();
  const [{ instanceId } = { instanceId: '' }] = see(facts).drain;
  const zone = facts.hosts.find((host) => host.instanceId === instanceId)?.zone;
  const isNew = (id: string) =>
    facts.memory.hosts.some((host) => host.instanceId === id && host.role === 'new');
  const other = facts.hosts.find(
    (host) => host.instanceId !== instanceId && isNew(host.instanceId) && host.zone === zone,
  )?.instanceId;
  const ours = withRun(withHost(facts, other, { launchTimeMs: facts.observedAtMs }), {
    startedAtMs: facts.observedAtMs,
  });
  expect(see(ours).drain[0]?.instanceId).toBe(other);
});
