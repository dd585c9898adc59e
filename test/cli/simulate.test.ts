/** `rollover simulate` as a user meets it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const MAIN = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
const rollover = (...args: string[]) => spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });

it.each([
  [
    ['--seeds', '9..3', '--minutes', '0', '--only-kind', 'earthquake', '--workers', '0'],
    [
      '--seeds: must be two whole numbers',
      '--minutes: must be a number above 0',
      '--only-kind: no kind "earthquake" is drawn',
      '--workers: must be a whole number of 1 or more',
    ],
  ],
  [['--write', 'x'], ['--write: takes one seed']],
  [['--unknown'], ['unknown option']],
])('given %s it runs nothing, names every problem and exits with 64', (args, messages) => {
  const run = rollover('simulate', ...args);
  expect(run.status).toBe(64);
  expect(run.stdout).toBe('');
  for (const message of messages) expect(run.stderr).toContain(message);
});

it('a seed is written as the files that rollover rehearse takes, and ends there as it does in the campaign', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rollover-simulate-'));
  try {
    const campaign = rollover(
      'simulate',
      '--seeds',
      '48..48',
      '--only-kind',
      'none',
      '--write',
      folder,
      '--json',
    );
    expect(campaign.status).toBe(0);
    const told = JSON.parse(campaign.stdout);
    expect(told).toMatchObject({ seeds: { first: 48, last: 48, run: 1 }, failed: [] });
    const command = /^rollover (rehearse .*)$/m.exec(campaign.stderr)?.[1] ?? '';
    const rehearsal = rollover(...command.split(' '), '--json');
    const { outcome } = JSON.parse(rehearsal.stdout);
    expect(told.outcomes).toEqual({ [outcome]: 1 });
    expect(outcome).toBe('SUCCEEDED');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
