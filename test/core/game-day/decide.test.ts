import { describe, expect, it } from 'vitest';
import type { GameDayMemory, GameDayService } from '../../../functions/core/game-day/facts.ts';
import {
  afterStop,
  byCall,
  decideAt,
  look,
  memoryAfter,
  NOW_MS,
  READY,
  service,
  task,
  whole,
  without,
} from './looks.ts';

/** What a look says when it is refused: nothing is stopped, and why. */
function refused(now: GameDayService | undefined): string | undefined {
  const step = decideAt(0, [{ ...look(), now }]);
  expect(step.stop).toBeUndefined();
  expect(step.ending?.outcome).toBe('REFUSED');
  return step.ending?.reason;
}

describe('who is left alone', () => {
  it.each([
    ['is not there', undefined, 'there is no service'],
    ['did not opt in', service({ optedIn: false }), 'rollover:game-day=true'],
    ['is a daemon', service({ schedulingStrategy: 'DAEMON' }), 'daemon'],
    ['wants one task', service({ desiredCount: 1, tasks: [task('t1')] }), 'wants 1 tasks'],
    ['may miss none', service({ minimumHealthyPercent: 100 }), 'lower it to 75 or less'],
    ['may miss none, rounded up', service({ minimumHealthyPercent: 76 }), 'minimumHealthyPercent 76'],
    ['has lost its image', service({ imageGone: 'web@sha256:1' }), 'no replacement could start'],
    ['deploys', service({ deploying: true }), 'a deployment goes on'],
    ['failed to deploy', service({ deploymentFailed: 'circuit breaker' }), 'circuit breaker'],
    ['misses a task', service({ runningCount: 3 }), '3 of 4 tasks run'],
    ['starts one', service({ pendingCount: 1 }), '1 start'],
    ['has one too many', service({ tasks: [...service().tasks, task('t5')] }), 'tasks run'],
    [
      'has an unhealthy one',
      service({ tasks: [1, 2, 3, 4].map((n) => task(`t${n}`, { healthy: n > 1 })) }),
      '3 of 4',
    ],
    [
      'leaves a host',
      service({ tasks: [1, 2, 3, 4].map((n) => task(`t${n}`, { leaves: n === 1 })) }),
      'drain',
    ],
    [
      'is in trouble',
      service({ trouble: [{ atMs: NOW_MS - 60_000, message: 'was unable to place a task' }] }),
      'unable to place',
    ],
    [
      'is protected',
      service({ tasks: [1, 2, 3, 4].map((n) => task(`t${n}`, { isProtected: true })) }),
      '4 being protected',
    ],
  ])('one that %s', (_why, now, reason) => {
    expect(refused(now)).toContain(reason);
  });

  it('one that may just miss one task is taken', () => {
    const two = service({ desiredCount: 2, tasks: [task('t1'), task('t2')] });
    expect(decideAt(0, [look(two, { memory: READY })]).stop).toBeDefined();
    const step = decideAt(0, [look(service({ minimumHealthyPercent: 75 }), { memory: READY })]);
    expect(step.stop).toBeDefined();
  });
});

describe('a stop', () => {
  it('waits for a second look, 15 s after the first', () => {
    const first = look();
    const step = decideAt(0, [first]);
    expect(step.stop).toBeUndefined();
    const memory = memoryAfter(step, first);
    expect(decideAt(14, [look(service(), { memory })]).stop).toBeUndefined();
    expect(decideAt(15, [look(service(), { memory })]).stop).toBeDefined();
  });

  it('is written down with the step that asks for it', () => {
    const { stop, remember } = decideAt(0, [look(service(), { memory: READY })]);
    expect(remember[0]?.memory.stops.map(({ taskArn }) => taskArn)).toEqual([stop?.taskArn]);
  });

  it('leaves protected tasks alone', () => {
    const tasks = ['t1', 't2', 't3', 't4'].map((arn) => task(arn, { isProtected: arn !== 't3' }));
    expect(decideAt(0, [look(service({ tasks }), { memory: READY })]).stop?.taskArn).toBe('t3');
  });

  it('takes exactly the tasks that were named', () => {
    const ask = { serviceName: 'web', tasks: ['t4'] };
    expect(decideAt(0, [look(service(), { ask, memory: READY })]).stop?.taskArn).toBe('t4');
  });

  it('is never followed by another one while it is not seen to have come through', () => {
    const { step } = afterStop(59, service());
    expect(step.stop).toBeUndefined();
    expect(step.waitsFor?.reason).toContain('not seen yet');
  });

  it('is asked for again, of the same task, where the call came to nothing', () => {
    const { step, arn, at } = afterStop(60, service());
    expect(step.stop?.taskArn).toBe(arn);
    expect(memoryAfter(step, at).stops).toHaveLength(1);
  });

  it('is not asked for again where the service is not steady any more', () => {
    const { step, at } = afterStop(60, service({ runningCount: 3 }));
    expect(step.stop).toBeUndefined();
    expect(memoryAfter(step, at).stops[0]?.void).toContain('came to nothing');
  });
});

