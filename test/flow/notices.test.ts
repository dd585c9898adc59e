/** What EC2 announces for hosts in whatever state they are, answered by the whole product in the embedded account. */
import { describe, expect, it } from 'vitest';
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import { OLD_IMAGE } from '../../rehearsal/clusters/constants.ts';
import type { Readings } from '../../simulator/readings.ts';
import { rehearseCapture } from '../support/rehearse-cluster.ts';
import { groupIn, type Json } from '../support/small-cluster.ts';

const NAMED = 'i-00000000000000000';
const DAY = 86_400;
/** The clock begins at 2026-11-22T12:00:00Z. */
const at = (seconds: number) => new Date(Date.UTC(2026, 10, 22, 12) + seconds * 1000).toISOString();
const announced = (atSeconds: number, dueSeconds: number, code = 'instance-retirement') => ({
  kind: 'schedule-instance-event',
  atSeconds,
  instance: NAMED,
  code,
  notBefore: at(dueSeconds),
});
/** Keeps the rehearsal going until then. */
const until = (atSeconds: number) => ({ kind: 'send-event', atSeconds, event: { source: 'nobody' } });

function cluster(change: (capture: Json) => void = () => {}): Json {
  const capture = JSON.parse(
    JSON.stringify(
      buildCapture({
        groups: [{ name: 'hosts', hosts: 4, imageReference: OLD_IMAGE }],
        services: [
          { name: 'web', desired: 8, cpu: 128, memoryMiB: 256 },
          { name: 'logs', desired: 0, daemon: true },
        ],
      }),
    ),
  );
  change(capture);
  return capture;
}

async function play(
  capture: Json,
  faults: readonly object[],
  settings: object = {},
  readings: Partial<Readings> = {},
) {
  const event = { source: 'nobody', 'detail-type': 'Nothing' };
  const scenario = {
    event,
    settings: { bakeSeconds: 60, ...settings },
    faults,
    horizonSeconds: 4 * DAY,
  };
  const { result, log } = await rehearseCapture(capture, scenario, 1, readings);
  const ended = new Map<string, number>();
  for (const line of log as Json[]) {
    const isEnd = line.kind === 'host' && ['shutting-down', 'terminated'].includes(line.state);
    if (isEnd && !ended.has(line.instanceId)) ended.set(line.instanceId, line.t);
  }
  const told = result.notifications.map(({ kind }) => kind);
  return { result, log: log as Json[], ended, told };
}

