/** Protected tasks are asked to come to an end, a share of each service at a time, and set free where their host stays. */
import { describe, expect, it } from 'vitest';
import { withThis } from '../../functions/core/earlier.ts';
import type { Facts } from '../../functions/core/facts.ts';
import type { HostMemory } from '../../functions/core/memory.ts';
import type { Settings } from '../../functions/core/settings.ts';
import { baking, drainingAfterTrial, lookWhere, see, withHostMemory, withRun } from '../support/mid-run.ts';

const HOUR_MS = 3_600_000;
const looked = drainingAfterTrial();
const nowMs = looked.observedAtMs;
const idle = looked.hosts.filter((host) => host.imageId === 'ami-old' && host.status === 'ACTIVE');
const [first, second] = idle.map(({ instanceId }) => instanceId);
const LIMIT = { protectedTimeoutSeconds: 7200 };

/** Every task of web on these hosts is protected for an hour. */
function protectedOn(instanceIds: readonly (string | undefined)[], facts: Facts = looked): Facts {
  const tasks = facts.tasks.map((task) =>
    task.serviceName === 'web' && instanceIds.includes(task.instanceId)
      ? { ...task, protectedUntilMs: nowMs + HOUR_MS }
      : task,
  );
  return { ...facts, tasks };
}
const waiting = protectedOn(idle.map(({ instanceId }) => instanceId));
const askedBy = (facts: Facts, chosen: Partial<Settings> = {}) => see(facts, { ...LIMIT, ...chosen }).quiesce;
const rememberedOf = (facts: Facts, id: string | undefined, chosen: Partial<Settings> = {}) =>
  see(facts, { ...LIMIT, ...chosen }).remember.hosts.find(({ instanceId }) => instanceId === id);
const arnOf = (id: string | undefined) =>
  looked.hosts.find(({ instanceId }) => instanceId === id)?.containerInstanceArn;

describe('a host that waits for protected tasks', () => {
  it('is asked for by tag, by event and in the ledger, until the moment when it is held', () => {
    const [asked] = askedBy(waiting);

    expect(asked).toEqual({
      instanceId: asked?.instanceId,
      containerInstanceArn: arnOf(asked?.instanceId),
      untilMs: nowMs + 2 * HOUR_MS,
    });
    const taskArns = waiting.tasks
      .filter((task) => task.instanceId === asked?.instanceId && task.serviceName === 'web')
      .map((task) => task.taskArn)
      .sort();
    expect(rememberedOf(waiting, asked?.instanceId)?.quiesce).toEqual({ askedAtMs: nowMs, taskArns });
    const until = new Date(nowMs + 2 * HOUR_MS).toISOString();
    expect(see(waiting, LIMIT).notify).toContainEqual(
      expect.objectContaining({
        kind: 'quiesce',
        detail: { containerInstanceArn: asked?.containerInstanceArn, taskArns, until },
      }),
    );
  });

  it('is to be drained before the deadline of the run, where that comes first', () => {
    const deadlineMs = nowMs + HOUR_MS;
    expect(askedBy(withRun(waiting, { deadlineMs }))[0]?.untilMs).toBe(deadlineMs);
  });

  it('is asked once; the next ones only when as many of the service as may move have had their time', () => {
    const [asked] = askedBy(waiting);
    const quiesce = (askedAtMs: number): Partial<HostMemory> => ({ quiesce: { askedAtMs, taskArns: [] } });
    const askedAgo = (ms: number) =>
      askedBy(withHostMemory(waiting, asked?.instanceId, quiesce(nowMs - ms))).map((act) => act.instanceId);

    expect(askedBy(waiting)).toHaveLength(1);
    expect(askedAgo(60_000)).toEqual([]);
    expect(askedAgo(1_800_000)).toHaveLength(1);
    expect(askedAgo(1_800_000)).not.toContain(asked?.instanceId);
    expect(askedBy(waiting, { maxTasksInMotionPercent: 100 })).toHaveLength(idle.length);
  });

  it('is not asked while nothing may drain, nor before its trial has passed, nor where it is held at once', () => {
    expect(askedBy(waiting, { protectedTasks: 'hold' })).toEqual([]);
    const inTrial = baking();
    const old = inTrial.hosts.filter((host) => host.imageId === 'ami-old' && host.status === 'ACTIVE');
    const untried = protectedOn(
      old.map(({ instanceId }) => instanceId),
      inTrial,
    );
    expect(see(untried).holds.some(({ rule }) => rule === 'protected')).toBe(true);
    expect(askedBy(untried)).toEqual([]);
    const alarmed = { ...waiting, alarms: [{ alarmName: 'errors', state: 'ALARM' }] } as Facts;
    expect(askedBy(alarmed, { alarms: ['errors'] })).toEqual([]);
  });

  it('waits from when protection first kept it, and the windows of one piece of work count as one', () => {
    expect(rememberedOf(waiting, first)?.protectedSinceMs).toBe(nowMs);
    const since = (protectedSinceMs: number) => withHostMemory(waiting, first, { protectedSinceMs });
    expect(rememberedOf(since(nowMs - 2 * HOUR_MS + 1), first)?.held).toBeUndefined();
    expect(rememberedOf(since(nowMs - 2 * HOUR_MS), first)?.held).toMatchObject({ because: 'protected' });
    // When the run began does not count: the tasks of this host may not have been protected then.
    expect(rememberedOf(withRun(waiting, { startedAtMs: 0 }), first)?.held).toBeUndefined();

    const over = since(nowMs - HOUR_MS);
    expect(withThis(over.memory, undefined).protectedSinceMs).toEqual({ [first ?? '']: nowMs - HOUR_MS });
  });
});

