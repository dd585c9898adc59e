/** The bench as tables that a person reads: text to the left, numbers to the right, one line a row. */
import { duration } from '../format.ts';
import type { BenchResult, ComparisonRow, FigureRow } from './bench.ts';
import { HARM } from './comparison.ts';

export interface Column<Row> {
  readonly head: string;
  readonly isNumber?: boolean;
  text(row: Row): string;
}

/** @returns lines, the head and a rule first */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  const cells = rows.map((row) => columns.map((column) => column.text(row)));
  const widths = columns.map(({ head }, at) =>
    Math.max(head.length, ...cells.map((line) => line[at]?.length ?? 0)),
  );
  const lineOf = (texts: readonly string[]) =>
    columns
      .map(({ isNumber }, at) => {
        const text = texts[at] ?? '';
        return isNumber ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0);
      })
      .join('  ')
      .trimEnd();
  return [
    lineOf(columns.map(({ head }) => head)),
    widths.map((width) => '-'.repeat(width)).join('  '),
    ...cells.map(lineOf),
  ];
}

const FIGURES: readonly Column<FigureRow>[] = [
  { head: 'figure', text: ({ what }) => what },
  { head: 'at most', isNumber: true, text: ({ goal }) => (goal === null ? '' : String(goal)) },
  {
    head: 'median',
    isNumber: true,
    text: ({ measured, digits }) => measured?.median.toFixed(digits) ?? 'none',
  },
  {
    head: 'least to most',
    isNumber: true,
    text: ({ measured, digits }) =>
      measured ? `${measured.least.toFixed(digits)} to ${measured.most.toFixed(digits)}` : '',
  },
  { head: '', text: ({ reached }) => (reached === null ? '' : reached ? 'reached' : 'NOT reached') },
];

const COMPARISON: readonly Column<ComparisonRow>[] = [
  { head: 'policy', text: ({ policy }) => policy },
  { head: 'hosts', isNumber: true, text: ({ done, outdated }) => `${done}/${outdated}` },
  { head: 'time', isNumber: true, text: ({ durationSeconds }) => duration(durationSeconds) },
  { head: 'moves/task', isNumber: true, text: ({ movesPerTask }) => movesPerTask.toFixed(2) },
  {
    head: 'lowest',
    isNumber: true,
    text: ({ lowestHealthyShare }) => `${Math.floor(lowestHealthyShare * 100)} %`,
  },
  { head: 'killed', isNumber: true, text: ({ killed }) => String(killed) },
  { head: 'extra h', isNumber: true, text: ({ extraInstanceHours }) => extraInstanceHours.toFixed(1) },
  { head: 'calls', isNumber: true, text: ({ apiCalls }) => String(apiCalls) },
  { head: 'harm', text: ({ violations }) => timesText(violations, (invariant) => HARM.has(invariant)) },
  {
    head: 'beside our rules',
    text: ({ violations }) => timesText(violations, (invariant) => !HARM.has(invariant)),
  },
  { head: 'end', text: ({ end }) => (end === 'SUCCEEDED' ? '' : end) },
];

function timesText(
  violations: ComparisonRow['violations'],
  isWanted: (invariant: string) => boolean,
): string {
  const texts = Object.entries(violations)
    .filter(([invariant]) => isWanted(invariant))
    .sort(([a], [b]) => Number(a.slice(1)) - Number(b.slice(1)))
    .map(([invariant, times]) => `${invariant}×${times}`);
  return texts.length === 0 ? '-' : texts.join(' ');
}

/** Both tables, cluster by cluster. */
export function benchText({ seeds, figures, comparison }: BenchResult): string {
  const lines: string[] = [
    `Seeds: 1 to ${seeds}. Time is the cluster's, by its virtual clock; wall time is yours.`,
  ];
  for (const [cluster, rows] of Map.groupBy(figures, (row) => row.cluster))
    lines.push('', cluster, ...indented(table(FIGURES, rows)));
  for (const [cluster, rows] of Map.groupBy(comparison, (row) => row.cluster))
    lines.push('', `Beside what people use: ${cluster}`, ...indented(table(COMPARISON, rows)));
  return `${lines.join('\n')}\n`;
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