describe('a notice about a host', () => {
  it('that was never delivered is found by the daily look, and answered', async () => {
    const capture = cluster((json) => {
      const Events = [
        {
          InstanceEventId: 'instance-event-0d59937288b749b32',
          Code: 'instance-stop',
          Description: 'The instance is running on degraded hardware',
          NotBefore: at(3 * DAY),
        },
      ];
      json.ec2.instanceStatuses = [
        { InstanceId: NAMED, InstanceState: { Code: 16, Name: 'running' }, Events },
      ];
    });
    const { result, ended, told } = await play(capture, [until(3600)]);
    expect(result).toMatchObject({ outcome: 'SUCCEEDED', violations: [], leftovers: [] });
    expect([...ended.keys()]).toEqual([NAMED]);
    expect(told.filter((kind) => kind === 'started')).toHaveLength(1);
  });

  it('that AWS Health tells and EC2 shows is one: replaced once, told once, closed with proof', async () => {
    const { result, ended, told } = await play(cluster(), [announced(10, 3.9 * DAY), until(7200)]);
    expect(result).toMatchObject({ outcome: 'SUCCEEDED', violations: [], leftovers: [] });
    expect([...ended.keys()]).toEqual([NAMED]);
    expect(told.filter((kind) => kind.startsWith('notice-'))).toEqual(['notice-done']);
    expect(told.filter((kind) => kind === 'started')).toHaveLength(1);
  });

  it('that waits a day for its window is told as waiting once', async () => {
    // Opens on Monday at 13:00 UTC, a day and an hour from now.
    const settings = { windows: 'Mon 14:00-17:00 Europe/Berlin', deadlineMarginHours: 6 };
    const faults = [announced(10, 3.9 * DAY), until(DAY + 5 * 3600)];
    const { result, ended, told } = await play(cluster(), faults, settings);
    expect(result).toMatchObject({ outcome: 'SUCCEEDED', violations: [], leftovers: [] });
    expect([...ended.keys()]).toEqual([NAMED]);
    expect(ended.get(NAMED)).toBeGreaterThan(DAY + 3600);
    expect(told.filter((kind) => kind === 'pending_window')).toHaveLength(1);
  });

  // When Auto Scaling replaces an instance that EC2 has an event for is not documented: both readings.
  describe('for which Auto Scaling replaces the host itself, ending it first', () => {
    const DUE = 16 * 3600;
    const settings = { windows: 'Sun 17:00-20:00 Europe/Berlin', deadlineMarginHours: 6 };
    const waits = (eventReplacesFromNotice: boolean) =>
      // No window comes before the date: we begin six hours ahead of it.
      play(cluster(), [announced(8 * 3600, DUE), until(DUE + 3600)], settings, {
        eventReplacesFromNotice,
      });
    const launches = (log: readonly Json[]) =>
      log.filter((line) => line.kind === 'host' && line.t > 0 && line.state === 'pending');
    const ends = (log: readonly Json[]) =>
      log.filter((line) => line.operation === 'AutoScaling.TerminateInstanceInAutoScalingGroup');

    it('from the notice on: it goes before we begin, one host takes its place, and the notice is closed', async () => {
      const { result, ended, log, told } = await waits(true);
      expect(result).toMatchObject({ violations: [], leftovers: [] });
      expect([...ended.keys()]).toEqual([NAMED]);
      expect(ended.get(NAMED)).toBeLessThan(DUE - 6 * 3600);
      expect(launches(log).map(({ t }) => t >= (ended.get(NAMED) ?? 0))).toEqual([true]);
      expect(ends(log)).toEqual([]);
      expect(told.filter((kind) => kind === 'notice-done')).toHaveLength(1);
      // The request that waited for its window is gone with it: nothing begins, and nothing is refused.
      for (const kind of ['started', 'refused', 'notice-missed']) expect(told).not.toContain(kind);
    });

    it('at its date: we come first, with the replacement ready, and nothing is killed', async () => {
      const { result, ended, log, told } = await waits(false);
      expect(result).toMatchObject({ outcome: 'SUCCEEDED', violations: [], leftovers: [] });
      expect(result.tasks.killed).toBe(0);
      expect([...ended.keys()]).toEqual([NAMED]);
      expect(ended.get(NAMED)).toBeGreaterThan(DUE - 6 * 3600 - 300);
      expect(ended.get(NAMED)).toBeLessThan(DUE);
      expect(launches(log).map(({ t }) => t < (ended.get(NAMED) ?? 0))).toEqual([true]);
      expect(ends(log)).toHaveLength(1);
      expect(told.filter((kind) => kind === 'notice-done')).toHaveLength(1);
    });
  });

  it('that is called off while it waits replaces nothing', async () => {
    const settings = { windows: 'Sun 17:00-20:00 Europe/Berlin' };
    const cancel = { kind: 'cancel-instance-event', atSeconds: 7200, instance: NAMED };
    const { result, ended, told } = await play(
      cluster(),
      [announced(10, 3 * DAY), cancel, until(8 * 3600)],
      settings,
    );
    expect(result).toMatchObject({ violations: [], leftovers: [] });
    expect([...ended.keys()]).toEqual([]);
    expect(told.filter((kind) => kind === 'notice-cancelled')).toHaveLength(1);
    expect(told).not.toContain('started');
  });

  it('that is called off when its host drains lets that go on working', async () => {
    const cancel = { kind: 'cancel-instance-event', when: 'first-drain', instance: NAMED };
    const { result, ended, log, told } = await play(cluster(), [announced(10, 3 * DAY), cancel, until(7200)]);
    expect(result).toMatchObject({ outcome: 'ABORTED', violations: [], leftovers: [] });
    expect(ended.has(NAMED)).toBe(false);
    const statuses = log.filter((line) => line.kind === 'container-instance' && line.instanceId === NAMED);
    expect(statuses.map(({ status }) => status)).toContain('DRAINING');
    expect(statuses.at(-1)?.status).toBe('ACTIVE');
    expect(told.filter((kind) => kind === 'notice-cancelled')).toHaveLength(1);
  });

  it('of two hosts of which one is called off goes on with the other', async () => {
    const other = 'i-00000000000000001';
    const faults = [
      announced(10, 3 * DAY),
      { ...announced(10, 3 * DAY), instance: other },
      // Both are in hand: the second joined the run of the first, or waits for it.
      { kind: 'cancel-instance-event', when: 'canary-ready', instance: other },
      until(7200),
    ];
    const { result, ended } = await play(cluster(), faults);
    expect(result).toMatchObject({ violations: [], leftovers: [] });
    expect([...ended.keys()]).toContain(NAMED);
    expect([...ended.keys()]).not.toContain(other);
  });

  it('whose host is ended by somebody meanwhile is closed, and not answered', async () => {
    const faults = [
      { kind: 'terminate-instance', atSeconds: 5, instance: NAMED },
      announced(10, 3 * DAY),
      until(3600),
    ];
    const { ended, told, result } = await play(cluster(), faults);
    expect([...ended.keys()]).toEqual([NAMED]);
    expect(result.violations).toEqual([]);
    expect(told).not.toContain('started');
  });

  it('whose host is unreachable already has it replaced without waiting for a drain', async () => {
    const faults = [
      { kind: 'agent-disconnects', atSeconds: 5, instance: NAMED, seconds: 4 * DAY },
      announced(10, 3 * DAY),
      until(7200),
    ];
    const { ended, result } = await play(cluster(), faults);
    expect(result).toMatchObject({ outcome: 'SUCCEEDED', violations: [], leftovers: [] });
    expect(ended.get(NAMED)).toBeLessThan(3600);
  });

  it.each(['Standby', 'detached'])(
    'whose host is %s is not acted upon, and somebody is told why',
    async (how) => {
      const capture = cluster((json) => {
        const group = groupIn(json, 'hosts');
        const member = group.Instances.find((one: Json) => one.InstanceId === NAMED);
        if (how === 'Standby') member.LifecycleState = 'Standby';
        else group.Instances = group.Instances.filter((one: Json) => one !== member);
        group.DesiredCapacity = 3;
        group.MinSize = 3;
      });
      const { ended, told, result } = await play(capture, [announced(10, 3.9 * DAY), until(7200)]);
      expect([...ended.keys()]).toEqual([]);
      expect(result.violations).toEqual([]);
      expect(told).not.toContain('started');
      expect(told).toEqual([how === 'Standby' ? 'notice-left' : 'notice-told']);
    },
  );

  it('whose host is in no cluster that opted in is told once', async () => {
    const capture = cluster((json) => {
      json.ecs.containerInstances = json.ecs.containerInstances.filter(
        (one: Json) => one.ec2InstanceId !== NAMED,
      );
      const tasks = json.ecs.tasks as Json[];
      const arns = new Set(json.ecs.containerInstances.map((one: Json) => one.containerInstanceArn));
      json.ecs.tasks = tasks.filter((task) => arns.has(task.containerInstanceArn));
    });
    const { told } = await play(capture, [announced(10, 3.9 * DAY), until(7200)]);
    expect(told.filter((kind) => kind === 'notice-told')).toHaveLength(1);
    expect(told).not.toContain('started');
  });
});
