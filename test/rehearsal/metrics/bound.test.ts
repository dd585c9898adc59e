/** The bound: right by hand where a case is small, below every run that an orchestrator without latency could make. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JudgedSettings } from '../../../rehearsal/checkers/checker.ts';
import { DEFAULT_SETTINGS, NEW, StagedAccount, US } from '../support/staged-account.ts';

const old = (n: number) => `i-0000000000000${n.toString(16).padStart(4, '0')}`;
const fresh = (n: number) => `i-000000000000f${n.toString(16).padStart(4, '0')}`;

interface Case {
  readonly hosts: number;
  readonly tasksPerHost: number;
  readonly bootSeconds: readonly number[];
  readonly startSeconds: number;
  readonly healthSeconds: number;
  readonly stopSeconds: number;
  readonly settings: JudgedSettings;
}

const PLAIN: Case = {
  hosts: 4,
  tasksPerHost: 1,
  bootSeconds: [60],
  startSeconds: 20,
  healthSeconds: 40,
  stopSeconds: 30,
  settings: { ...DEFAULT_SETTINGS, canaryInstances: 0, maxTasksInMotionPercent: 100 },
};

/**
 * Rolls a stage without any latency: trial, then full hosts (each new one as large as its tasks) as surge and motion
 * allow, by an agenda of moments. Answers how long it took, and the bound for it.
 */
function roll(of: Case): { readonly seconds: number; readonly bound: number | null } {
  const { settings } = of;
  const account = new StagedAccount();
  const size = { cpu: of.tasksPerHost * 256, memoryMiB: of.tasksPerHost * 512 };
  account.group('web');
  account.service('web', of.hosts * of.tasksPerHost);
  for (let n = 0; n < of.hosts; n++) {
    account.addHost(old(n), size);
    for (let t = 0; t < of.tasksPerHost; t++) account.addTask(`${n}.${t}`, { on: old(n), of: 'web' });
  }
  account.watch({ settings });

  const agenda: { atMs: number; run: () => void }[] = [];
  const after = (seconds: number, run: () => void) =>
    agenda.push({ atMs: account.nowMs + seconds * 1000, run });
  const surge = settings.surgeInstances('web', of.hosts);
  const most = Math.max(
    1,
    Math.floor((of.hosts * of.tasksPerHost * settings.maxTasksInMotionPercent) / 100),
    of.tasksPerHost,
  );
  let launched = 0;
  let ready = 0;
  let drained = 0;
  let ended = 0;
  let inMotion = 0;
  let trialOver = settings.canaryInstances === 0;

  function launch(): void {
    const alone = !trialOver && ready === 0 ? settings.canaryInstances : of.hosts;
    while (launched < Math.min(of.hosts, alone, ended + surge)) {
      const n = launched++;
      account.launch(fresh(n), { image: NEW, ...size });
      after(of.bootSeconds[n % of.bootSeconds.length] ?? 0, () => {
        account.hostState(fresh(n), 'running');
        account.status(fresh(n), 'ACTIVE');
        ready++;
        turn();
      });
    }
  }

  function turn(): void {
    launch();
    const limit = trialOver ? of.hosts : settings.canaryInstances;
    while (drained < Math.min(ready, limit) && (inMotion === 0 || inMotion + of.tasksPerHost <= most))
      drain();
  }

  function drain(): void {
    const n = drained++;
    account.drain(old(n));
    inMotion += of.tasksPerHost;
    let left = of.tasksPerHost;
    for (let t = 0; t < of.tasksPerHost; t++) {
      const [from, to] = [`${n}.${t}`, `${n}.${t}b`];
      account.startTask(to, { on: fresh(n), of: 'web', replaces: from });
      after(of.startSeconds, () => account.change(to, { lastStatus: 'RUNNING' }));
      after(of.startSeconds + of.healthSeconds, () => {
        account.change(to, { healthy: true });
        inMotion--;
        account.stop(from);
        turn();
      });
      after(of.startSeconds + of.healthSeconds + of.stopSeconds, () => {
        account.gone(from);
        if (--left === 0) after(trialOver ? 0 : settings.bakeSeconds, () => end(n));
      });
    }
    if (!trialOver) {
      after(of.startSeconds + settings.bakeSeconds, () => {
        trialOver = true;
        turn();
      });
    }
  }

  function end(n: number): void {
    account.hostState(old(n), 'shutting-down', US);
    account.hostState(old(n), 'terminated');
    ended++;
    turn();
  }

  launch();
  for (;;) {
    const next = agenda.sort((a, b) => a.atMs - b.atMs).shift();
    if (!next) break;
    account.nowMs = Math.max(account.nowMs, next.atMs);
    next.run();
  }
  const { measured, violations } = account.end();
  expect(measured.instances.replaced).toBe(of.hosts);
  expect(violations.filter((v) => v.invariant === 'I13' || v.invariant === 'I1')).toEqual([]);
  return { seconds: (account.nowMs - account.startMs) / 1000, bound: measured.bound.durationSeconds };
}

