/**
 * What `npm pack` runs first (`prepack`): JavaScript and types into `dist/`, since Node strips no types under
 * `node_modules`. The tree stays as it is, so whatever is read beside a file is found beside its copy.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

rmSync(join(root, 'dist'), { recursive: true, force: true });
for (const project of ['tsconfig.package.json', 'tsconfig.types.json']) {
  // Standard output belongs to `npm pack --json`.
  const step = spawnSync(process.execPath, [compiler, '-p', project], { cwd: root, stdio: ['ignore', 2, 2] });
  if (step.status !== 0) process.exit(step.status ?? 1);
}
for (const data of ['statemachine', join('rehearsal', 'example')]) {
  cpSync(join(root, data), join(root, 'dist', data), { recursive: true });
}
