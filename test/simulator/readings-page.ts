/** The section of `docs/simulator.md` that lists every unconfirmed question, made of the table itself. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { QUESTIONS } from '../../simulator/readings.ts';

const PAGE = new URL('../../docs/simulator.md', import.meta.url);
const FIRST = '| reading | question | yes | no | for safety |';

const cell = (text: string) => text.replaceAll('|', '\\|');

export function readingsTable(): string {
  const rows = Object.entries(QUESTIONS).map(
    ([name, { question, yes, no, safety }]) =>
      `| ${[`\`${name}\``, question, yes, no, safety].map(cell).join(' | ')} |`,
  );
  return [FIRST, '|---|---|---|---|---|', ...rows].join('\n');
}

/** As it stands in the page, from its first line to the empty line behind it. */
export function tableInPage(): string {
  const page = readFileSync(PAGE, 'utf8');
  const from = page.indexOf(FIRST);
  return from < 0 ? '' : page.slice(from, page.indexOf('\n\n', from));
}

export function writeTable(): void {
  const page = readFileSync(PAGE, 'utf8');
  writeFileSync(
    PAGE,
    page.replace(tableInPage(), () => readingsTable()),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeTable();