describe('recovery', () => {
  it('is waited for, and the fewest healthy tasks are remembered', () => {
    const { step, at, arn } = afterStop(30, without('t1'));
    expect(arn).toBe('t1');
    expect(step.waitsFor?.reason).toContain('3 of 4 tasks run');
    expect(memoryAfter(step, at).stops[0]?.lowestHealthy).toBe(3);
  });

  it('is believed on the second look, 15 s after the first, and measured up to the first', () => {
    const { arn } = afterStop(0, service());
    const first = afterStop(40, whole(arn));
    expect(first.step.ending).toBeUndefined();
    const memory = memoryAfter(first.step, first.at);
    expect(decideAt(54, [look(whole(arn), { memory, stopped: byCall(arn) })]).ending).toBeUndefined();
    const last = decideAt(55, [look(whole(arn), { memory, stopped: byCall(arn) })]);
    expect(last.ending).toMatchObject({ outcome: 'SUCCEEDED' });
    expect(last.ending?.reason).toContain('after 40 s');
  });

  it('begins anew where the service is not whole on the second look', () => {
    const { arn } = afterStop(0, service());
    const first = afterStop(40, whole(arn));
    const lapsed = look(without(arn), { memory: memoryAfter(first.step, first.at), stopped: byCall(arn) });
    const memory = memoryAfter(decideAt(50, [lapsed]), lapsed);
    expect(decideAt(60, [look(whole(arn), { memory, stopped: byCall(arn) })]).ending).toBeUndefined();
  });

  it('that does not come within the limit ends the day, and the next service is not touched', () => {
    const { arn } = afterStop(0, service());
    const { at } = afterStop(1799, without(arn));
    expect(decideAt(1799, [at, look(service(), { name: 'api', memory: READY })]).ending).toBeUndefined();
    const step = decideAt(1800, [at, look(service(), { name: 'api', memory: READY })]);
    expect(step.stop).toBeUndefined();
    expect(step.ending?.outcome).toBe('FAILED');
    expect(step.ending?.reason).toMatch(/^web: 30 min after t\d was stopped.*not touched any more: api/);
  });

  it('is not asked of a task that went by itself: another one is stopped once the service is whole', () => {
    const { arn } = afterStop(0, service());
    const stopped = { taskArn: arn, desiredStatus: 'STOPPED' as const, stopCode: 'EssentialContainerExited' };
    const { step, at } = afterStop(30, without(arn), { stopped });
    const memory = memoryAfter(step, at);
    expect(memory.stops[0]?.void).toContain('EssentialContainerExited');
    expect(step.waitsFor?.reason).toContain('3 of 4');
    const again = look(whole(arn), { memory: { ...memory, steadySinceMs: NOW_MS + 60_000 } });
    expect(decideAt(80, [again]).stop?.taskArn).not.toBe(arn);
  });

  it('is not counted where somebody else stopped the task', () => {
    const { arn } = afterStop(0, service());
    const { step, at } = afterStop(30, without(arn), { stopped: byCall(arn, 'by hand') });
    expect(memoryAfter(step, at).stops[0]?.void).toContain('somebody else');
  });
});

describe('a day of several stops', () => {
  /** Plays looks every ten seconds; a task that is stopped is replaced after a minute, in the zone it was in. */
  function playDay(count: number): {
    readonly stopped: readonly string[];
    readonly reason: string;
    readonly outcome: string;
  } {
    let memory: GameDayMemory = { stops: [] };
    let tasks = service().tasks;
    const stopped: string[] = [];
    const due: { atSeconds: number; zone: string }[] = [];
    for (let seconds = 0; seconds < 3600; seconds += 10) {
      while ((due[0]?.atSeconds ?? Number.POSITIVE_INFINITY) <= seconds) {
        const zone = due.shift()?.zone ?? '';
        tasks = [...tasks, task(`new${seconds}`, { zone, createdAtMs: NOW_MS + seconds * 1000 })];
      }
      const last = stopped.at(-1);
      const at = look(service({ tasks, runningCount: tasks.length }), {
        ask: { serviceName: 'web', tasks: count },
        memory,
        ...(last !== undefined && { stopped: byCall(last) }),
      });
      const step = decideAt(seconds, [at]);
      memory = memoryAfter(step, at);
      if (step.ending) return { stopped, reason: step.ending.reason, outcome: step.ending.outcome };
      if (step.stop === undefined) continue;
      const { taskArn } = step.stop;
      expect(tasks).toHaveLength(4);
      due.push({ atSeconds: seconds + 60, zone: tasks.find((one) => one.taskArn === taskArn)?.zone ?? '' });
      tasks = tasks.filter((one) => one.taskArn !== taskArn);
      stopped.push(taskArn);
    }
    throw new Error('the day has no end');
  }

  it('goes from zone to zone, and never two at a time', () => {
    const { stopped, outcome } = playDay(3);
    const zones = stopped.map((arn) => service().tasks.find(({ taskArn }) => taskArn === arn)?.zone);
    expect(outcome).toBe('SUCCEEDED');
    expect(zones[0]).not.toBe(zones[1]);
    expect(new Set(stopped).size).toBe(3);
  });

  it('stops no replacement: with fewer tasks than asked it says so', () => {
    const { stopped, outcome, reason } = playDay(6);
    expect(stopped).toHaveLength(4);
    expect(outcome).toBe('PARTIAL');
    expect(reason).toContain('no task is left');
  });
});

