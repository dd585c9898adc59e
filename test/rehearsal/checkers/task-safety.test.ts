/** I1, I2, I3: what must not happen to tasks, on a stage where each line is said by the test. */
import { describe, expect, it } from 'vitest';
import type { Actor } from '../../../simulator/observation.ts';
import { AWS, DEFAULT_SETTINGS, NEW, StagedAccount, US } from '../support/staged-account.ts';

/** Two old hosts with two tasks of `web` each, one new host with room. */
function stage(): StagedAccount {
  const account = new StagedAccount();
  account.group('web');
  account.service('web', 4);
  account.addHost('i-0000000000000000a');
  account.addHost('i-0000000000000000b', { zone: 'eu-west-1b' });
  for (const [task, host] of [
    ['w1', 'a'],
    ['w2', 'a'],
    ['w3', 'b'],
    ['w4', 'b'],
  ]) {
    account.addTask(`${task}`, { on: `i-0000000000000000${host}`, of: 'web' });
  }
  return account;
}

const A = 'i-0000000000000000a';
const B = 'i-0000000000000000b';
const FRESH = 'i-0000000000000000c';

describe('I1, no task is killed', () => {
  it('tells of a host that we terminate while a task of it is still stopping', () => {
    const account = stage();
    account.addHost(FRESH, { image: NEW });
    account.watch();
    account.drain(A);
    account.move('w1', FRESH, 'w1b');
    account.addTask('w2b', { on: FRESH, of: 'web', replaces: 'w2' });
    account.stop('w2');
    account.hostState(A, 'shutting-down', US);

    const { violations, measured } = account.end({ outcome: 'PARTIAL' });
    expect(violations.filter((v) => v.invariant === 'I1').map((v) => v.message)).toEqual([
      expect.stringContaining('w2 of service:web'),
    ]);
    expect(measured.tasks.killed).toBe(1);
  });

  it('tells of the call already, where a hook still holds the host', () => {
    const account = stage();
    account.watch();
    account.call('AutoScaling.TerminateInstanceInAutoScalingGroup', { InstanceId: A });
    expect(account.told).toContain('I1');
  });

  it('keeps silent about a host whose tasks are all STOPPED but daemons', () => {
    const account = stage();
    account.addHost(FRESH, { image: NEW });
    account.addTask('d1', { on: A, of: 'agent', daemon: true });
    account.watch();
    account.drain(A);
    account.move('w1', FRESH, 'w1b');
    account.move('w2', FRESH, 'w2b');
    account.hostState(A, 'shutting-down', US);
    expect(account.told).toEqual([]);
  });

  it('keeps silent about a host that somebody else ends', () => {
    const account = stage();
    account.watch();
    account.hostState(A, 'shutting-down', { kind: 'fault', name: 'terminate-instance' });
    expect(account.told).toEqual([]);
    expect(account.end({ outcome: 'FAILED' }).measured.tasks.killed).toBe(0);
  });

  it('tells of a standalone task that is stopped, unless its class was opted into force', () => {
    const stop = (settings = DEFAULT_SETTINGS) => {
      const account = stage();
      account.addTask('job', { on: A });
      account.watch({ settings });
      account.stop('job', 'stop-task');
      return account.told;
    };
    expect(stop()).toEqual(['I1']);
    expect(stop({ ...DEFAULT_SETTINGS, standaloneTasks: 'stop' })).toEqual([]);
  });

  it('tells of a task under scale-in protection that our drain stops, unless its class was opted into force', () => {
    const drained = (settings = DEFAULT_SETTINGS, protectedForSeconds = 3600) => {
      const account = stage();
      account.addHost(FRESH, { image: NEW });
      account.protect('w1', protectedForSeconds);
      account.watch({ settings });
      account.drain(A);
      account.wait(60);
      account.move('w1', FRESH, 'w1b');
      return account.told;
    };
    expect(drained()).toEqual(['I1']);
    expect(drained({ ...DEFAULT_SETTINGS, protectedTasks: 'stop' })).toEqual([]);
    expect(drained(DEFAULT_SETTINGS, 30)).toEqual([]);
  });

  it('does not ask anybody to know of a protection that came when the host was drained already', () => {
    const account = stage();
    account.addHost(FRESH, { image: NEW });
    account.watch();
    account.drain(A);
    account.wait(10);
    account.protect('w1', 3600);
    account.move('w1', FRESH, 'w1b');
    expect(account.told).toEqual([]);
  });

  it('lets a host end whose agent has been gone for ten minutes', () => {
    const account = stage();
    account.watch();
    account.loseAgent(A);
    account.wait(600);
    account.call('AutoScaling.TerminateInstanceInAutoScalingGroup', { InstanceId: A });
    expect(account.told).not.toContain('I1');
  });

  it('tells of a desired capacity lowered below the hosts that a group has', () => {
    const account = stage();
    account.watch();
    account.group('web', { desiredCapacity: 1 });
    account.call('AutoScaling.SetDesiredCapacity', { AutoScalingGroupName: 'web', DesiredCapacity: 1 });
    expect(account.told).toContain('I1');
  });

  it('accepts a lower desired capacity where every host is protected from scale-in: Auto Scaling can pick none', () => {
    const lowered = (isProtected: boolean) => {
      const account = stage();
      for (const host of [A, B]) account.protectHost(host);
      account.addHost(FRESH, { image: NEW });
      if (isProtected) account.protectHost(FRESH);
      account.watch();
      account.call('DynamoDB.PutItem', { Item: { pk: { S: 'group#web' } } });
      account.group('web', { desiredCapacity: 1 });
      account.call('AutoScaling.SetDesiredCapacity', { AutoScalingGroupName: 'web', DesiredCapacity: 1 });
      return account.told;
    };
    expect(lowered(true)).toEqual([]);
    expect(lowered(false)).toContain('I1');
  });

  it('takes a decrement by id for what it is', () => {
    const account = stage();
    account.addHost(FRESH, { image: NEW });
    account.group('web', { desiredCapacity: 3 });
    account.watch();
    account.call('DynamoDB.PutItem', { Item: { pk: { S: 'group#web' } } });
    account.group('web', { desiredCapacity: 2 });
    account.call('AutoScaling.TerminateInstanceInAutoScalingGroup', {
      InstanceId: FRESH,
      ShouldDecrementDesiredCapacity: true,
    });
    expect(account.told).toEqual([]);
  });
});

