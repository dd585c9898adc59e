/** The known word nearest to a mistyped one, when it is near enough to be meant. */
export function didYouMean(written: string, known: readonly string[]): string | undefined {
  const wanted = plain(written);
  let best: { word: string; distance: number } | undefined;
  for (const word of known) {
    const isBeginning = wanted.length > 2 && plain(word).startsWith(wanted);
    const distance = isBeginning ? 1 : editDistance(wanted, plain(word));
    if (best === undefined || distance < best.distance) best = { word, distance };
  }
  if (best === undefined) return undefined;
  return best.distance <= Math.max(1, Math.floor(wanted.length / 3)) ? best.word : undefined;
}

/** `drain-timeout_seconds` and `drainTimeoutSeconds` are the same word to a person. */
function plain(word: string): string {
  return word.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** Insertions, deletions and replacements between two words (Levenshtein's distance), one row at a time. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 1; line <= from.length; line += 1) {
    const next = [line];
    for (let column = 1; column <= to.length; column += 1) {
      const replace = (row[column - 1] ?? 0) + (from[line - 1] === to[column - 1] ? 0 : 1);
      next.push(Math.min(replace, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
