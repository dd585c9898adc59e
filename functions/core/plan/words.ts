/** Words of findings: counted, and never so many that a finding is a list. */

export function counted(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

/** The first few names, and how many more there are. */
export function namedFew(names: readonly string[], word: string): string {
  const first = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${first} and ${counted(names.length - 5, `more ${word}`)}` : first;
}
