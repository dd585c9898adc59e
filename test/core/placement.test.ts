import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Resources } from '../../functions/core/facts.ts';
import {
  constraintMisfit,
  type Demand,
  demandOf,
  Room,
  type RoomHost,
  resourceMisfit,
} from '../../functions/core/placement.ts';
import { definition, resources, service } from '../support/facts.ts';

const demand = (needs: Partial<Resources> = {}, over: Partial<Demand> = {}): Demand => ({
  serviceName: 'web',
  needs: resources(needs),
  memberOf: [],
  requiresAttributes: [],
  distinctInstance: false,
  capacityProviders: [],
  ...over,
});
const host = (free: Partial<Resources> = {}, over: Partial<RoomHost> = {}): RoomHost => ({
  instanceId: 'i-1',
  attributes: {},
  zone: 'a',
  free: resources({ cpu: 1024, memoryMiB: 2048, gpus: 0, eniSlots: 2, ...free }),
  services: new Set(),
  ...over,
});

describe('where a task fits', () => {
  it.each<[string, Demand, RoomHost, string | undefined]>([
    ['cpu', demand({ cpu: 1025 }), host(), 'cpu'],
    ['memory', demand({ memoryMiB: 2049 }), host(), 'memory'],
    ['gpu', demand({ gpus: 1 }), host(), 'gpu'],
    ['a network interface', demand({ eniSlots: 1 }), host({ eniSlots: 0 }), 'eni'],
    ['a port', demand({ ports: ['80/tcp'] }), host({ ports: ['80/tcp'] }), 'port'],
    ['a port of another protocol', demand({ ports: ['53/udp'] }), host({ ports: ['53/tcp'] }), undefined],
    [
      'another of its service',
      demand({}, { distinctInstance: true }),
      host({}, { services: new Set(['web']) }),
      'distinct',
    ],
    ['enough of all', demand({ cpu: 1024, memoryMiB: 2048, eniSlots: 2 }), host(), undefined],
  ])('is asked of resources: %s', (_, wanted, on, code) => {
    expect(resourceMisfit(wanted, on)?.code).toBe(code);
  });

  it.each<[string, Demand, RoomHost, string | undefined]>([
    [
      'provider',
      demand({}, { capacityProviders: ['cp1'] }),
      host({}, { capacityProviderName: 'cp2' }),
      'provider',
    ],
    ['no provider', demand({}, { capacityProviders: ['cp1'] }), host(), 'provider'],
    [
      'its provider',
      demand({}, { capacityProviders: ['cp1'] }),
      host({}, { capacityProviderName: 'cp1' }),
      undefined,
    ],
    ['zone', demand({}, { zones: new Set(['b']) }), host(), 'zone'],
    ['attribute', demand({}, { requiresAttributes: [{ name: 'x' }] }), host(), 'attribute'],
    [
      'value',
      demand({}, { requiresAttributes: [{ name: 'x', value: '2' }] }),
      host({}, { attributes: { x: '1' } }),
      'attribute',
    ],
    [
      'a valueless one',
      demand({}, { requiresAttributes: [{ name: 'x' }] }),
      host({}, { attributes: { x: '' } }),
      undefined,
    ],
    ['expression', demand({}, { memberOf: ['attribute:x == 1'] }), host(), 'constraint'],
    ['an expression nobody can read', demand({}, { memberOf: ['what?'] }), host(), 'constraint'],
  ])('is asked of the host: %s', (_, wanted, on, code) => {
    expect(constraintMisfit(wanted, on)?.code).toBe(code);
  });

  it('looks at the zones of subnets for awsvpc tasks only', () => {
    const web = service('web', { subnets: ['subnet-1'] });
    const bridge = definition('web');
    const zones = { 'subnet-1': 'b' };
    expect(demandOf(web, bridge, zones).zones).toBeUndefined();
    expect(demandOf(web, { ...bridge, networkMode: 'awsvpc' }, zones).zones).toEqual(new Set(['b']));
  });
});

describe('room for a set of tasks', () => {
  it('puts one task with a static port on each host, and no second', () => {
    const room = new Room([host(), host({}, { instanceId: 'i-2' })]);
    expect(room.place(demand({ ports: ['80/tcp'] }), 3)).toBe(1);
  });

  it('puts one task of a service on each host under distinctInstance', () => {
    const room = new Room([host(), host({}, { instanceId: 'i-2' })]);
    expect(room.place(demand({}, { distinctInstance: true }), 3)).toBe(1);
  });

  it('takes tries back, ports and services included', () => {
    const room = new Room([host()]);
    const wanted = demand({ cpu: 600, ports: ['80/tcp'] }, { distinctInstance: true });
    const mark = room.mark();
    expect(room.place(wanted)).toBe(0);
    expect(room.place(wanted)).toBe(1);
    room.rollback(mark);
    expect(room.place(wanted)).toBe(0);
  });

  it('keeps large tasks possible by filling the fullest host first', () => {
    const room = new Room([host(), host({ memoryMiB: 512 }, { instanceId: 'i-2' })]);
    expect(room.place(demand({ memoryMiB: 512 }))).toBe(0);
    expect(room.place(demand({ memoryMiB: 2048 }))).toBe(0);
  });

  it('never says yes to more than there is', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 12 });
    fc.assert(
      fc.property(sizes, fc.array(fc.integer({ min: 1, max: 1500 }), { maxLength: 5 }), (tasks, hosts) => {
        const room = new Room(
          hosts.map((memoryMiB, n) => host({ memoryMiB, cpu: 10_000 }, { instanceId: `i-${n}` })),
        );
        const placed = tasks.filter((memoryMiB) => room.place(demand({ memoryMiB })) === 0);
        const sum = (items: number[]) => items.reduce((total, item) => total + item, 0);
        expect(sum(placed)).toBeLessThanOrEqual(sum(hosts));
        // What was refused is larger than what the fullest-first filling left anywhere.
        for (const refused of tasks.filter((item) => !placed.includes(item))) {
          expect(room.place(demand({ memoryMiB: refused }))).toBe(1);
        }
      }),
    );
  });
});
