/** Moves, kills, health, motion and capacity, each on a stage where the right figure can be counted by hand. */
import { describe, expect, it } from 'vitest';
import { AWS, NEW, StagedAccount, US } from '../support/staged-account.ts';

const A = 'i-0000000000000000a';
const B = 'i-0000000000000000b';
const FRESH = 'i-0000000000000000c';

/** Two old hosts, `web` with two tasks on A, one new host. */
function stage(): StagedAccount {
  const account = new StagedAccount();
  account.group('web');
  account.service('web', 2);
  account.addHost(A);
  account.addHost(B);
  account.addTask('w1', { on: A, of: 'web' });
  account.addTask('w2', { on: A, of: 'web' });
  account.addTask('d1', { on: A, of: 'agent', daemon: true });
  account.addTask('job', { on: A });
  account.addHost(FRESH, { image: NEW });
  return account;
}

const tasksOf = (account: StagedAccount) => account.end().measured.tasks;

describe('moves', () => {
  it('counts a replacement that runs for a task which left a host that we drained', () => {
    const account = stage();
    account.watch();
    account.drain(A);
    account.move('w1', FRESH, 'w1b');
    account.move('w2', FRESH, 'w2b');
    expect(tasksOf(account)).toEqual({
      total: 2,
      moves: 2,
      movesPerTask: 1,
      mostMovesOfOneTask: 1,
      killed: 0,
    });
  });

  it('counts a bounce over another old host as two moves of one task', () => {
    const account = stage();
    account.watch();
    account.drain(A);
    account.move('w1', B, 'w1b');
    account.drain(B);
    account.move('w1b', FRESH, 'w1c');
    expect(tasksOf(account)).toMatchObject({ moves: 2, movesPerTask: 1, mostMovesOfOneTask: 2 });
  });

  it('does not count a replacement that never ran, or an old task that stayed', () => {
    const account = stage();
    account.watch();
    account.drain(A);
    account.startTask('w1b', { on: FRESH, of: 'web', replaces: 'w1' });
    account.stop('w1');
    account.addTask('w2b', { on: FRESH, of: 'web', replaces: 'w2' });
    expect(tasksOf(account)).toMatchObject({ total: 2, moves: 0 });
  });

  it('counts the replacement of a replacement that died while it started', () => {
    const account = stage();
    account.watch();
    account.drain(A);
    account.stop('w1');
    account.startTask('w1b', { on: FRESH, of: 'web', replaces: 'w1' });
    account.die('w1b');
    account.addTask('w1c', { on: FRESH, of: 'web', replaces: 'w1b' });
    expect(tasksOf(account)).toMatchObject({ moves: 1 });
  });

  it('takes failures and deployments for no moves, but follows the task on', () => {
    const account = stage();
    account.watch();
    account.die('w1');
    account.addTask('w1b', { on: B, of: 'web', replaces: 'w1' });
    account.stop('w2', 'deployment', AWS);
    account.addTask('w2b', { on: B, of: 'web', replaces: 'w2' });
    account.drain(B);
    account.move('w1b', FRESH, 'w1c');
    // Fixed at our first drain, when the old host held neither any more.
    expect(tasksOf(account)).toMatchObject({ total: 2, moves: 1, mostMovesOfOneTask: 1 });
  });

  it('pairs a task that left with the next one to run where ECS does not say what it replaces', () => {
    const account = stage();
    account.watch();
    account.drain(A);
    account.addTask('n1', { on: FRESH, of: 'web' });
    account.stop('w1');
    account.stop('w2');
    account.addTask('n2', { on: FRESH, of: 'web' });
    expect(tasksOf(account)).toMatchObject({ moves: 2, mostMovesOfOneTask: 1 });
  });

  it('counts all tasks but daemons that were not STOPPED when we ended their host', () => {
    const account = stage();
    account.watch();
    account.hostState(A, 'shutting-down', US);
    expect(tasksOf(account).killed).toBe(3);
  });

  it('counts hosts that are gone at the end as replaced, whoever ended them', () => {
    const account = stage();
    const judge = account.watch();
    judge.plan();
    account.hostState(A, 'shutting-down', { kind: 'fault', name: 'terminate-instance' });
    account.hostState(A, 'terminated');
    expect(account.end().measured.instances).toEqual({ outdated: 2, replaced: 1 });
  });
});

describe('services', () => {
  it('shows the lowest healthy count with the minimum of that moment, and the greatest share in motion', () => {
    const account = stage();
    account.watch();
    account.drain(A);
    account.stop('w1');
    account.tell({ kind: 'service', serviceName: 'web', cluster: 'prod', desired: 2, healthy: 1 });
    account.tell({ kind: 'service', serviceName: 'web', cluster: 'prod', desired: 6, healthy: 6 });
    const { services, inMotion } = account.end().measured;
    expect(services).toEqual([
      { serviceName: 'web', desired: 2, allowedMinimum: 2, lowestHealthy: 1, peakShareInMotion: 1 },
    ]);
    expect(inMotion.get('web')?.[0]).toEqual({ t: 0, tasks: 2 });
  });
});

describe('capacity', () => {
  it('counts what was more than before, over time', () => {
    const account = new StagedAccount();
    account.group('web');
    account.addHost(A);
    account.addHost(B);
    account.watch();
    account.wait(600);
    account.launch(FRESH, { image: NEW });
    account.wait(1800);
    account.hostState(A, 'shutting-down', US);
    account.wait(600);
    expect(account.end().measured.capacity).toEqual({
      instancesBefore: 2,
      peakInstances: 3,
      extraInstanceHours: 0.5,
    });
  });

  it('leaves out hosts of groups that are not the cluster’s', () => {
    const account = new StagedAccount();
    account.group('web');
    account.addHost(A);
    account.watch();
    account.launch('i-0000000000000000d', { group: 'elsewhere' });
    expect(account.end().measured.capacity.peakInstances).toBe(1);
  });
});
