/** Strategies that span several capacity providers: whom ECS chooses, and where room must be before a host drains. */
import { describe, expect, it } from 'vitest';
import type { ProviderShare } from '../../functions/core/facts.ts';
import type { Look } from '../../functions/core/look.ts';
import { demandOf, type RoomHost } from '../../functions/core/placement.ts';
import { choose, mostOf, spans, waysOfChoosing, without } from '../../functions/core/providers.ts';
import { ServiceRoom } from '../../functions/core/service-room.ts';
import type { ServiceLook } from '../../functions/core/services.ts';
import { definition, resources, service } from '../support/facts.ts';

const share = (capacityProvider: string, weight: number, base = 0): ProviderShare => ({
  capacityProvider,
  weight,
  base,
});
const counts = (of: Readonly<Record<string, number>>) => new Map(Object.entries(of));
const way = (favourite: string, of: Readonly<Record<string, number>>, countsLeaving = false) => ({
  countsLeaving,
  favourite,
  counts: counts(of),
});

describe('for which provider ECS starts the next tasks', () => {
  it.each<[string, ProviderShare[], Record<string, number>, number, Record<string, number>]>([
    ['in turn where weights are equal', [share('a', 1), share('b', 1)], { a: 2, b: 2 }, 4, { a: 2, b: 2 }],
    ['one to four', [share('a', 1), share('b', 4)], {}, 10, { a: 2, b: 8 }],
    ['the base before any weight', [share('a', 0, 3), share('b', 1)], { a: 1, b: 5 }, 4, { a: 2, b: 2 }],
    ['what is behind its share first', [share('a', 1), share('b', 1)], { a: 6, b: 2 }, 4, { b: 4 }],
    ['none by weight 0', [share('a', 0), share('b', 2)], { b: 9 }, 2, { b: 2 }],
  ])('%s', (_, strategy, before, tasks, expected) => {
    expect(Object.fromEntries(choose(strategy, way('a', before), tasks).chosen)).toEqual(expected);
  });

  it('may be either where both are as far from their share, and room must be in both', () => {
    const strategy = [share('a', 1), share('b', 1)];
    const chosen = waysOfChoosing(strategy, counts({ a: 1, b: 1 }), counts({})).map(
      (one) => choose(strategy, one, 1).chosen,
    );
    expect(Object.fromEntries(mostOf(chosen))).toEqual({ a: 1, b: 1 });
  });

  it('counts tasks that leave, or does not: nobody knows', () => {
    const strategy = [share('a', 1), share('b', 1)];
    const left = without(way('a', { a: 4, b: 4 }), 'a', 4);
    expect(Object.fromEntries(choose(strategy, left, 4).chosen)).toEqual({ a: 4 });
    const still = without(way('a', { a: 4, b: 4 }, true), 'a', 4);
    expect(Object.fromEntries(choose(strategy, still, 4).chosen)).toEqual({ a: 2, b: 2 });
  });

  it('is no question with one provider that takes tasks', () => {
    expect(spans([share('a', 1)])).toBe(false);
    expect(spans([share('a', 1), share('b', 0)])).toBe(false);
    expect(spans([share('a', 0, 2), share('b', 1)])).toBe(true);
  });
});

describe('room for a service whose strategy spans providers', () => {
  const facts = service('web', {
    strategy: [share('a', 1), share('b', 1)],
    capacityProviders: ['a', 'b'],
  });
  const demand = demandOf(facts, definition('web', { cpu: 100, memoryMiB: 100, ports: [] }), {});
  const host = (instanceId: string, capacityProviderName: string, tasks: number): RoomHost => ({
    instanceId,
    attributes: {},
    capacityProviderName,
    free: resources({ cpu: tasks * 100, memoryMiB: tasks * 100 }),
    services: new Set(),
  });
  const look = (over: Partial<ServiceLook> = {}) =>
    ({
      facts,
      demand,
      toPlace: 0,
      waitingFor: new Map(),
      stayingByProvider: counts({ a: 4, b: 4 }),
      leavingByProvider: new Map(),
      ...over,
    }) as ServiceLook;
  const world = (rolled: readonly string[], standing: Look['facts']['hosts'] = []) =>
    ({
      groups: rolled.map((capacityProviderName) => ({ facts: { capacityProviderName } })),
      facts: { hosts: standing, tasks: [] },
    }) as unknown as Look;

  it('must be in the provider that ECS chooses, whatever another one has', () => {
    const room = new ServiceRoom(world(['a', 'b']), [host('i-1', 'a', 1), host('i-2', 'b', 50)]);
    expect(room.move(look(), demand, 4, 'a', 'surely')).toBeGreaterThan(0);
  });

  it('is enough where each provider has what any way of choosing asks of it', () => {
    const room = new ServiceRoom(world(['a', 'b']), [host('i-1', 'a', 4), host('i-2', 'b', 2)]);
    expect(room.move(look(), demand, 4, 'a', 'surely')).toBe(0);
  });

  it('may be enough where one way of choosing finds it, and is given back whole', () => {
    const room = new ServiceRoom(world(['a', 'b']), [host('i-1', 'a', 4)]);
    const mark = room.mark();
    expect(room.move(look(), demand, 4, 'a', 'surely')).toBeGreaterThan(0);
    room.rollback(mark);
    expect(room.move(look(), demand, 4, 'a', 'perhaps')).toBe(0);
  });

  it('for a base is asked for in its provider even where tasks that leave might still count for it', () => {
    const based = look({
      facts: { ...facts, strategy: [share('a', 0, 4), share('b', 1)] },
      stayingByProvider: counts({ a: 4, b: 4 }),
    });
    const onlyB = new ServiceRoom(world(['a', 'b']), [host('i-2', 'b', 50)]);
    expect(onlyB.move(based, demand, 2, 'a', 'perhaps')).toBeGreaterThan(0);
    const both = new ServiceRoom(world(['a', 'b']), [host('i-1', 'a', 2), host('i-2', 'b', 50)]);
    expect(both.move(based, demand, 2, 'a', 'perhaps')).toBe(0);
  });

  it('is taken by what waits in PROVISIONING in the provider that it waits for', () => {
    const room = new ServiceRoom(world(['a', 'b']), [host('i-1', 'a', 9), host('i-2', 'b', 1)]);
    expect(room.placeWaiting(look({ toPlace: 3, waitingFor: counts({ b: 3 }) }), demand)).toBe(2);
  });

  it('is also on hosts of a provider that nobody rolls', () => {
    const standing = [
      {
        instanceId: 'i-2',
        capacityProviderName: 'b',
        status: 'ACTIVE' as const,
        agentConnected: true,
        attributes: {},
        remaining: resources({ cpu: 200, memoryMiB: 200 }),
        impaired: false,
        protectedFromScaleIn: false,
      },
    ];
    const room = new ServiceRoom(world(['a'], standing), [host('i-1', 'a', 4)]);
    expect(room.move(look(), demand, 4, 'a', 'surely')).toBe(0);
    expect(new ServiceRoom(world(['a']), [host('i-1', 'a', 4)]).move(look(), demand, 4, 'a', 'surely')).toBe(
      2,
    );
  });
});
