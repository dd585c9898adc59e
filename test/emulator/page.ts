/**
 * `docs/emulator.md`: its tables, made of the tier's own data. `node test/emulator/page.ts` writes them anew; what stands
 * around them is written by hand.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { asks, type Names } from './contract/asks.ts';
import { JUDGEMENTS, type Judgement } from './contract/differences.ts';
import { LACKING } from './lacking.ts';
import { NOT_CREATED, NOT_LINTED } from './template/not-created.ts';

const PAGE = new URL('../../docs/emulator.md', import.meta.url);
/** Any names will do to count the questions. */
const SOME: Names = {
  hosts: ['a', 'b', 'c'],
  tasks: ['a'],
  instanceIds: ['a', 'b', 'c'],
  templateId: 'a',
  subnetId: 'a',
  newImage: 'a',
  machineArn: 'a',
  table: 'a',
  topicArn: 'a',
  targetGroupArn: 'a',
};
const RIGHT: Readonly<Record<Judgement['right'], string>> = {
  ours: 'the embedded account',
  theirs: 'the emulator',
  open: 'open',
};

const SECTIONS: Readonly<Record<string, () => readonly string[]>> = {
  lacking: () =>
    table(
      ['operation', 'asked for', 'answered in its place'],
      LACKING.map(({ action, of, answered }) => [`\`${action}\``, of, answered]),
    ),
  template: () => [
    ...table(
      ['passed over', 'so not seen here'],
      NOT_CREATED.map(({ type, unseen }) => [`\`${type}\``, unseen]),
    ),
    '',
    ...table(
      ['cfn-lint’s rule that is not asked', 'because'],
      NOT_LINTED.map(({ rule, because }) => [rule, because]),
    ),
  ],
  differences: () => {
    const rows = JUDGEMENTS.flatMap((one) => one.rows);
    const questions = asks(SOME);
    const differing = new Set(rows.flatMap((row) => row.split(' | ')[0]?.split(', ')));
    return [
      `${questions.length} questions, ${questions.length - differing.size} of them answered alike to the last field; ${rows.length} differences in the others.`,
      ...JUDGEMENTS.flatMap(({ right, says, source, rows: these }) => [
        '',
        `**${says}** Right: ${RIGHT[right]}. *(${source})*`,
        '',
        ...table(
          ['operation', 'field', 'embedded account', 'emulator'],
          these.map((row) => row.split(' | ').map((cell, at) => (at === 0 ? cell : `\`${cell}\``))),
        ),
      ]),
    ];
  },
};

/** The page as it stands, with its tables as they should be. */
export function emulatorPage(): string {
  return Object.entries(SECTIONS).reduce((page, [name, lines]) => {
    const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
    const [before, rest = ''] = page.split(begin);
    const [, after] = rest.split(end);
    if (after === undefined) throw new Error(`docs/emulator.md has no place for ${name}`);
    return `${before}${begin}\n\n${lines().join('\n')}\n\n${end}${after}`;
  }, writtenPage());
}

export function writtenPage(): string {
  return readFileSync(PAGE, 'utf8');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(PAGE, emulatorPage());
