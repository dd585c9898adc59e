/** Holds docs/nist-800-190.md to what there is: each test, scenario and field of the evidence that it names exists. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const file = (path: string) => new URL(`../${path}`, import.meta.url);
const page = readFileSync(file('docs/nist-800-190.md'), 'utf8');

/** Source: NIST SP 800-190, section 3: how many risks each of its classes has. */
const RISKS = { '3.1': 5, '3.2': 3, '3.3': 5, '3.4': 5, '3.5': 5 };

const rows = page
  .split('\n')
  .filter((line) => /^\| 3\.\d\.\d /.test(line))
  .map((line) => line.split('|').slice(1, -1))
  .map(([risk = '', does = '', test = '', scenario = '', evidence = '']) => ({
    risk: risk.trim(),
    does: does.trim(),
    tests: quoted(test),
    scenarios: quoted(scenario),
    fields: quoted(evidence),
  }));

describe('docs/nist-800-190.md', () => {
  it('has every risk of the five classes, once and in order', () => {
    const numbers = Object.entries(RISKS).flatMap(([of, count]) =>
      Array.from({ length: count }, (_, index) => `${of}.${index + 1}`),
    );
    expect(rows.map(({ risk }) => risk.split(' ')[0])).toEqual(numbers);
  });

  it.each(rows.map((row) => [row.risk, row] as const))('proves %s, or says whose it is', (_, row) => {
    if (!row.does.startsWith('**not ours**')) {
      expect(row.tests).not.toEqual([]);
      expect(row.fields).not.toEqual([]);
    } else {
      expect(row.does.length).toBeGreaterThan('**not ours**: '.length);
    }
    expect(row.tests.filter((path) => !existsSync(file(path)))).toEqual([]);
    expect(
      row.scenarios.filter((name) => !existsSync(file(`rehearsal/gallery/${name}/scenario.json`))),
    ).toEqual([]);
    expect(row.fields.filter((path) => !isField(path))).toEqual([]);
  });
});

function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
}

/** Whether the schema of the evidence has this field, written as `clusters[].hosts[].ageDays`. */
function isField(path: string): boolean {
  const schema = readFileSync(file('cli/evidence/evidence.ts'), 'utf8');
  let type = 'Evidence';
  for (const step of path.split('.')) {
    const [, name = '', list = ''] = /^(\w+)((?:\[\])?)$/.exec(step) ?? [];
    const body =
      new RegExp(`^export interface ${type} \\{\\n([\\s\\S]*?)^\\}`, 'm').exec(schema)?.[1] ?? type;
    const [, written = ''] = new RegExp(`readonly ${name}\\??: (\\{[\\s\\S]*?\\}|[^;]+);`).exec(body) ?? [];
    if (written === '' || written.endsWith('[]') !== (list === '[]' || written === 'readonly string[]'))
      return false;
    type = written.startsWith('{') ? written : (/[A-Z]\w+/.exec(written)?.[0] ?? written);
  }
  return true;
}
