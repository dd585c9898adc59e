/**
 * Installs what is missing, and only then: run before `npm start` and `npm test`, on whatever Node npm came with.
 *
 * npm writes `node_modules/.package-lock.json` at the end of every install. When the packages it lists differ from the
 * lock file's, or it is absent, something is missing.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

if (!isInstalled()) {
  process.stderr.write('Installing packages (first run, or the lock file changed) …\n');
  const command = existsSync(join(root, 'package-lock.json')) ? 'ci' : 'install';
  const install = spawnSync('npm', [command, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (install.status !== 0) {
    process.stderr.write(`npm ${command} failed; the message above says why. Nothing was run.\n`);
    process.exit(install.status ?? 1);
  }
}

/** Whether every package of the lock file is in place, optional ones of other platforms left out. */
function isInstalled() {
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const present = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  if (!wanted || !present) return false;
  return Object.entries(wanted).every(([place, entry]) => {
    if (place === '') return true;
    const found = present[place];
    return found ? found.version === entry.version : entry.optional === true || entry.devOptional === true;
  });
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}
