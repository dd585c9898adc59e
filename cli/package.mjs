/**
 * What `npm pack` runs first (`prepack`): JavaScript and types into `dist/`, since Node strips no types under
 * `node_modules`. The tree stays as it is, so whatever is read beside a file is found beside its copy.
 *
 * esbuild makes the JavaScript and the compiler only the types: TypeScript 7.0.2 writes `{ _a: … }` for the property
 * `{ Execution: … }` inside the class Execution.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundleHandlers } from '../infra/bundles.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');

/** Each file stays a file of its own: imports of others only change their extension. */
const separateFiles = {
  name: 'separate files',
  setup({ onResolve }) {
    onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path: path.replace(/\.ts$/, '.js'), external: true },
    );
  },
};

rmSync(dist, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: globSync('{simulator,rehearsal,functions,infra,cli}/**/*.ts', { cwd: root }),
  outbase: root,
  outdir: dist,
  bundle: true,
  packages: 'external',
  plugins: [separateFiles],
  platform: 'node',
  format: 'esm',
  target: 'node22',
  logLevel: 'warning',
});
// Standard output belongs to `npm pack --json`.
const types = spawnSync(
  process.execPath,
  [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.types.json'],
  { cwd: root, stdio: ['ignore', 2, 2] },
);
if (types.status !== 0) process.exit(types.status ?? 1);
// For the construct, whose user has neither the handlers' sources nor esbuild (infra/code.ts).
await bundleHandlers(join(dist, 'lambda'));
for (const data of ['statemachine', join('rehearsal', 'example')]) {
  cpSync(join(root, data), join(dist, data), { recursive: true });
}
