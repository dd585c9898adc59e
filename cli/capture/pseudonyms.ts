/**
 * Pseudonyms for everything that names something: the same original has the same pseudonym wherever it stands, and
 * pseudonyms sort as their originals do, so that whatever goes by order of names or ids goes the same way.
 *
 * Two passes: `collect` is called with every original, then `pseudonymOf` answers.
 */

export type Kind = 'name' | 'account' | 'id' | 'hex' | 'digits' | 'digest' | 'address';

/** Ids that begin with what they are. Source: Amazon EC2 user guide, "Resource IDs"; `mi-` is of Systems Manager. */
const PREFIXED = /^(ami|eni|i|iew|instance-event|lt|mi|r|sg|snap|subnet|vol|vpc)-[0-9a-z]{1,40}$/;
/** Digits that no real id begins with, so that a pseudonym is known as one, and never is an original. */
const MARK = '0fade';
const ID_DIGITS = 17;
const HEX_DIGITS = 32;
const DIGEST_DIGITS = 64;
const LONG_DIGITS = 19;
const LEAST_NAME_DIGITS = 4;

/** What kind of thing a text is by its looks; undefined: it is a name like any other. */
export function kindOf(text: string): Exclude<Kind, 'name'> | undefined {
  if (/^\d{12}$/.test(text)) return 'account';
  if (/^\d{13,}$/.test(text)) return 'digits';
  if (PREFIXED.test(text)) return 'id';
  if (/^sha256:[0-9a-f]{64}$/.test(text)) return 'digest';
  if (/^[0-9a-f]{16,64}$/.test(text) || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text))
    return 'hex';
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return 'address';
  return undefined;
}

export class Pseudonyms {
  readonly #originals = new Map<Kind, Set<string>>();
  readonly #pseudonyms = new Map<Kind, ReadonlyMap<string, string>>();

  collect(kind: Kind, original: string): void {
    const known = this.#originals.get(kind);
    if (known === undefined) this.#originals.set(kind, new Set([original]));
    else known.add(original);
  }

  /** Of an original that was collected. */
  pseudonymOf(kind: Kind, original: string): string {
    let made = this.#pseudonyms.get(kind);
    if (made === undefined) {
      const sorted = [...(this.#originals.get(kind) ?? [])].sort();
      const width = Math.max(LEAST_NAME_DIGITS, String(sorted.length).length);
      made = new Map(sorted.map((one, at) => [one, pseudonym(kind, one, at + 1, width)]));
      this.#pseudonyms.set(kind, made);
    }
    return made.get(original) ?? 'redacted';
  }
}

function pseudonym(kind: Kind, original: string, serial: number, width: number): string {
  const marked = (length: number) => `${MARK}${String(serial).padStart(length - MARK.length, '0')}`;
  switch (kind) {
    case 'name':
      return `name-${String(serial).padStart(width, '0')}`;
    case 'account':
      return String(serial).padStart(12, '0');
    case 'id':
      return `${PREFIXED.exec(original)?.[1] ?? 'id'}-${marked(ID_DIGITS)}`;
    case 'hex':
      return original.includes('-')
        ? `${MARK}000-0000-0000-0000-${String(serial).padStart(12, '0')}`
        : marked(HEX_DIGITS);
    case 'digits':
      return `7${String(serial).padStart(LONG_DIGITS - 1, '0')}`;
    case 'digest':
      return `sha256:${marked(DIGEST_DIGITS)}`;
    case 'address':
      return `10.${200 + (serial >> 16)}.${(serial >> 8) & 255}.${serial & 255}`;
  }
}
