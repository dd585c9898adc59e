/** The command in a process of its own, as a person starts it: how long it takes by the clock on the wall, what it needs. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { buildCapture } from '../clusters/build.ts';
import type { ClusterSpec } from '../clusters/spec.ts';
import type { RehearsalResult } from '../result.ts';

const MAIN = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'cli', 'main.ts');
const MARK = 'peak memory KiB:';
/** Loaded before the command; `maxRSS` is in KiB. Source: Node.js, process.resourceUsage. */
const WATCHER = `process.on('exit', () => process.stderr.write('\\n${MARK} ' + process.resourceUsage().maxRSS + '\\n'))`;

export interface FreshRun {
  readonly wallSeconds: number;
  readonly peakMebibytes: number;
  readonly result: RehearsalResult;
}

/** @throws Error with what the command said, when it printed no result */
export async function runFresh(
  spec: ClusterSpec,
  settings: Readonly<Record<string, unknown>>,
  seed: number,
): Promise<FreshRun> {
  const folder = mkdtempSync(join(tmpdir(), 'rollover-bench-'));
  const capture = join(folder, 'capture.json');
  writeFileSync(capture, JSON.stringify(buildCapture(spec)));
  try {
    const startedMs = performance.now();
    const { stdout, stderr } = await run([
      '--import',
      `data:text/javascript,${encodeURIComponent(WATCHER)}`,
      MAIN,
      'rehearse',
      '--json',
      ...['--capture', capture, '--settings', JSON.stringify(settings), '--seed', String(seed)],
    ]);
    const wallSeconds = (performance.now() - startedMs) / 1000;
    if (stdout === '') throw new Error(`the rehearsal printed no result: ${stderr.trim()}`);
    const peakKibibytes = Number(stderr.split(MARK).at(-1)?.trim().split('\n')[0]);
    return {
      wallSeconds,
      peakMebibytes: peakKibibytes / 1024,
      result: JSON.parse(stdout) as RehearsalResult,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(args: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (some: Buffer) => out.push(some));
    child.stderr.on('data', (some: Buffer) => err.push(some));
    child.on('error', reject);
    child.on('close', () =>
      resolve({ stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
  });
}
