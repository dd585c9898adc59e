/** `rollover bench` as a user meets it: wrong usage runs nothing. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');

describe('rollover bench, given what it cannot use', () => {
  it.each([
    [['--seeds', '0'], '--seeds: must be a whole number of 1 or more'],
    [['--only', 'no such row'], '--only: "no such row" is in no name'],
    [['--unknown'], 'unknown option'],
  ])('%s runs nothing and exits with 64', (args, message) => {
    const run = spawnSync(process.execPath, [MAIN, 'bench', ...args], { encoding: 'utf8' });
    expect(run.status).toBe(64);
    expect(run.stdout).toBe('');
    expect(run.stderr).toContain(message);
  });
});
