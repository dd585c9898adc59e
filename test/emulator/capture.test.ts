/** From a live account to a rehearsal: `rollover capture` over the wire, and what it wrote into `rollover rehearse`. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmulator } from './emulator.ts';
import type { Gateway } from './gateway.ts';
import { CLUSTER, makeClients, makeCluster, type World } from './world/cluster.ts';
import { asAwsDescribes } from './world/mended-capture.ts';

const CLI = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const SIZE = { hosts: 3, tasks: 6 };
const EXIT_CANNOT_BE_REHEARSED = 1;

const directory = mkdtempSync(join(tmpdir(), 'rollover-emulator-'));
const file = join(directory, 'capture.json');
let gateway: Gateway;
let world: World;

beforeAll(async () => {
  gateway = await openEmulator();
  world = await makeCluster(makeClients(), SIZE);
  gateway.actions.length = 0;
});
afterAll(async () => {
  await gateway.close();
  rmSync(directory, { recursive: true });
});

describe('rollover capture, over the wire', () => {
  it('writes down the whole cluster, and only reads', async () => {
    const done = await rollover('capture', '--cluster', CLUSTER, '--image', world.newImage, '--out', file);

    const { ecs, autoScaling, ec2 } = JSON.parse(readFileSync(file, 'utf8'));
    const counted = [
      ecs.containerInstances,
      ecs.tasks,
      ecs.services,
      ec2.instances,
      autoScaling.autoScalingGroups,
    ];
    expect(counted.map((list) => list.length)).toEqual([
      SIZE.hosts,
      SIZE.tasks + SIZE.hosts,
      2,
      SIZE.hosts,
      1,
    ]);
    expect(ec2.images.map((image: { ImageId: string }) => image.ImageId).sort()).toEqual(
      [world.oldImage, world.newImage].sort(),
    );
    expect(gateway.actions.filter((action) => !/:(Describe|List|Get)/.test(action))).toEqual([]);
    // The one thing that AWS never says: a task without a launch type (contract/differences.ts).
    expect(done).toMatchObject({ status: EXIT_CANNOT_BE_REHEARSED });
    const problems = done.stderr.split('\n').filter((line) => line.startsWith('  '));
    expect(problems).toHaveLength(SIZE.tasks + SIZE.hosts);
    expect(problems.filter((line) => !/ecs\.tasks\[\d+\]\.launchType/.test(line))).toEqual([]);
  });

  it('is rehearsed: the run that the operator would see, on the cluster that the emulator has', async () => {
    writeFileSync(file, JSON.stringify(asAwsDescribes(JSON.parse(readFileSync(file, 'utf8')))));
    const request = JSON.stringify({ cluster: CLUSTER, image: world.newImage });

    const done = await rollover('rehearse', '--capture', file, '--request', request, '--json');

    const result = JSON.parse(done.stdout);
    expect(result).toMatchObject({ outcome: 'SUCCEEDED', restored: true, violations: [] });
    expect(result.instances).toMatchObject({ outdated: SIZE.hosts, replaced: SIZE.hosts });
    expect(result.tasks).toMatchObject({ total: SIZE.tasks, killed: 0 });
    expect(done.status).toBe(0);
  });
});

function rollover(...args: string[]) {
  const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise<{ status: number | null; stdout: string; stderr: string }>((resolve) => {
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  });
}
