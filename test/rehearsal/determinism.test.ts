/** The same seed gives the same bytes, whatever the process did before. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readInput } from '../../cli/rehearse-input.ts';
import { buildCapture } from '../../rehearsal/clusters/build.ts';
import { rehearse } from '../../rehearsal/rehearse.ts';

const CLI = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'cli', 'main.ts');
const MINUTE = 60_000;
const PARAMETER = '/platform/ecs/image';

interface Told {
  readonly result: string;
  readonly log: string;
}

let folder = '';
const capture = () => join(folder, 'capture.json');

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollover-determinism-'));
  const cluster = buildCapture({
    groups: [
      { name: 'web', hosts: 3, instanceType: 'm5.xlarge', imageReference: `resolve:ssm:${PARAMETER}` },
    ],
    services: [
      {
        name: 'api',
        desired: 6,
        cpu: 256,
        memoryMiB: 512,
        loadBalancer: { deregistrationDelaySeconds: 30, intervalSeconds: 10, healthyThreshold: 2 },
      },
      { name: 'logs', desired: 0, daemon: true },
    ],
    placement: 'spread',
    parameters: { [PARAMETER]: 'ami-0bbbbbbbbbbbbbbb2' },
  });
  writeFileSync(capture(), JSON.stringify(cluster));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function here(seed: number): Promise<Told> {
  const { result, log } = await rehearse(readInput({ capture: capture(), seed: String(seed) }));
  return {
    result: `${JSON.stringify(result, null, 2)}\n`,
    log: log.map((line) => `${JSON.stringify(line)}\n`).join(''),
  };
}

async function inItsOwnProcess(seed: number): Promise<Told> {
  const log = join(folder, `log-${seed}.jsonl`);
  const options = ['--capture', capture(), '--seed', String(seed), '--json', '--log', log];
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, 'rehearse', ...options]);
  return { result: stdout, log: readFileSync(log, 'utf8') };
}

describe('a rehearsal', () => {
  it(
    'of one seed tells the same, byte for byte, first in a process, after others, and in a process of its own',
    async () => {
      const first = await here(1);
      const other = await here(2);
      const again = await here(1);
      const alone = await inItsOwnProcess(1);
      expect(JSON.parse(first.result)).toMatchObject({ outcome: 'SUCCEEDED', violations: [] });
      expect(again.result).toBe(first.result);
      expect(again.log === first.log).toBe(true);
      expect(alone.result).toBe(first.result);
      expect(alone.log === first.log).toBe(true);
      expect(other.log === first.log).toBe(false);
    },
    2 * MINUTE,
  );
});
