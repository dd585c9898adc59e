/** What `npm test` runs, in order: Biome, the type check, all tests that need no other runtime. Ends at the first failure. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = (name, file) => join(root, 'node_modules', name, file);

const testArgs = process.argv.slice(2).filter((arg) => arg !== '--no-tests');

const steps = [
  ['biome', bin('@biomejs/biome', 'bin/biome'), ['check', '--error-on-warnings']],
  ['types', bin('typescript', 'bin/tsc'), ['--noEmit']],
  ...(process.argv.includes('--no-tests')
    ? []
    : [['tests', bin('vitest', 'vitest.mjs'), ['run', ...testArgs]]]),
];

for (const [name, script, args] of steps) {
  const step = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
  if (step.status !== 0) {
    process.stderr.write(`\n${name} failed\n`);
    process.exit(step.status ?? 1);
  }
}
