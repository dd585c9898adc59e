/** The command as a user meets it: started as a process, with input that cannot be used. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollover-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function rollover(...args: string[]) {
  const run = spawnSync(process.execPath, [join(root, 'cli', 'rollover.mjs'), ...args], { encoding: 'utf8' });
  return { exit: run.status, out: run.stdout, err: run.stderr };
}

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('rollover rehearse, given what it cannot use', () => {
  it('names every problem of every input at once, runs nothing and exits with 64', () => {
    const capture = file('capture.json', {
      version: 1,
      region: 'eu-west-1',
      accountId: '111122223333',
      ecs: { clusterz: [] },
    });
    const scenario = file('scenario.json', {
      faults: [{ kind: 'meteor', atSeconds: 1 }],
      horizonSeconds: -1,
    });
    const { exit, out, err } = rollover(
      'rehearse',
      '--capture',
      capture,
      '--scenario',
      scenario,
      '--request',
      '{"cluster":"prod","mode":"rol"}',
      '--settings',
      '{"surge":"lots"}',
      '--seed',
      'x',
      '--report',
      join(folder, 'nowhere', 'r.html'),
      '--json',
    );

    expect(exit).toBe(64);
    expect(out).toBe('');
    for (const named of [
      'clusterz',
      'capturedAt',
      'meteor',
      'horizonSeconds',
      'mode',
      'surge',
      '--seed',
      '--report',
    ]) {
      expect(err).toContain(named);
    }
    expect(err).not.toMatch(/\n\s+at /);
  });

  it.each([
    ['a file that is not there', ['--capture', 'no-such-file.json'], 'no-such-file.json'],
    ['an option that does not exist', ['--sead', '1'], '--sead'],
    ['JSON that is none', ['--request', '{cluster}'], '--request'],
  ])('says what is wrong with %s', (_, args, named) => {
    const { exit, out, err } = rollover('rehearse', ...args, '--json');
    expect({ exit, out }).toEqual({ exit: 64, out: '' });
    expect(err).toContain(named);
  });

  it('refuses a scenario that has a request and an event', () => {
    const scenario = file('both.json', { request: { cluster: 'prod' }, event: {} });
    const { exit, err } = rollover('rehearse', '--scenario', scenario);
    expect(exit).toBe(64);
    expect(err).toContain('either a request or an event');
  });

  it('exits with 64 for a command that it does not know', () => {
    expect(rollover('roll-everything').exit).toBe(64);
  });
});
