/** docs/safety.md names files, tests, orchestrators and commands: all of them exist. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BY_HAND } from './orchestrators/by-hand.ts';
import { HAND_ROLLERS, MUTANTS, SUSPECTS } from './orchestrators/detection.ts';

const ROOT = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');
const page = read('docs/safety.md');

/** `path/of.ts` or a folder, wherever it stands: in the text, in the table, in a command. */
const paths = new Set(
  [
    ...page.matchAll(
      /\b(?:functions|rehearsal|simulator|test|cli)\/[\w./-]*\w\/?|\.ci\/run|\b[\w.]+\.json\b/g,
    ),
  ].map(([path]) => path),
);
const links = [...page.matchAll(/\]\(([\w.-]+\.md)\)/g)].map(([, file]) => `docs/${file}`);
/** “Quoted” is what a test or an orchestrator is called. */
const quoted = new Set([...page.matchAll(/“([^”]+)”/g)].map(([, name = '']) => name));

describe('docs/safety.md', () => {
  it('names only files that are there', () => {
    expect(paths.size).toBeGreaterThan(30);
    expect([...paths, ...links].filter((path) => !existsSync(new URL(path, ROOT)))).toEqual([]);
  });

  it('names only orchestrators and tests that are there', () => {
    const tests = globSync('test/**/*.test.ts', { cwd: ROOT }).map(read).join('\n');
    const suspects = new Set(SUSPECTS.map(({ name }) => name));
    const isTest = (name: string) => tests.includes(`'${name}'`);
    const isKind = (name: string) => name === 'By hand' || name === 'ours';
    expect(quoted.size).toBeGreaterThan(40);
    expect([...quoted].filter((name) => !isKind(name) && !suspects.has(name) && !isTest(name))).toEqual([]);
  });

  it('counts the wrong orchestrators right', () => {
    expect(page).toContain(`${HAND_ROLLERS.length} that roll a small cluster by hand`);
    expect(page).toContain(`one of its guards, ${MUTANTS.length} times`);
  });

  it('names for each invariant orchestrators that are told this very one', () => {
    const told = new Map<string, readonly string[]>([
      ...BY_HAND.map(({ name, caughtBy }) => [`by hand: ${name}`, caughtBy] as const),
      ...MUTANTS.map(({ name, caughtBy }) => [`ours, but it no longer ${name}`, caughtBy] as const),
    ]);
    const rows = [...page.matchAll(/^\| (I\d+) \|.*$/gm)].map(([row, id = '']) => ({ row, id }));
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 13 }, (_, n) => `I${n + 1}`));
    for (const { row, id } of rows) {
      const named = [...row.matchAll(/“([^”]+)”/g)].flatMap(([, name = '']) => told.get(name) ?? []);
      expect(named, id).toContain(id);
    }
  });
});
