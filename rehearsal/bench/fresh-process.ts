/** The command in a process of its own, as a person starts it: how long it takes by the clock on the wall, what it needs. */
import { spawn } from 'node:child_process';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { buildCapture } from '../clusters/build.ts';
import type { ClusterSpec } from '../clusters/spec.ts';
import type { LogLine } from '../log.ts';
import type { RehearsalResult } from '../result.ts';
import { countedIn, type Measured } from './run-ours.ts';

const MAIN = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'cli', 'main.ts');
const MARK = 'peak memory KiB:';
/** Loaded before the command; `maxRSS` is in KiB. Source: Node.js, process.resourceUsage. */
const WATCHER = `process.on('exit', () => process.stderr.write('\\n${MARK} ' + process.resourceUsage().maxRSS + '\\n'))`;

export interface FreshRun extends Measured {
  readonly wallSeconds: number;
  readonly peakMebibytes: number;
}

/**
 * @param keepsLog the command writes its log too, which tells executions and calls; that takes it some time
 * @throws Error with what the command said, when it printed no result
 */
export async function runFresh(
  spec: ClusterSpec,
  settings: Readonly<Record<string, unknown>>,
  seed: number,
  keepsLog: boolean,
): Promise<FreshRun> {
  const folder = mkdtempSync(join(tmpdir(), 'rollover-bench-'));
  const capture = join(folder, 'capture.json');
  const log = join(folder, 'log.jsonl');
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
      ...(keepsLog ? ['--log', log] : []),
    ]);
    const wallSeconds = (performance.now() - startedMs) / 1000;
    if (stdout === '') throw new Error(`the rehearsal printed no result: ${stderr.trim()}`);
    const peakKibibytes = Number(stderr.split(MARK).at(-1)?.trim().split('\n')[0]);
    const counted = keepsLog ? countedIn(await linesOf(log)) : { apiShare: null, executions: null };
    return {
      ...counted,
      wallSeconds,
      peakMebibytes: peakKibibytes / 1024,
      result: JSON.parse(stdout) as RehearsalResult,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Only the lines that are counted: the whole log of a large cluster is a gigabyte. */
async function linesOf(file: string): Promise<readonly LogLine[]> {
  const wanted: LogLine[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (line.includes('"kind":"call"') || line.includes('"kind":"state"'))
      wanted.push(JSON.parse(line) as LogLine);
  }
  return wanted;
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