describe('the bound', () => {
  it('is boot, start, health and stop where everything may move at once', () => {
    expect(roll(PLAIN)).toEqual({ seconds: 150, bound: 150 });
  });

  it('adds the trial: a start and the bake before the rest may drain', () => {
    const settings = { ...PLAIN.settings, canaryInstances: 1 };
    expect(roll({ ...PLAIN, settings }).bound).toBe(60 + 20 + 300 + 60 + 30);
  });

  it('counts waves where few may move at a time', () => {
    const settings = { ...PLAIN.settings, maxTasksInMotionPercent: 25 };
    // Eight tasks, two at a time, sixty seconds each.
    expect(roll({ ...PLAIN, hosts: 8, settings }).bound).toBe(60 + 4 * 60 + 30);
  });

  it('counts turns of boot and drain where hosts come one at a time', () => {
    const settings = { ...PLAIN.settings, surgeInstances: () => 1 };
    expect(roll({ ...PLAIN, hosts: 3, settings })).toEqual({ seconds: 450, bound: 450 });
  });

  it('waits for standalone tasks that end by themselves', () => {
    const account = new StagedAccount();
    account.group('web');
    account.addHost(old(0));
    account.addTask('job', { on: old(0) });
    account.watch({ settings: PLAIN.settings });
    account.launch(fresh(0), { image: NEW });
    account.wait(60);
    account.status(fresh(0), 'ACTIVE');
    account.drain(old(0));
    account.wait(3600);
    account.die('job');
    account.hostState(old(0), 'shutting-down', US);
    account.hostState(old(0), 'terminated');
    account.wait(30);
    expect(account.end().measured.bound).toEqual({ durationSeconds: 3660, ratio: 3690 / 3660 });
  });

  it('is not given for a run that did not succeed', () => {
    const account = new StagedAccount();
    account.watch();
    expect(account.end({ outcome: 'PARTIAL' }).measured.bound).toEqual({
      durationSeconds: null,
      ratio: null,
    });
  });

  it('never is above what an orchestrator without latency needs', () => {
    const cases = fc.record({
      hosts: fc.integer({ min: 1, max: 9 }),
      tasksPerHost: fc.integer({ min: 1, max: 4 }),
      bootSeconds: fc.array(fc.integer({ min: 5, max: 200 }), { minLength: 1, maxLength: 5 }),
      startSeconds: fc.integer({ min: 1, max: 60 }),
      healthSeconds: fc.integer({ min: 0, max: 60 }),
      stopSeconds: fc.integer({ min: 0, max: 400 }),
      surge: fc.integer({ min: 1, max: 9 }),
      maxTasksInMotionPercent: fc.constantFrom(10, 25, 50, 100),
      canaryInstances: fc.constantFrom(0, 1),
      bakeSeconds: fc.constantFrom(0, 60, 300),
    });
    fc.assert(
      fc.property(cases, ({ surge, maxTasksInMotionPercent, canaryInstances, bakeSeconds, ...delays }) => {
        const settings = {
          ...DEFAULT_SETTINGS,
          maxTasksInMotionPercent,
          canaryInstances,
          bakeSeconds,
          surgeInstances: () => surge,
        };
        const { seconds, bound } = roll({ ...delays, settings });
        expect(bound).toBeLessThanOrEqual(seconds);
        expect(bound).toBeGreaterThan(0);
      }),
      { numRuns: 300, seed: 20261122 },
    );
  });
});
