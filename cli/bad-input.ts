/** Input that cannot be used: every problem at once, each with its place. Nothing was run. */
export class BadInput extends Error {
  override readonly name = 'BadInput';

  /** @param problems `path: what is wrong and how to mend it`, one each */
  constructor(what: string, problems: readonly string[]) {
    super([`${what} cannot be used, nothing was run:`, ...problems.map((line) => `  ${line}`)].join('\n'));
  }
}
