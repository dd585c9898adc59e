import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { conformancePage, statementsIn, writtenPage } from './conformance-page.ts';

const SUITE = new URL('./conformance/', import.meta.url);
const files = readdirSync(SUITE).filter((name) => name.endsWith('.test.ts'));

describe('docs/conformance.md', () => {
  it('lists every statement of the suite (renew: node test/simulator/conformance-page.ts)', () => {
    expect(writtenPage()).toBe(conformancePage());
  });

  it.each(files)('%s names a source and none of its tests is missed', (name) => {
    const text = readFileSync(new URL(name, SUITE), 'utf8');
    const { source, statements } = statementsIn(text);
    const comments = statements.map(({ comment }) => comment).join(' ');
    expect(`${source} ${comments}`).toMatch(/user guide|developer guide|reference|Source/i);
    const tests = text.match(/^\s*it(\.each)?[<(]/gm) ?? [];
    expect(statements.filter(({ kind }) => kind === 'it')).toHaveLength(tests.length);
  });
});
