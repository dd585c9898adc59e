/** I5, I10, I13: how much may move at a time, and when. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS, NEW, StagedAccount, type TaskOptions } from '../support/staged-account.ts';

const ZONES = ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'];
const host = (n: number) => `i-0000000000000000${n}`;
const FRESH = 'i-000000000000000ff';
const EMPTY = 'i-000000000000000ee';

/** Old hosts 0…n−1 over three zones, one task of `web` on each, and one large new host. */
function stage(
  hosts: number,
  min = 100,
  tasksPerHost = 1,
  options: Partial<TaskOptions> = {},
): StagedAccount {
  const account = new StagedAccount();
  account.group('web');
  account.service('web', hosts * tasksPerHost, min);
  for (let n = 0; n < hosts; n++) {
    account.addHost(host(n), { zone: ZONES[n % 3] as string });
    for (let t = 0; t < tasksPerHost; t++)
      account.addTask(`w${n}-${t}`, { on: host(n), of: 'web', ...options });
  }
  account.addHost(FRESH, { image: NEW, cpu: 100_000, memoryMiB: 1_000_000 });
  return account;
}

describe('I5 and I13, hosts drain in measured steps', () => {
  it('lets a quarter of a service move and tells of the next host', () => {
    const account = stage(8);
    account.watch();
    account.drain(host(0));
    account.drain(host(3));
    expect(account.told).toEqual([]);
    account.drain(host(6));
    expect(account.told.sort()).toEqual(['I13', 'I5']);
  });

  it('counts a replacement as the end of a move once it is healthy, and not before', () => {
    const account = stage(4);
    account.watch();
    account.drain(host(0));
    account.startTask('r0', { on: FRESH, of: 'web', replaces: 'w0-0' });
    account.change('r0', { lastStatus: 'RUNNING' });
    account.drain(host(1));
    expect(account.told).toContain('I13');

    const patient = stage(4);
    patient.watch();
    patient.drain(host(0));
    patient.move('w0-0', FRESH, 'r0');
    patient.drain(host(1));
    expect(patient.told).toEqual([]);
  });

  it('lets a single host drain that carries more than its share', () => {
    const account = stage(2, 100, 4);
    account.watch();
    account.drain(host(0));
    expect(account.told).toEqual([]);
  });

  it('lets a host drain that carries more than a share of one service while only others move', () => {
    const account = stage(8);
    account.service('cron', 4);
    for (const name of ['c1', 'c2']) account.addTask(name, { on: host(3), of: 'cron' });
    for (const name of ['c3', 'c4']) account.addTask(name, { on: host(6), of: 'cron' });
    account.watch();
    account.drain(host(0));
    account.drain(host(3));
    expect(account.told).toEqual([]);
  });

  it('takes the limit from the settings', () => {
    const account = stage(4);
    account.watch({ settings: { ...DEFAULT_SETTINGS, maxTasksInMotionPercent: 100 } });
    for (let n = 0; n < 4; n++) account.drain(host(n));
    expect(account.told).toEqual([]);
  });

  it('tells of a service that may stop first and moves in two zones at once', () => {
    const account = stage(12, 50);
    account.watch();
    account.drain(host(0));
    account.drain(host(3));
    expect(account.told).toEqual([]);
    account.drain(host(1));
    expect(account.told).toEqual(['I5']);
  });

  it('keeps to what a service that may stop first can spare, whatever the percentage', () => {
    const account = stage(10, 90);
    account.watch({ settings: { ...DEFAULT_SETTINGS, maxTasksInMotionPercent: 50 } });
    account.drain(host(0));
    account.drain(host(3));
    expect(account.told).toEqual(['I5']);
  });

  it('does not hold against us that somebody scales the service in while tasks move', () => {
    const account = stage(8);
    account.watch();
    account.drain(host(0));
    account.drain(host(3));
    account.service('web', 4);
    expect(account.told).toEqual([]);
  });

  it('does not count hosts that somebody else drains', () => {
    const account = stage(4);
    account.watch();
    account.drain(host(0), { kind: 'aws', name: 'managed-draining' });
    account.drain(host(1));
    expect(account.told).toEqual([]);
  });

  it('ends the motion of a host that goes back to ACTIVE', () => {
    const account = stage(4);
    account.watch();
    account.drain(host(0));
    account.status(host(0), 'ACTIVE');
    account.drain(host(1));
    expect(account.told).toEqual([]);
  });

  it.each([
    [5, []],
    [20, ['I13', 'I5']],
  ])(
    'holds a task against us only if it was placed early enough to be seen: %d s before',
    (seconds, told) => {
      const account = stage(8);
      account.watch({ graceMs: 15_000 });
      account.wait(60);
      account.drain(host(0));
      account.service('web', 9);
      account.addTask('late', { on: host(3), of: 'web' });
      account.wait(seconds);
      account.drain(host(3));
      expect(account.told.sort()).toEqual(told);
    },
  );
});

