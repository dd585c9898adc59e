import { describe, expect, it } from 'vitest';
import { Attraction } from '../../functions/core/attraction.ts';
import { Draft } from '../../functions/core/draft.ts';
import type { Facts, ServiceFacts } from '../../functions/core/facts.ts';
import type { Host } from '../../functions/core/groups.ts';
import { lookAt } from '../../functions/core/look.ts';
import { DrainOrder } from '../../functions/core/order.ts';
import { defaults, task } from '../support/facts.ts';
import { drainingAfterTrial, plan } from '../support/mid-run.ts';

/** Two old hosts in one zone with three tasks each, and one new one with all its room. */
function picture(freeOnOld: readonly number[], web: Partial<ServiceFacts> = {}) {
  const facts = drainingAfterTrial();
  const old = facts.hosts
    .filter((host) => host.imageId === 'ami-old' && host.status === 'ACTIVE')
    .slice(0, freeOnOld.length);
  const fresh = facts.hosts.filter((host) => host.imageId === 'ami-new').slice(0, 1);
  const left = (memoryMiB: number) => ({ cpu: 2000, memoryMiB, gpus: 0, eniSlots: 9, ports: [] });
  const seen: Facts = {
    ...facts,
    hosts: [
      ...fresh.map((host) => ({ ...host, zone: 'a', remaining: left(4000) })),
      ...old.map((host, n) => ({ ...host, zone: 'a', remaining: left(freeOnOld[n] ?? 0) })),
    ],
    tasks: old.flatMap((host, at) =>
      [0, 1, 2].map((n) => task({ taskArn: `${at}-${n}`, instanceId: host.instanceId, serviceName: 'web' })),
    ),
    services: facts.services.map((service) => ({ ...service, desiredCount: 6, ...web })),
  };
  const draft = new Draft(seen);
  const look = lookAt(seen, plan, defaults, draft, seen.observedAtMs);
  const [first = '', second = ''] = old.map((host) => host.instanceId);
  const attraction = new Attraction(look);
  const effectOf = (id: string) => attraction.effectOf(look.hosts.get(id) as Host);
  return { look, first, second, attraction, effectOf };
}

const binpack = { placementStrategy: [{ type: 'binpack', field: 'memory' }] };

describe('what a drain would do to moves', () => {
  it('sees that packing draws tasks to the fullest old host that still takes one', () => {
    const { first, second, effectOf } = picture([1000, 300], binpack);
    expect(effectOf(first)).toEqual({ bounces: 3, spares: 0 });
    expect(effectOf(second)).toEqual({ bounces: 0, spares: 3 });
  });

  it('sees that a full host draws none', () => {
    const { first, second, effectOf } = picture([100, 100], binpack);
    expect(effectOf(first).bounces).toBe(0);
    expect(effectOf(second).spares).toBe(0);
  });

  it('sees that spreading draws to the host with the fewest tasks of the service, which is the new one', () => {
    const { first, second, effectOf } = picture([3000, 3000]);
    expect([first, second].map((id) => effectOf(id).bounces)).toEqual([0, 0]);
  });

  it('shares between hosts that the strategy does not tell apart', () => {
    const { first, effectOf } = picture([3000, 3000], { placementStrategy: [{ type: 'random' }] });
    expect(effectOf(first).bounces).toBeCloseTo(1);
    expect(effectOf(first).spares).toBeCloseTo(1);
  });

  it('counts what was accepted already: once the new host has as many as the old, these draw as well', () => {
    const { look, first, second, attraction, effectOf } = picture([3000, 3000, 3000]);
    expect(effectOf(second).bounces).toBe(0);
    attraction.take(look.hosts.get(first) as Host);
    // Three each on the new host, the second and the third: of its three tasks one goes to the third.
    expect(effectOf(second).bounces).toBeCloseTo(1);
  });

  it('lets the magnet drain first, whichever is the emptier', () => {
    const { look, first, second, attraction } = picture([1000, 300], binpack);
    const hosts = [...look.hosts.values()].filter((host) => host.kind === 'outdated');
    const order = new DrainOrder(hosts, look.groups, { attraction, motion: { fillOf: () => 0 } });
    expect([order.next(), order.next(), order.next()].map((host) => host?.instanceId)).toEqual([
      second,
      first,
      undefined,
    ]);
  });

  it('drains next what fills the limits of its services most evenly', () => {
    const { look, first, second } = picture([1000, 1000]);
    const hosts = [...look.hosts.values()].filter((host) => host.kind === 'outdated');
    const full = new Map([[first, 'web']]);
    const named = hosts.map((host) => ({
      ...host,
      replicas: new Map([[full.get(host.instanceId) ?? 'api', 3]]),
    }));
    const attraction = { effectOf: () => ({ bounces: 0, spares: 0 }) };
    const motion = { fillOf: (name: string, count = 0) => (name === 'web' ? 0.5 : 0) + count / 10 };
    const order = new DrainOrder(named, look.groups, { attraction, motion });
    expect(order.next()?.instanceId).toBe(second);
  });
});
