/** What new hosts themselves tell of their image: single looks, one thing changed. */
import { describe, expect, it } from 'vitest';
import type { Facts } from '../../functions/core/facts.ts';
import { drainingAfterTrial, see, withHost, withHostMemory } from '../support/mid-run.ts';

const MINUTES = 60_000;

const newHosts = (facts: Facts) =>
  facts.memory.hosts
    .filter(({ role, readySinceMs }) => role === 'new' && readySinceMs !== undefined)
    .map(({ instanceId }) => instanceId);
const oldHost = (facts: Facts) =>
  facts.memory.hosts.find(
    ({ role, drainingSinceMs, goneSinceMs }) =>
      role === 'outdated' && drainingSinceMs === undefined && goneSinceMs === undefined,
  )?.instanceId;

function silent(facts: Facts, ids: readonly (string | undefined)[], minutes: number): Facts {
  const agentGoneSinceMs = facts.observedAtMs - minutes * MINUTES;
  return ids.reduce(
    (before: Facts, id) =>
      withHostMemory(withHost(before, id, { agentConnected: false }), id, { agentGoneSinceMs }),
    facts,
  );
}

it('new hosts that lose their agents for ten minutes, and no old one, are a bad image', () => {
  const facts = drainingAfterTrial();
  expect(see(silent(facts, newHosts(facts), 11)).end).toMatchObject({
    outcome: 'ROLLED_BACK',
    reason: expect.stringContaining('does not stay connected'),
  });
});

it('nine minutes, one host alone, or an old host as silent say nothing of the image', () => {
  const facts = drainingAfterTrial();
  const hosts = newHosts(facts);
  expect(see(silent(facts, hosts, 9)).end).toBeUndefined();
  expect(see(silent(facts, hosts.slice(0, 1), 11)).end).toBeUndefined();
  expect(see(silent(facts, [...hosts, oldHost(facts)], 11)).end).toBeUndefined();
});

it('a silent old host that EC2 calls well is held', () => {
  const facts = drainingAfterTrial();
  const id = oldHost(facts);
  const held = (minutes: number) =>
    see(silent(facts, [id], minutes)).remember.hosts.find(({ instanceId }) => instanceId === id)?.held;
  expect(held(9)).toBeUndefined();
  expect(held(11)?.reason).toContain('its agent has been away');
});

it.each([
  [0, 1, true],
  [0.5, 0.49, true],
  [0.5, 0.5, false],
])(
  'a new host that registers %f of the CPU and %f of the memory of its likes: a bad image is %s',
  (cpu, memoryMiB, isBad) => {
    const facts = drainingAfterTrial();
    const [fresh] = newHosts(facts);
    const registered = facts.hosts.find(({ instanceId }) => instanceId === oldHost(facts))?.registered;
    if (registered === undefined) throw new Error('the old host has no size');
    const size = { ...registered, cpu: registered.cpu * cpu, memoryMiB: registered.memoryMiB * memoryMiB };
    const arrived = withHostMemory(withHost(facts, fresh, { registered: size }), fresh, {
      readySinceMs: undefined,
    } as never);
    const { end } = see(arrived);
    expect(end?.outcome).toBe(isBad ? 'ROLLED_BACK' : undefined);
    if (isBad) expect(end?.reason).toContain('registered');
  },
);

it('the last old host gone, silent new ones tell of an outage, not of the image', () => {
  const facts = drainingAfterTrial();
  const left = facts.hosts.filter(({ imageId }) => imageId === 'ami-old').map(({ instanceId }) => instanceId);
  const gone = {
    ...silent(facts, newHosts(facts), 11),
    tasks: facts.tasks.filter(({ instanceId }) => !left.includes(instanceId ?? '')),
  };
  const ended = { ...gone, hosts: gone.hosts.filter(({ instanceId }) => !left.includes(instanceId)) };
  expect(see(ended).end?.outcome).not.toBe('ROLLED_BACK');
});

describe('hosts of the target that stood before the run', () => {
  /** One host of the target stands since `stoodMinutes` before the run; all others are this run's, and not registered. */
  function unregistered(stoodMinutes: number, timedOut: number): Facts {
    const facts = drainingAfterTrial();
    const [standing, ...fresh] = newHosts(facts);
    const launchTimeMs = facts.memory.startedAtMs - stoodMinutes * MINUTES;
    const bare = {
      ...facts,
      tasks: facts.tasks.filter(({ instanceId }) => !fresh.includes(instanceId ?? '')),
    };
    return fresh.reduce(
      (before: Facts, id, at) => {
        const runningSinceMs = facts.observedAtMs - (at < timedOut ? 11 : 9) * MINUTES;
        const host = { containerInstanceArn: undefined, status: undefined, agentConnected: false } as never;
        const memory = { readySinceMs: undefined, agentReads: undefined, runningSinceMs } as never;
        return withHostMemory(withHost(before, id, host), id, memory);
      },
      withHost(bare, standing, { launchTimeMs }),
    );
  }

  it('do not prove what the group launches today: two that never join are a verdict', () => {
    expect(see(unregistered(60, 2)).end).toMatchObject({
      outcome: 'ROLLED_BACK',
      reason: expect.stringContaining('never joined'),
    });
  });

  it('one that never joins is bad luck, and so are two where one that the run launched stands', () => {
    expect(see(unregistered(60, 1)).end).toBeUndefined();
    expect(see(unregistered(-1, 2)).end).toBeUndefined();
  });
});

describe('an image of which hosts have joined', () => {
  /** The first new host stands; of the others, so many did not register in time, in the first one's zone or in their own. */
  function joinsNoMore(late: number, zone?: string): Facts {
    const facts = drainingAfterTrial();
    const [standing, ...fresh] = newHosts(facts);
    const tasks = facts.tasks.filter(({ instanceId }) => !fresh.includes(instanceId ?? ''));
    const launchedMs = facts.observedAtMs - 20 * MINUTES;
    const first = withHostMemory({ ...facts, tasks }, standing, { runningSinceMs: launchedMs });
    return fresh.reduce((before: Facts, id, at) => {
      const runningSinceMs = facts.observedAtMs - (at < late ? 11 : 9) * MINUTES;
      const bare = { containerInstanceArn: undefined, status: undefined, agentConnected: false };
      const host = { ...bare, ...(zone !== undefined && { zone }) } as never;
      const memory = { readySinceMs: undefined, agentReads: undefined, runningSinceMs } as never;
      return withHostMemory(withHost(before, id, host), id, memory);
    }, first);
  }

  it('is bad once three in a row that were launched later never join', () => {
    expect(see(joinsNoMore(3)).end).toMatchObject({
      outcome: 'ROLLED_BACK',
      reason: expect.stringContaining('never joined'),
    });
    expect(see(joinsNoMore(2)).end).toBeUndefined();
  });

  it('is not blamed for a zone of which no host joins, while others stand elsewhere', () => {
    expect(see(joinsNoMore(3, 'elsewhere')).end).toBeUndefined();
  });
});
