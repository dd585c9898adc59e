/** A capture unlike the example: old ARNs, epoch times, no target group described, a ghost, an external host, Fargate. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createAccount } from '../../../simulator/account.ts';
import type { Capture } from '../../../simulator/capture/capture.ts';
import { parseCapture } from '../../../simulator/capture/parse.ts';
import type { Observation } from '../../../simulator/observation.ts';

function legacyCapture(): Capture {
  const file = new URL('../../samples/legacy.capture.json', import.meta.url);
  const parsed = parseCapture(JSON.parse(readFileSync(file, 'utf8')));
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed.ok;
}

describe('a capture of an old cluster, as the AWS CLI prints it', () => {
  it('reads, with hosts and tasks joined across both formats of their ARNs', () => {
    const { ecs } = legacyCapture();

    const [first, second] = ecs.tasks;
    expect(first?.containerInstanceArn).toBe(ecs.containerInstances[0]?.containerInstanceArn);
    expect(second?.clusterArn).toBe(ecs.clusters[0]?.clusterArn);
  });

  it('gets a zone for the subnet that no host stands in', () => {
    const { ec2 } = legacyCapture();

    expect(ec2.subnets.map(({ SubnetId, AvailabilityZone }) => [SubnetId, AvailabilityZone])).toEqual([
      ['subnet-0aaaaaaaaaaaaaaa1', 'us-east-1a'],
      ['subnet-0aaaaaaaaaaaaaaa2', 'us-east-1b'],
    ]);
  });

  it('stands still in the account, with everything that it holds', async () => {
    const account = createAccount({ capture: legacyCapture(), seed: 3 });
    const present: Observation[] = [];
    const later: Observation[] = [];
    account.observe((observation) => (account.clock.elapsedSeconds > 0 ? later : present).push(observation));
    account.install();
    try {
      await account.clock.run(() => false, account.clock.startMs + 3_600_000);
    } finally {
      account.uninstall();
    }

    const count = (kind: Observation['kind']) => present.filter((one) => one.kind === kind).length;
    expect([count('host'), count('container-instance'), count('task'), count('service')]).toEqual([
      1, 3, 3, 2,
    ]);
    expect(later.filter(({ kind }) => kind === 'task' || kind === 'host' || kind === 'service')).toEqual([]);
  });
});