describe('I10, windows are kept', () => {
  it('tells of a drain while no window is open', () => {
    const account = stage(4);
    account.watch({ isOpen: (atMs) => atMs < account.startMs + 60_000 });
    account.drain(host(0));
    account.move('w0-0', FRESH, 'r0');
    expect(account.told).toEqual([]);
    account.wait(120);
    account.drain(host(1));
    expect(account.told).toEqual(['I10']);
  });

  it('lets things be given back, and empty hosts end, after the window', () => {
    const account = stage(4);
    account.watch({ isOpen: (atMs) => atMs < account.startMs + 60_000 });
    account.drain(host(0));
    account.drain(host(1));
    account.move('w0-0', FRESH, 'r0');
    account.wait(120);
    account.status(host(1), 'ACTIVE');
    account.call('AutoScaling.TerminateInstanceInAutoScalingGroup', { InstanceId: host(0) });
    account.hostState(host(0), 'shutting-down', { kind: 'function', name: 'terminate' });
    expect(account.told).not.toContain('I10');
  });

  it('takes a host with nothing but daemons for empty', () => {
    const account = stage(4);
    account.addHost(EMPTY, { image: NEW });
    account.addTask('d', { on: EMPTY, of: 'logs', daemon: true });
    account.watch({ isOpen: () => false });
    account.drain(EMPTY);
    expect(account.told).not.toContain('I10');
  });

  it('lets a deadline override the window for its hosts only', () => {
    const account = stage(4);
    account.watch({ isOpen: () => false, overridesWindow: (instanceId) => instanceId === host(0) });
    account.drain(host(0));
    expect(account.told).toEqual([]);
    account.move('w0-0', FRESH, 'r0');
    account.drain(host(1));
    expect(account.told).toEqual(['I10']);
  });
});

describe('I5, a base on a capacity provider', () => {
  /** Two old hosts of blue, two tasks each; `room` for so many on a new one of blue; green has room for all. */
  const onBlue = (base: number, room: number, leavesFirst = 0) => {
    const account = new StagedAccount();
    account.group('web');
    account.service('web', 4);
    const strategy = [
      { capacityProvider: 'blue', base },
      { capacityProvider: 'green', weight: 1 },
    ];
    account.changeService('web', { strategy });
    for (const n of [0, 1]) {
      account.addHost(host(n), { capacityProvider: 'blue' });
      for (const t of [0, 1])
        account.addTask(`b${n}-${t}`, { on: host(n), of: 'web', cpu: 100, memoryMiB: 100 });
    }
    account.addHost(host(8), {
      image: NEW,
      capacityProvider: 'blue',
      cpu: room * 100,
      memoryMiB: room * 100,
    });
    account.addHost(FRESH, { image: NEW, capacityProvider: 'green', cpu: 9000, memoryMiB: 9000 });
    account.watch({ settings: { ...DEFAULT_SETTINGS, maxTasksInMotionPercent: 100 } });
    for (let n = 0; n < leavesFirst; n++) account.move(`b0-${n}`, FRESH, `r${n}`);
    account.drain(host(0));
    return account.told;
  };

  it.each<[string, string[], number, number, number?]>([
    ['has room there for what the host leaves short of it', [], 4, 2],
    ['has none there, whatever another provider has', ['I5'], 4, 1],
    ['is kept by what stays', [], 2, 0],
    ['was undercut before: no more is asked for than stood there', [], 4, 0, 2],
  ])('%s', (_, told, base, room, leavesFirst) => {
    expect(onBlue(base, room, leavesFirst)).toEqual(told);
  });
});