describe('which task is next', () => {
  const hosts = { t1: 'h1', t2: 'h1', t3: 'h3', t4: 'h4' };
  const tasks = (['t1', 't2', 't3', 't4'] as const).map((arn) =>
    task(arn, { zone: arn === 't4' ? 'eu-west-1b' : 'eu-west-1a', host: hosts[arn] }),
  );
  /** These were stopped, and are back under other names. */
  function nextAfter(stopped: readonly (keyof typeof hosts)[]): string | undefined {
    const back = tasks.map((one) =>
      (stopped as readonly string[]).includes(one.taskArn)
        ? { ...one, taskArn: `${one.taskArn}b`, createdAtMs: NOW_MS - 60_000 }
        : one,
    );
    const stops = stopped.map((arn) => {
      const { taskArn, zone, host } = tasks.find((one) => one.taskArn === arn) ?? task(arn);
      const times = { askedAtMs: NOW_MS - 120_000, firstAskedAtMs: NOW_MS - 120_000 };
      return { taskArn, zone, host, ...times, desired: 4, lowestHealthy: 3, recoveredAtMs: NOW_MS - 60_000 };
    });
    const memory = { stops, steadySinceMs: NOW_MS - 15_000 };
    const ask = { serviceName: 'web', tasks: 4 };
    return decideAt(0, [look(service({ tasks: back }), { ask, memory })]).stop?.taskArn;
  }

  it('is one of the zone that has most, then of another zone, then of another host', () => {
    expect(nextAfter([])).toBe('t1');
    expect(nextAfter(['t1'])).toBe('t4');
    expect(nextAfter(['t1', 't4'])).toBe('t3');
    expect(nextAfter(['t1', 't3', 't4'])).toBe('t2');
  });
});