describe('once the run ends', () => {
  const TASKS = ['arn:aws:ecs:eu-west-1:111122223333:task/prod/w'];
  const ended = (facts: Facts, id: string | undefined, memory: Partial<HostMemory>) =>
    withHostMemory(withRun(facts, { control: { mode: 'abort', atMs: nowMs, by: 'alice' } }), id, memory);
  const quiesce = { askedAtMs: nowMs - 60_000, taskArns: TASKS };

  it('those who were asked and stay are set free, once, before anything is restored', () => {
    const step = see(ended(waiting, second, { quiesce }), LIMIT);

    expect(step.restore).toBe(false);
    expect(step.endQuiesce).toEqual([{ instanceId: second, containerInstanceArn: arnOf(second) }]);
    expect(step.notify).toContainEqual(
      expect.objectContaining({
        kind: 'quiesce-over',
        instanceId: second,
        detail: { containerInstanceArn: arnOf(second), taskArns: TASKS },
      }),
    );
    const remembered = step.remember.hosts.find(({ instanceId }) => instanceId === second);
    expect(remembered?.quiesce).toEqual({ ...quiesce, overAtMs: nowMs });
    expect(see(ended(waiting, second, { quiesce: { ...quiesce, overAtMs: nowMs } })).endQuiesce).toEqual([]);
  });

  it('a host that is empty and goes takes its tag along', () => {
    const facts = lookWhere((step) => step.terminate.some(({ because }) => because === 'drained'));
    const goes = see(facts).terminate[0]?.instanceId;
    expect(see(ended(facts, goes, { quiesce })).endQuiesce).toEqual([]);
  });

  it('protection that is over by then is not counted on in the next window', () => {
    const protectedSinceMs = nowMs - HOUR_MS;
    const sinceIn = (facts: Facts) =>
      see(ended(facts, second, { protectedSinceMs, quiesce })).remember.hosts.find(
        ({ instanceId }) => instanceId === second,
      )?.protectedSinceMs;
    expect(sinceIn(waiting)).toBe(protectedSinceMs);
    expect(sinceIn(looked)).toBeUndefined();
  });
});
