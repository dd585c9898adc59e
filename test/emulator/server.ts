/**
 * The emulator's process.
 *
 * Started by `startServer` on 127.0.0.1, on a port that is free. Ends by `stop`, which ends that one process by its id and
 * waits for it; by itself when its standard input closes, so also with a runner that is killed; or by a defect of its own:
 * `ended` then resolves, and says with what last words.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('serve.py', import.meta.url));
/** A cold import on a busy machine takes ten seconds. */
const START_MS = 120_000;
const LAST_WORDS = 40;

export interface Server {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly pid: number;
  /** Resolves with its last lines, however it ended. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/** @throws Error with what it said, where it does not listen in time */
export async function startServer(python: string): Promise<Server> {
  const child = spawn(python, ['-u', PROGRAM], {
    stdio: ['pipe', 'ignore', 'pipe'],
    // Behaves like AWS with images and instance types, so what a launch refuses is seen.
    env: {
      ...process.env,
      MOTO_ENABLE_AMI_VALIDATION: 'true',
      MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION: 'true',
    },
  });
  const lines: string[] = [];
  const lastWords = () => lines.slice(-LAST_WORDS).join('\n');
  const ended = new Promise<string>((resolve) => child.once('exit', () => resolve(lastWords())));
  const listening = new Promise<string>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      lines.push(...text.split('\n').filter((line) => line !== ''));
      lines.splice(0, Math.max(0, lines.length - LAST_WORDS));
      const url = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(text)?.[1];
      if (url !== undefined) resolve(url);
    });
  });
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the emulator does not listen:\n${lastWords()}`)), START_MS);
  });
  const dead = ended.then((words) => Promise.reject(new Error(`the emulator ended at once:\n${words}`)));
  const stop = async () => {
    child.kill();
    await ended;
  };
  try {
    const url = await Promise.race([listening, tooLate, dead]);
    return { url, pid: child.pid ?? 0, ended, stop };
  } catch (error) {
    child.kill();
    throw error;
  } finally {
    clearTimeout(timer);
    dead.catch(() => {});
  }
}
