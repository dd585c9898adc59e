import { describe, expect, it } from 'vitest';
import { drainEffects } from '../../functions/core/attraction.ts';
import { Draft } from '../../functions/core/draft.ts';
import type { Facts, ServiceFacts } from '../../functions/core/facts.ts';
import { lookAt } from '../../functions/core/look.ts';
import { drainOrder } from '../../functions/core/order.ts';
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
  return { look, first, second, effects: drainEffects(look) };
}

const binpack = { placementStrategy: [{ type: 'binpack', field: 'memory' }] };

describe('what a drain would do to moves', () => {
  it('sees that packing draws tasks to the fullest old host that still takes one', () => {
    const { first, second, effects } = picture([1000, 300], binpack);
    expect(effects.get(first)).toEqual({ bounces: 3, spares: 0 });
    expect(effects.get(second)).toEqual({ bounces: 0, spares: 3 });
  });

  it('sees that a full host draws none', () => {
    const { first, second, effects } = picture([100, 100], binpack);
    expect(effects.get(first)?.bounces ?? 0).toBe(0);
    expect(effects.get(second)?.spares ?? 0).toBe(0);
  });

  it('sees that spreading draws to the host with the fewest tasks of the service, which is the new one', () => {
    const { first, second, effects } = picture([3000, 3000]);
    expect([first, second].map((id) => effects.get(id)?.bounces ?? 0)).toEqual([0, 0]);
  });

  it('shares between hosts that the strategy does not tell apart', () => {
    const { first, effects } = picture([3000, 3000], { placementStrategy: [{ type: 'random' }] });
    expect(effects.get(first)?.bounces).toBeCloseTo(1);
    expect(effects.get(first)?.spares).toBeCloseTo(1);
  });

  it('lets the magnet drain first, whichever is the emptier', () => {
    const { look, first, second, effects } = picture([1000, 300], binpack);
    const hosts = [...look.hosts.values()].filter((host) => host.kind === 'outdated');
    expect(drainOrder(hosts, look.groups, effects).map((host) => host.instanceId)).toEqual([second, first]);
  });
});