describe('I2, services keep their minimum', () => {
  it('tells of a service that a stop of ours takes below its minimum', () => {
    const account = stage();
    account.addHost(FRESH, { image: NEW });
    account.watch();
    account.drain(A);
    account.stop('w1');
    expect(account.told).toContain('I2');
  });

  it('keeps silent where the replacement is healthy first', () => {
    const account = stage();
    account.addHost(FRESH, { image: NEW });
    account.watch();
    account.drain(A);
    account.move('w1', FRESH, 'w1b');
    expect(account.told).toEqual([]);
  });

  it('keeps silent about a task that dies by itself while others of its service drain', () => {
    const account = stage();
    account.addHost(FRESH, { image: NEW });
    account.watch();
    account.drain(A);
    account.die('w3');
    expect(account.told).toEqual([]);
  });

  it.each([
    ['is not ours where somebody else took its machine before, whatever ECS says later', AWS, []],
    ['is ours where we took its machine', US, ['I5']],
  ] as const)('a task of a host that we drain %s', (_, by, told) => {
    const account = stage();
    account.addHost(FRESH, { image: NEW });
    account.watch();
    account.drain(A);
    account.move('w2', FRESH, 'w2b');
    account.hostState(A, 'shutting-down', by);
    const cause = { because: 'host-terminated', actor: by, instanceId: A, text: '' } as const;
    account.change('w1', { healthy: false, cause });
    account.stop('w1');
    account.gone('w1');
    account.drain(B);
    expect(account.told.filter((one) => one === 'I5')).toEqual(told);
  });

  it('tells of a host that dies under us with healthy tasks before ECS knows', () => {
    const account = stage();
    account.watch();
    account.hostState(A, 'shutting-down', US);
    const cause = { because: 'host-terminated', actor: US, instanceId: A, text: '' } as const;
    account.change('w1', { healthy: false, cause });
    expect(account.told).toContain('I2');
  });

  it('tells of more draining once deaths on new hosts hold a service below its minimum', () => {
    const account = stage();
    account.addHost('i-0000000000000000d', { image: NEW });
    account.watch();
    account.addHost(FRESH, { image: NEW });
    account.drain(A);
    account.move('w1', FRESH, 'w1b');
    account.move('w2', FRESH, 'w2b');
    account.die('w1b');
    account.wait(61);
    account.drain(B);
    expect(account.told).toContain('I2');
  });

  it('lets a run take the rest away from the new host on which they die, and from no other', () => {
    const other = 'i-0000000000000000d';
    const toldOfDraining = (host: string, dies = true) => {
      const account = stage();
      account.watch();
      account.addHost(other, { image: NEW });
      account.addHost(FRESH, { image: NEW });
      account.drain(A);
      account.move('w1', FRESH, 'w1b');
      account.move('w2', FRESH, 'w2b');
      account.move('w3', other, 'w3b');
      if (dies) account.die('w1b');
      else account.stop('w1b', 'fault', { kind: 'fault', name: 'somebody' });
      account.wait(61);
      account.drain(host);
      return account.told;
    };
    expect(toldOfDraining(FRESH)).not.toContain('I2');
    expect(toldOfDraining(other)).toContain('I2');
    expect(toldOfDraining(FRESH, false)).toContain('I2');
  });

  it('gives a run one tick to react to the first death on a new host', () => {
    const account = stage();
    account.watch();
    account.addHost(FRESH, { image: NEW });
    account.drain(A);
    account.move('w1', FRESH, 'w1b');
    account.move('w2', FRESH, 'w2b');
    account.die('w1b');
    account.wait(30);
    account.drain(B);
    expect(account.told).not.toContain('I2');
  });
});

