/**
 * The tier's own Python: a virtual environment with exactly what requirements.txt names, made once and kept in `.cache/`
 * (ignored by git). Its folder's name is that of its content, so an environment that is there is right: it is used without
 * network, and two runs at once do not disturb each other. What older requirements left there is removed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url));
const CACHE = fileURLToPath(new URL('../../.cache/emulator', import.meta.url));
/** The newest Python that every pinned package asks for at least. */
const PYTHON_MIN = [3, 11] as const;
const BUILDING = 'building-';

/** The tier cannot run here; the message says what is missing and what to do. */
export class NoPython extends Error {
  override readonly name = 'NoPython';
}

/**
 * Path of the environment's interpreter; makes the environment where it is not there yet (about half a minute, network).
 *
 * @throws NoPython without a python3 that is new enough, without its venv module, or where pip cannot install
 */
export function environmentPython(): string {
  const version = basePython();
  const content = createHash('sha256').update(readFileSync(REQUIREMENTS)).update(version).digest('hex');
  const home = join(CACHE, content.slice(0, 16));
  if (!existsSync(home)) {
    makeEnvironment(home);
    for (const name of readdirSync(CACHE)) {
      if (join(CACHE, name) !== home && !name.startsWith(BUILDING))
        rmSync(join(CACHE, name), { recursive: true });
    }
  }
  return interpreterIn(home);
}

function makeEnvironment(home: string): void {
  process.stderr.write(
    `Making the emulator's Python environment (first run, or requirements.txt changed) …\n`,
  );
  const building = join(CACHE, `${BUILDING}${process.pid}`);
  rmSync(building, { recursive: true, force: true });
  mkdirSync(CACHE, { recursive: true });
  try {
    must(
      ['python3', '-m', 'venv', building],
      'python3 cannot make a virtual environment: install its venv module',
    );
    must(
      [
        interpreterIn(building),
        '-m',
        'pip',
        'install',
        '--quiet',
        '--disable-pip-version-check',
        '-r',
        REQUIREMENTS,
      ],
      'pip could not install test/emulator/requirements.txt (the first run needs a Python package index)',
    );
    // Interpreters find their packages beside themselves, wherever the folder was when it was filled.
    if (!existsSync(home)) renameSync(building, home);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
}

/** Its version, as text. */
function basePython(): string {
  const asked = spawnSync(
    'python3',
    ['-c', 'import sys; print("%d.%d" % sys.version_info[:2], sys.prefix)'],
    {
      encoding: 'utf8',
    },
  );
  const [major = 0, minor = 0] = (asked.stdout?.split(' ')[0] ?? '').split('.').map(Number);
  if (asked.status === 0 && (major > PYTHON_MIN[0] || (major === PYTHON_MIN[0] && minor >= PYTHON_MIN[1]))) {
    return asked.stdout.trim();
  }
  const found = asked.status === 0 ? `python3 here is ${major}.${minor}` : 'there is no python3 on the PATH';
  throw new NoPython(
    `npm run test:emulator needs Python ${PYTHON_MIN.join('.')} or newer with its venv module: ${found}. Install it and run this again.`,
  );
}

function must([command = '', ...args]: readonly string[], problem: string): void {
  const done = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (done.status !== 0) throw new NoPython(`${problem}; the message above says why. Nothing was run.`);
}

function interpreterIn(home: string): string {
  return process.platform === 'win32' ? join(home, 'Scripts', 'python.exe') : join(home, 'bin', 'python');
}
