/** Hosts of a large cluster whose tasks have changed since they were read: nothing is concluded from what is missing. */
import { describe, expect, it } from 'vitest';
import { Draft } from '../../functions/core/draft.ts';
import type { Facts } from '../../functions/core/facts.ts';
import { lookAtServices, type ServiceLook } from '../../functions/core/services.ts';
import { defaults, host, service, task } from '../support/facts.ts';
import { drainingAfterTrial, lookWhere, see, terminating, withHost } from '../support/mid-run.ts';

const UNREAD = { tasksUnread: true } as const;
const allUnread = (facts: Facts): Facts => ({
  ...facts,
  hosts: facts.hosts.map((one) => ({ ...one, ...UNREAD })),
});

describe('a host whose tasks are not read', () => {
  it('does not begin to drain', () => {
    const facts = lookWhere((step) => step.drain.length > 0);
    expect(see(facts).drain).not.toEqual([]);
    const step = see(allUnread(facts));
    expect(step.drain).toEqual([]);
    expect(step.holds).toContainEqual(
      expect.objectContaining({ rule: '8', reason: expect.stringContaining('not read yet') }),
    );
  });

  it('is not taken for empty, and does not end', () => {
    const facts = terminating();
    const id = see(facts).terminate[0]?.instanceId ?? '';
    const step = see(withHost(facts, id, UNREAD));
    expect(step.terminate.map((act) => act.instanceId)).not.toContain(id);
    expect(step.remember.hosts.find((one) => one.instanceId === id)?.emptySinceMs).toBeUndefined();
  });
});

describe('tasks that only their service tells of', () => {
  const facts = drainingAfterTrial();
  const staying = facts.hosts.find((one) => one.status === 'ACTIVE' && !isOld(one.instanceId));
  const counting = (more: number): Facts => ({
    ...withHost(facts, staying?.instanceId, UNREAD),
    services: facts.services.map((one) => ({ ...one, runningCount: running(one.serviceName) + more })),
  });

  function running(serviceName: string): number {
    return facts.tasks.filter((one) => one.serviceName === serviceName && one.lastStatus === 'RUNNING')
      .length;
  }

  function isOld(instanceId: string): boolean {
    return facts.memory.hosts.some((one) => one.instanceId === instanceId && one.role === 'outdated');
  }

  it('have room kept for them: they may be where it looks free, or on what drains next', () => {
    expect(see(counting(0)).drain.length).toBeGreaterThan(0);
    const step = see(counting(1000));
    expect(step.drain.filter((act) => isOld(act.instanceId))).toEqual([]);
    expect(step.holds).toContainEqual(
      expect.objectContaining({ rule: '8', reason: expect.stringContaining('no ready host') }),
    );
  });
});

describe('a service with tasks on hosts that are not read', () => {
  const options = {
    imageId: 'ami-old',
    zone: 'a',
    ec2State: 'running',
    launchTimeMs: 0,
    lifecycleState: 'InService',
    joined: true,
    status: 'ACTIVE',
    free: { cpu: 0, memoryMiB: 0, ports: [] },
    registered: { cpu: 4096, memoryMiB: 8192 },
  } as const;
  const tasksOn = (instanceId: string, count: number, like: object) =>
    Array.from({ length: count }, (_, n) => ({
      ...task({ taskArn: `${instanceId}-${n}`, instanceId }),
      ...like,
    }));

  /** Two tasks on a host that drains, and so many seen on one that stays; the third host is unread, or it is not. */
  function look(
    seen: number,
    runningCount: number,
    pendingCount: number,
    third: object,
    tasks: object = {},
  ): ServiceLook {
    const facts = {
      hosts: [
        host('draining', { ...options, status: 'DRAINING' }),
        host('staying', options),
        { ...host('third', options), ...third },
      ],
      services: [service('web', { desiredCount: 10, runningCount, pendingCount })],
      tasks: [...tasksOn('draining', 2, tasks), ...tasksOn('staying', seen, tasks)],
      taskDefinitions: [],
      subnetZones: {},
      memory: { hosts: [], groups: [], services: [] },
    } as unknown as Facts;
    const found = lookAtServices(facts, new Map(), defaults, new Draft(facts)).get('web');
    if (found === undefined) throw new Error('the service is not seen');
    return found;
  }

  it('misses no more places than it counts tasks too few itself', () => {
    expect(look(4, 9, 1, {}).unplaced).toBe(6);
    expect(look(4, 9, 1, UNREAD)).toMatchObject({ unplaced: 2, toPlace: 2, placedElsewhere: 8, unseen: 4 });
    expect(look(4, 9, 1, {}).unseen).toBe(0);
  });

  it('has none healthy that we do not see, and not more than run and are not about to leave', () => {
    expect(look(4, 9, 1, UNREAD)).toMatchObject({ healthyElsewhere: 4, inMotion: 6 });
    expect(look(9, 7, 0, {}).healthyElsewhere).toBe(9);
    expect(look(9, 7, 0, UNREAD).healthyElsewhere).toBe(5);
  });

  it('keeps no empty host from its end for tasks that it counts RUNNING and nobody has read', () => {
    expect(look(4, 9, 1, {}).healthy).toBe(6);
    expect(look(4, 9, 1, UNREAD).healthy).toBe(9);
    expect(look(9, 7, 0, UNREAD).healthy).toBe(11);
  });

  it('keeps one for tasks that are known to be unwell', () => {
    const unwell = { healthy: false } as const;
    expect(look(4, 6, 0, UNREAD, unwell).healthy).toBe(0);
    expect(look(4, 9, 0, UNREAD, unwell).healthy).toBe(3);
  });
});