describe('I3, capacity comes first', () => {
  it('tells of a drain without any host of the target', () => {
    const account = stage();
    account.watch();
    account.drain(A);
    expect(account.told).toEqual(['I3']);
  });

  it('tells of a drain into hosts that are too full', () => {
    const account = stage();
    account.addHost(FRESH, { image: NEW, cpu: 256 });
    account.watch();
    account.drain(A);
    expect(account.told).toEqual(['I3']);
  });

  it('counts no room on a host whose agent is gone, nor on one of another image', () => {
    const drainBesideA = (image: string, agentIsGoneForSeconds?: number, connectedForSeconds = 60) => {
      const account = stage();
      account.addHost(FRESH, { image });
      account.watch();
      account.wait(connectedForSeconds);
      if (agentIsGoneForSeconds !== undefined) account.loseAgent(FRESH);
      account.wait(agentIsGoneForSeconds ?? 0);
      account.drain(A);
      return account.told;
    };
    expect(drainBesideA(NEW)).toEqual([]);
    expect(drainBesideA(NEW, 170)).toEqual([]);
    expect(drainBesideA(NEW, 200)).toEqual(['I3']);
    expect(drainBesideA(NEW, 30, 5)).toEqual(['I3']);
    expect(drainBesideA('ami-00000000000000003')).toEqual(['I3']);
  });

  it('holds a new host that somebody else ended only a moment ago against nobody', () => {
    const drainAfterItsEnd = (seconds: number, by: Actor) => {
      const account = stage();
      account.addHost(FRESH, { image: NEW });
      account.watch({ graceMs: 15_000 });
      account.wait(60);
      account.hostState(FRESH, 'stopping', by);
      account.wait(seconds);
      account.drain(A);
      return account.told;
    };
    expect(drainAfterItsEnd(2, { kind: 'fault', name: 'stop-instance' })).toEqual([]);
    expect(drainAfterItsEnd(30, { kind: 'fault', name: 'stop-instance' })).toContain('I3');
    expect(drainAfterItsEnd(2, US)).toContain('I3');
  });

  it('counts room once, for all hosts that drain', () => {
    const account = stage();
    account.addHost(FRESH, { image: NEW, cpu: 512 });
    account.watch();
    account.drain(A);
    expect(account.told).toEqual([]);
    account.drain(B);
    expect(account.told).toContain('I3');
  });

  it('does not ask room again for a task whose replacement has its place', () => {
    const account = stage();
    account.addHost(FRESH, { image: NEW, cpu: 1024 });
    account.watch({ settings: { ...DEFAULT_SETTINGS, maxTasksInMotionPercent: 100 } });
    account.drain(A);
    account.startTask('w1b', { on: FRESH, of: 'web', replaces: 'w1' });
    account.startTask('w2b', { on: FRESH, of: 'web', replaces: 'w2' });
    account.drain(B);
    expect(account.told).toEqual([]);
  });

  it('keeps silent about a host that AWS drains, and about one without tasks', () => {
    const account = stage();
    account.addHost('i-0000000000000000e');
    account.watch();
    account.drain(A, AWS);
    account.drain('i-0000000000000000e');
    expect(account.told).toEqual([]);
  });
});
