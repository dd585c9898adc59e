/**
 * Progress of a rehearsal for a person who watches: a line when the phase changes or a good part more is done, with a
 * bar, what is under way and what waits for what. Written to standard error, so that standard output stays clean.
 */
import { bar, count, offset } from './format.ts';
import type { DecisionRecord } from './record.ts';
import type { Timeline } from './timeline.ts';

/** At least one line every so many virtual seconds, so that a long wait is seen as a wait. */
const SILENCE_SECONDS = 900;

/** Under the phase, beside the time. */
const INDENT = ' '.repeat(10);

export class Progress {
  readonly #write: (line: string) => void;
  readonly #timeline: Timeline;
  #outdated = 0;
  #last: { phase: string; replaced: number; t: number } | undefined;

  constructor(write: (line: string) => void, timeline: Timeline) {
    this.#write = write;
    this.#timeline = timeline;
  }

  /** A line of its own: what came in, what was planned, what was told. */
  say(t: number, text: string): void {
    this.#write(`${offset(t)}  ${text}`);
  }

  planned(outdated: number): void {
    this.#outdated = outdated;
  }

  decided(decision: DecisionRecord): void {
    const hosts = this.#timeline.hosts.at(-1);
    if (!hosts || !this.#isWorthALine(decision)) return;
    const replaced = this.#replaced();
    this.#last = { phase: decision.phase, replaced, t: decision.t };
    const done = this.#outdated === 0 ? 1 : replaced / this.#outdated;
    const parts = [
      `${Math.min(replaced, this.#outdated)} of ${count(this.#outdated, 'host')} replaced`,
      hosts.counts.draining > 0 ? `${hosts.counts.draining} draining` : '',
      hosts.counts.drained > 0 ? `${hosts.counts.drained} drained` : '',
      hosts.counts.launched > 0 ? `${hosts.counts.launched} launching` : '',
      hosts.counts.ready > 0 ? `${hosts.counts.ready} ready` : '',
    ].filter(Boolean);
    this.#write(
      `${offset(decision.t)}  ${decision.phase.padEnd(11)} ${bar(done)} ${parts.join(' · ')}\n${INDENT}${waitsFor(decision)}`,
    );
  }

  /** Old hosts that are gone; a surplus host that was taken away again is no progress. */
  #replaced(): number {
    return this.#timeline.spans.filter((span) => !span.isNew && span.stages.at(-1)?.stage === 'terminated')
      .length;
  }

  #isWorthALine(decision: DecisionRecord): boolean {
    if (!this.#last || this.#last.phase !== decision.phase) return true;
    const more = this.#replaced() - this.#last.replaced;
    if (more > 0 && more >= this.#outdated / 10) return true;
    return decision.t - this.#last.t >= SILENCE_SECONDS;
  }
}

/** What the step does, or what it waits for; then what holds hosts back, the commonest reason first. */
function waitsFor({ reason, acts, because, heldBack }: DecisionRecord): string {
  const doing = Object.entries(acts).map(([act, number]) => `${act} ${number}`);
  const lines = [
    reason,
    ...(doing.length === 0 ? [] : [`now: ${doing.join(', ')}${because[0] ? ` (${because[0]})` : ''}`]),
    ...(heldBack === '' ? [] : [`held back: ${heldBack}`]),
  ];
  return lines.join(`\n${INDENT}`);
}
