import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LogFile } from '../../cli/log-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'log-file-'));

describe('the log of a rehearsal', () => {
  it('has every line in order, however many there are', () => {
    const path = join(folder, 'many.jsonl');
    const log = new LogFile(path);
    const lines = Array.from({ length: 2_345 }, (_, t) => ({ t, kind: 'task' }));
    for (const line of lines) log.take(line);
    log.close();

    const written = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(written.map((line) => JSON.parse(line))).toEqual(lines);
  });

  it('is not there before something happened', () => {
    const path = join(folder, 'none.jsonl');
    new LogFile(path);

    expect(existsSync(path)).toBe(false);
  });

  it('lets the rehearsal go on when it cannot be written, and says so at the end', () => {
    const log = new LogFile(join(folder, 'no', 'such', 'folder'));
    for (let t = 0; t < 2_000; t++) log.take({ t });

    expect(() => log.close()).toThrow('ENOENT');
  });
});
