/**
 * `docs/conformance.md`: what AWS says and the embedded account keeps, made of the titles and comments of
 * `test/simulator/conformance`. `node test/simulator/conformance-page.ts` writes it anew.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PAGE = new URL('../../docs/conformance.md', import.meta.url);
const SUITE = new URL('./conformance/', import.meta.url);
const TITLE = /(?:\b(describe|it)|\))\(\s*(['"])((?:\\.|(?!\2).)*)\2,\s*(?:\{[^}]*\},\s*)?(?:async )?\(/g;

interface Statement {
  readonly kind: 'describe' | 'it';
  readonly title: string;
  /** The comment right above it, its source most often. */
  readonly comment: string;
}

/** What one file of the suite says, in its order. */
export function statementsIn(text: string): { readonly source: string; readonly statements: Statement[] } {
  const statements: Statement[] = [];
  for (const match of text.matchAll(TITLE)) {
    const kind = match[1] === 'describe' ? 'describe' : 'it';
    const title = (match[3] ?? '').replace(/\\(.)/g, '$1').replace(/%[sij]/g, '…');
    const start = match[1] === undefined ? text.lastIndexOf('it.each', match.index) : match.index;
    statements.push({ kind, title, comment: commentAbove(text, start) });
  }
  const header = /^\/\*\*([\s\S]*?)\*\//.exec(text)?.[1] ?? '';
  return { source: oneLine(header.replace(/^\s*\* ?/gm, '')), statements };
}

export function conformancePage(): string {
  const files = readdirSync(SUITE).filter((name) => name.endsWith('.test.ts'));
  const subjects = files.sort().map((name) => {
    const { source, statements } = statementsIn(readFileSync(new URL(name, SUITE), 'utf8'));
    return { subject: name.replace('.test.ts', ''), source, statements };
  });
  const count = (statements: readonly Statement[]) => statements.filter(({ kind }) => kind === 'it').length;
  const total = subjects.reduce((sum, { statements }) => sum + count(statements), 0);
  return [
    '# What the embedded account keeps of AWS’s word',
    '',
    `${total} statements, each a test of \`test/simulator/conformance\` that knows nothing of the product. Words in double quotes are AWS's, dots where some are left out; all others are ours. What AWS leaves open is in [simulator.md](simulator.md#where-aws-does-not-say). Written by \`node test/simulator/conformance-page.ts\`.`,
    ...subjects.flatMap(({ subject, source, statements }) => [
      '',
      `## ${subject} (${count(statements)})`,
      '',
      source,
      '',
      ...statements.map(({ kind, title, comment }) => {
        const said = comment === '' ? '' : ` *(${comment.replace(/\.$/, '')})*`;
        return kind === 'describe' ? `- **${title}**${said}` : `- ${title}${said}`;
      }),
    ]),
    '',
  ].join('\n');
}

export function writtenPage(): string {
  return readFileSync(PAGE, 'utf8');
}

function commentAbove(text: string, at: number): string {
  const above = text.slice(0, text.lastIndexOf('\n', at) + 1).split('\n');
  above.pop();
  const lines: string[] = [];
  for (let line = above.pop(); line?.trim().startsWith('//'); line = above.pop())
    lines.unshift(line.trim().slice(2));
  return oneLine(lines.join(' '));
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, conformancePage());