describe('what counts as done', () => {
  const over = (taskArn: string, change: object = {}) => ({
    taskArn,
    zone: 'eu-west-1a',
    host: 'h1',
    askedAtMs: NOW_MS - 200_000,
    firstAskedAtMs: NOW_MS - 200_000,
    desired: 4,
    lowestHealthy: 3,
    recoveredAtMs: NOW_MS - 100_000,
    ...change,
  });
  const named = { serviceName: 'web', tasks: ['t1', 't2'] };

  it('is each task that was named, not some of them', () => {
    const half = { stops: [over('t1')], steadySinceMs: NOW_MS - 15_000 };
    expect(decideAt(0, [look(service(), { ask: named, memory: half })]).stop?.taskArn).toBe('t2');
    const both = { stops: [over('t1'), over('t2', { lowestHealthy: 2 })] };
    const { ending } = decideAt(0, [look(service(), { ask: named, memory: both })]);
    expect(ending?.outcome).toBe('SUCCEEDED');
    expect(ending?.reason).toContain('2 tasks were stopped, one at a time; whole again after 100 s, 100 s');
    expect(ending?.reason).toContain('never fewer than 2 of 4');
  });

  it('is not the whole day where a service, or a task, was left alone', () => {
    const done = look(service(), { memory: { stops: [over('t1')] } });
    expect(decideAt(0, [done]).ending?.outcome).toBe('SUCCEEDED');
    const closed = look(service({ optedIn: false }), { name: 'api' });
    expect(decideAt(0, [done, closed]).ending).toMatchObject({
      outcome: 'PARTIAL',
      reason: expect.stringMatching(/^web: 1 task was stopped.*; api: left alone, not opted in/),
    });
    const leftAlone = [{ task: 't9', reason: 'it is not in prod' }];
    expect(decideAt(0, [done], { leftAlone }).ending).toMatchObject({
      outcome: 'PARTIAL',
      reason: expect.stringContaining('t9: left alone, it is not in prod'),
    });
  });

  it('stays what a look before has found', () => {
    const verdict = { outcome: 'recovered', isComplete: true, reason: 'it came back', atMs: NOW_MS } as const;
    const first = look(service({ optedIn: false }), { memory: { stops: [over('t1')], verdict } });
    const step = decideAt(0, [first]);
    expect(step).toEqual({ remember: [], ending: { outcome: 'SUCCEEDED', reason: 'web: it came back' } });
  });

  it('says of a service that is deleted meanwhile that it did not come back', () => {
    const { step } = afterStop(30, service());
    expect(step.ending).toBeUndefined();
    const open = { stops: [over('t1', { recoveredAtMs: undefined })] };
    const gone = { ...look(service(), { memory: open }), now: undefined };
    expect(decideAt(0, [gone]).ending).toMatchObject({ outcome: 'FAILED' });
  });

  it('lets trouble of before the last stop be over, and none since', () => {
    const ask = { serviceName: 'web', tasks: 2 };
    const memory = { stops: [over('t1')], steadySinceMs: NOW_MS - 15_000 };
    const said = (atMs: number) => service({ trouble: [{ atMs, message: 'unhealthy in target-group' }] });
    expect(decideAt(0, [look(said(NOW_MS - 100_001), { ask, memory })]).stop).toBeDefined();
    const waits = decideAt(0, [look(said(NOW_MS - 100_000), { ask, memory })]);
    expect(waits.waitsFor?.reason).toContain('unhealthy');
    // Half an hour without a steady state: what was measured stands.
    const late = decideAt(1700, [look(said(NOW_MS), { ask, memory })]);
    expect(late.ending).toMatchObject({
      outcome: 'PARTIAL',
      reason: expect.stringContaining('then no more'),
    });
  });

  it('asks for no task again that is protected by now', () => {
    const tasks = ['t1', 't2', 't3', 't4'].map((arn) => task(arn, { isProtected: arn === 't1' }));
    const { step, at } = afterStop(60, service({ tasks }));
    expect(step.stop).toBeUndefined();
    expect(memoryAfter(step, at).stops[0]?.void).toContain('protected');
  });

  it('believes that a recovery takes what the longest one took, where the window closes', () => {
    const ask = { serviceName: 'web', tasks: 2 };
    const memory = { stops: [over('t3', { recoveredAtMs: NOW_MS - 190_000 }), over('t1')] };
    const three = { ...ask, tasks: 3 };
    const ready = look(service(), { ask: three, memory: { ...memory, steadySinceMs: NOW_MS - 15_000 } });
    const until = (seconds: number) => ({
      window: { open: true as const, closesAtMs: NOW_MS + seconds * 1000 },
    });
    expect(decideAt(0, [ready], until(100)).stop).toBeDefined();
    expect(decideAt(0, [ready], until(99)).ending?.reason).toContain('then no more: the window closes');
  });
});

describe('the window', () => {
  const shut = { open: false, because: 'window', text: 'Tue 02:00-05:00' } as const;

  it('lets a day wait that has not begun', () => {
    const step = decideAt(0, [look(service(), { memory: READY })], { window: shut });
    expect(step).toMatchObject({ remember: [], ending: { outcome: 'PENDING_WINDOW' } });
  });

  it('lets nothing begin that would not be over in it', () => {
    const until = (seconds: number) => ({
      window: { open: true as const, closesAtMs: NOW_MS + seconds * 1000 },
    });
    expect(decideAt(0, [look(service(), { memory: READY })], until(599)).ending?.outcome).toBe(
      'PENDING_WINDOW',
    );
    expect(decideAt(0, [look(service(), { memory: READY })], until(600)).stop).toBeDefined();
  });

  it('lets what was stopped come back, and ends then', () => {
    const { arn } = afterStop(0, service());
    const ask = { serviceName: 'web', tasks: 2 };
    const { at } = afterStop(40, whole(arn));
    expect(decideAt(40, [{ ...at, ask }], { window: shut }).ending).toBeUndefined();
    const memory = memoryAfter(decideAt(40, [{ ...at, ask }], { window: shut }), at);
    const step = decideAt(60, [{ ...at, ask, memory }], { window: shut });
    expect(step.ending?.outcome).toBe('PARTIAL');
    expect(step.ending?.reason).toContain('then no more: outside the window');
  });
});

describe('several services', () => {
  it('are refused as a whole only where none may be touched', () => {
    const closed = look(service({ optedIn: false }), { name: 'api' });
    expect(decideAt(0, [closed]).ending?.outcome).toBe('REFUSED');
    const step = decideAt(0, [closed, look(service(), { memory: READY })]);
    expect(step.stop?.serviceName).toBe('web');
    expect(step.remember.map(({ serviceName }) => serviceName)).toEqual(['api', 'web']);
  });

  it('wait for their turn unread', () => {
    expect(decideAt(0, [look('unread')])).toMatchObject({
      waitsFor: { reason: 'its turn comes' },
      remember: [],
    });
  });
});
