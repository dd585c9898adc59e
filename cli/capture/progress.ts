/** How far a capture is, on standard error: a bar that is drawn over itself on a terminal, else one line a list. */

/** Lists as `read-*.ts` begins them, in order: the length of the bar. */
export const STEPS = [
  'cluster',
  'services',
  'container instances',
  'tasks',
  'task protection',
  'task definitions',
  'Auto Scaling groups',
  'hooks, schedules and policies',
  'instances',
  'launch templates',
  'subnets',
  'images and parameters',
  'load balancers',
  'scaling of services',
  'alarms',
  'container images and quotas',
] as const;

export type Step = (typeof STEPS)[number];

export interface Progress {
  begin(step: Step): void;
  done(): void;
}

/** The least of a stream of the process. */
export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export const SILENT: Progress = { begin: () => {}, done: () => {} };

const CLEAR_LINE = '\r\u001b[2K';
const FULL = '█';
const EMPTY = '░';

export function progressOn(terminal: Terminal): Progress {
  const bar = (before: number) => `${FULL.repeat(before)}${EMPTY.repeat(STEPS.length - before)}`;
  return {
    begin(step) {
      const before = STEPS.indexOf(step);
      terminal.write(
        terminal.isTTY === true
          ? `${CLEAR_LINE}${bar(before)} ${step}`
          : `capture: ${before + 1} of ${STEPS.length}, ${step}\n`,
      );
    },
    done() {
      if (terminal.isTTY === true) terminal.write(CLEAR_LINE);
    },
  };
}
