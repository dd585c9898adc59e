/**
 * Placement is written twice: the account's is AWS, the plan's is our model of AWS. Over generated clusters, where our
 * model says that n more tasks of a service fit, the account places n, and on no other host.
 */
import { UpdateServiceCommand } from '@aws-sdk/client-ecs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attachable, ecs } from '../../functions/aws/clients.ts';
import { beginAsNewContainer } from '../../functions/aws/container-memory.ts';
import { readWorld } from '../../functions/aws/facts/read-facts.ts';
import { constraintMisfit, demandOf, Room, type RoomHost, roomHost } from '../../functions/core/placement.ts';
import { emptyMemory, factClients } from '../../functions/flow/planning.ts';
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import type { ClusterSpec, ServiceSpec } from '../../rehearsal/clusters/spec.ts';
import { createAccount } from '../../simulator/account.ts';
import { parseCapture } from '../../simulator/capture/parse.ts';

const PROBE = 'probe';

const probe: fc.Arbitrary<ServiceSpec> = fc
  .record({
    cpu: fc.constantFrom(128, 512, 1536),
    memoryMiB: fc.constantFrom(256, 2048, 6000),
    networkMode: fc.constantFrom<'bridge' | 'awsvpc'>('bridge', 'awsvpc'),
    hostPort: fc.option(fc.constant(8080), { nil: undefined }),
    distinctInstance: fc.boolean(),
    memberOf: fc.constantFrom(
      undefined,
      'attribute:ecs.instance-type == m5.large',
      'attribute:ecs.availability-zone in [eu-west-1a, eu-west-1b]',
      'attribute:ecs.instance-type =~ m5.*',
      'not(attribute:ecs.availability-zone == eu-west-1c)',
    ),
    requiresAttributes: fc.constantFrom(
      [],
      ['com.amazonaws.ecs.capability.docker-remote-api.1.24'],
      ['rack'],
    ),
  })
  .map(({ hostPort, memberOf, ...rest }) => ({
    name: PROBE,
    desired: 0,
    ...rest,
    ...(hostPort !== undefined && rest.networkMode === 'bridge' && { hostPort }),
    ...(memberOf !== undefined && { memberOf }),
  }));

const cluster: fc.Arbitrary<ClusterSpec> = fc
  .record({
    large: fc.integer({ min: 1, max: 3 }),
    xlarge: fc.integer({ min: 0, max: 3 }),
    web: fc.integer({ min: 0, max: 8 }),
    ports: fc.integer({ min: 0, max: 1 }),
    probe,
    placement: fc.constantFrom<'spread' | 'binpack'>('spread', 'binpack'),
  })
  .map(({ large, xlarge, web, ports, probe: service, placement }) => ({
    groups: [
      { name: 'large', hosts: large, instanceType: 'm5.large' },
      { name: 'xlarge', hosts: xlarge, instanceType: 'm5.xlarge' },
    ],
    services: [
      { name: 'web', desired: web, cpu: 128, memoryMiB: 512 },
      { name: 'port', desired: ports, cpu: 64, memoryMiB: 128, hostPort: 8080 },
      service,
    ],
    placement,
  }));

/** Where the account puts as many tasks of the probe as it can, and where our model says that they fit. */
async function bothPlacements(spec: ClusterSpec, seed: number) {
  const parsed = parseCapture(buildCapture(spec));
  if (!('ok' in parsed)) throw new Error(JSON.stringify(parsed.problems));
  // Each run is a process of its own: task definitions of the one before are not its own.
  beginAsNewContainer();
  const account = createAccount({ capture: parsed.ok, seed });
  account.install();
  try {
    for (const { client, service } of attachable) account.attach(client, service);
    const settled = async <T>(work: Promise<T>): Promise<T> => {
      let isDone = false;
      const done = work.finally(() => {
        isDone = true;
      });
      await account.clock.run(() => isDone, Number.POSITIVE_INFINITY);
      return done;
    };
    const world = await settled(
      readWorld(factClients, {
        cluster: 'prod',
        memory: emptyMemory('parity', account.clock.nowMs),
        nowMs: account.clock.nowMs,
        alarms: [],
        look: 'whole',
      }),
    );
    if (world === undefined) throw new Error('a small cluster is read at once');
    const { facts } = world;
    const service = facts.services.find(({ serviceName }) => serviceName === PROBE);
    const definition = facts.taskDefinitions.find(
      ({ taskDefinitionArn }) => taskDefinitionArn === service?.taskDefinitionArn,
    );
    if (!service || !definition) throw new Error('the probe is not in the facts');
    const demand = demandOf(service, definition, facts.subnetZones);
    const hosts = facts.hosts
      .map((host) => roomHost(host, new Set()))
      .filter((host): host is RoomHost => host !== undefined);
    const model = new Map(
      hosts.flatMap((host) => {
        if (constraintMisfit(demand, host) !== undefined) return [];
        const fitting = 1000 - new Room([host]).place(demand, 1000);
        return fitting > 0 ? [[host.instanceId, fitting] as const] : [];
      }),
    );

    const most = [...model.values()].reduce((sum, count) => sum + count, 0);
    await settled(
      ecs.send(new UpdateServiceCommand({ cluster: 'prod', service: PROBE, desiredCount: most + 3 })),
    );
    const untilMs = account.clock.nowMs + 240_000;
    await account.clock.run(() => account.clock.nowMs >= untilMs, untilMs);
    const placed = new Map<string, number>();
    for (const task of account.truth.tasks()) {
      if (task.serviceName !== PROBE || task.instanceId === null) continue;
      placed.set(task.instanceId, (placed.get(task.instanceId) ?? 0) + 1);
    }
    return { model: Object.fromEntries([...model].sort()), placed: Object.fromEntries([...placed].sort()) };
  } finally {
    account.uninstall();
  }
}

describe('our model of placement', () => {
  it('says of each host of a generated cluster how many more tasks ECS will place on it', async () => {
    await fc.assert(
      fc.asyncProperty(cluster, fc.integer({ min: 1, max: 1000 }), async (spec, seed) => {
        const { model, placed } = await bothPlacements(spec, seed);
        expect(placed).toEqual(model);
      }),
      { numRuns: 40, seed: 20_261_122 },
    );
  });
});
