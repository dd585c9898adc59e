/**
 * `npm run test:emulator [VITEST OPTION ...]`: the product against an AWS that we did not write, over the wire.
 *
 * Makes the Python environment where it is missing, starts the emulator, runs the tests of this folder against it, and ends
 * the emulator: after the tests, whatever they say; on SIGINT and SIGTERM, which the tests get first; and should this
 * process be killed, the emulator notices by itself. Exits as the tests did; 1, with one sentence, where it cannot run.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environmentPython } from './python.ts';
import { startServer } from './server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const VITEST = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
const CONFIG = join(ROOT, 'test', 'emulator', 'vitest.config.ts');

process.exitCode = await run(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});

async function run(options: readonly string[]): Promise<number> {
  const python = environmentPython();
  const server = await startServer(python);
  try {
    const tests = spawn(process.execPath, [VITEST, 'run', '--config', CONFIG, ...options], {
      cwd: ROOT,
      stdio: 'inherit',
      env: { ...withoutAws(process.env), EMULATOR_URL: server.url, EMULATOR_PYTHON: python },
    });
    const pass = (signal: NodeJS.Signals) => void tests.kill(signal);
    process.on('SIGINT', pass).on('SIGTERM', pass);
    void server.ended.then((words) => {
      if (tests.exitCode === null)
        process.stderr.write(`the emulator ended before the tests did:\n${words}\n`);
    });
    return await new Promise((resolve) => tests.once('exit', (code) => resolve(code ?? 1)));
  } finally {
    await server.stop();
  }
}

/** No profile, credentials or endpoint of whoever runs the tests. */
function withoutAws(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('AWS_')));
}
