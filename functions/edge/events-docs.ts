/** The tables of docs/events.md, from the rules and the kinds of notifications themselves. `node functions/edge/events-docs.ts` renews them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { NOTIFICATION_ROWS } from '../core/notification-kinds.ts';
import { EVENT_RULES } from './event-patterns.ts';

const PAGE = new URL('../../docs/events.md', import.meta.url);

function rulesTable(): string {
  return [
    '| rule | what it is | event | only where its detail has | goes to |',
    '|---|---|---|---|---|',
    ...EVENT_RULES.map(
      ({ name, description, source, detailType, detail, target }) =>
        `| ${name} | ${description} | \`${source}\` · ${detailType} | \`${JSON.stringify(detail)}\` | ${target} |`,
    ),
  ].join('\n');
}

function kindsTable(): string {
  return [
    '| kind | when |',
    '|---|---|',
    ...NOTIFICATION_ROWS.map(
      ({ kinds, when }) => `| ${kinds.map((kind) => `\`${kind}\``).join(' ')} | ${when} |`,
    ),
  ].join('\n');
}

/** The page with its tables as they should be; everything else is written by hand. */
export function withTables(page: string): string {
  return between(between(page, 'rules', rulesTable()), 'kinds', kindsTable());
}

function between(page: string, name: string, text: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [page.indexOf(open), page.indexOf(close)];
  if (from < 0 || to < from) throw new Error(`docs/events.md has no ${open} … ${close}`);
  return `${page.slice(0, from + open.length)}\n${text}\n${page.slice(to)}`;
}

if (import.meta.main) writeFileSync(PAGE, withTables(readFileSync(PAGE, 'utf8')));
