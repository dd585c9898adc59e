/** The log of a rehearsal, written while it runs: a large cluster's is longer than what should be in memory at once. */
import { closeSync, openSync, writeFileSync } from 'node:fs';

const LINES_AT_ONCE = 1_000;

export class LogFile {
  readonly #path: string;
  #lines: string[] = [];
  #descriptor: number | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** Nothing is opened before the first line comes. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Never throws: what takes lines stands in the middle of the account's work. */
  take(line: object): void {
    this.#lines.push(`${JSON.stringify(line)}\n`);
    if (this.#lines.length >= LINES_AT_ONCE) this.#write();
  }

  /** Writes what is left. @throws what kept any of it from being written */
  close(): void {
    this.#write();
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    if (this.#failure) throw this.#failure.error;
  }

  #write(): void {
    const text = this.#lines.join('');
    this.#lines = [];
    if (this.#failure) return;
    try {
      this.#descriptor ??= openSync(this.#path, 'w');
      writeFileSync(this.#descriptor, text);
    } catch (error) {
      this.#failure = { error };
    }
  }
}
