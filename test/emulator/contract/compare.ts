/**
 * Two answers to the same question, compared field by field: whether a field is there, and which values it has. Names that
 * belong to one thing only (ids, times, addresses) count as what they are. Elements of a list are taken together.
 */

/** What was answered, or the refusal. */
export type Answer = { readonly output: object } | { readonly error: string };

export interface Difference {
  /** `ECS.DescribeTasks`, with what is special about the call in brackets. */
  readonly operation: string;
  /** `tasks[].createdAt`; `(answer)` where at least one of the two refuses. */
  readonly field: string;
  /** In the embedded account; `-`: there is no such field. */
  readonly ours: string;
  /** In the emulator. */
  readonly theirs: string;
}

const ABSENT = '-';
/** More are not written out. */
const VALUES_MAX = 3;

/** Each kind of name that belongs to one thing only. */
const KINDS: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uuid>'],
  [/\b(ami|eni|i|lt|r|sg|snap|subnet|vol|vpc)-[0-9a-f]{8,17}\b/g, '<$1 id>'],
  [/\becs-svc\/\d+/g, 'ecs-svc/<number>'],
  [/\b[0-9a-f]{32}\b/g, '<32 hex>'],
  [/\b\d{1,3}([.-])\d{1,3}\1\d{1,3}\1\d{1,3}\b/g, '<address>'],
  [/\b([0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, '<MAC>'],
  [/\d{4}-\d{2}-\d{2}[T ][\d:.]+(Z|\+00:00)?/g, '<time>'],
];

/** What the answer's lists and objects are in AWS's reference: one row serves every operation that answers with it. */
const TYPES: readonly (readonly [RegExp, string])[] = [
  [/^tasks?(\[\])?\./, 'Task.'],
  [/^containerInstances?(\[\])?\./, 'ContainerInstance.'],
  [/^services?(\[\])?\./, 'Service.'],
  [/^clusters\[\]\./, 'Cluster.'],
  [/^LaunchTemplateVersions?(\[\])?\./, 'LaunchTemplateVersion.'],
  [/^AutoScalingInstances\[\]\./, 'AutoScalingInstanceDetails.'],
];
/** Counts that belong to the moment. */
const OF_THE_MOMENT = /(pending|running)(Tasks)?Count$|remainingResources/;

/** Of all operations, rows that say the same brought together. */
export function tableOf(differences: readonly Difference[]): Difference[] {
  const rows = new Map<string, Difference>();
  for (const difference of differences) {
    const field = TYPES.reduce((left, [answer, type]) => left.replace(answer, type), difference.field);
    const key = JSON.stringify([
      field,
      difference.ours,
      difference.theirs,
      field === '(answer)' && difference.operation,
    ]);
    const before = rows.get(key);
    const operation =
      before === undefined ? difference.operation : `${before.operation}, ${difference.operation}`;
    rows.set(key, { ...difference, field, operation });
  }
  return [...rows.values()];
}

/** As differences.ts has it. */
export function rowOf({ operation, field, ours, theirs }: Difference): string {
  return [operation, field, ours, theirs].join(' | ');
}

/**
 * In the order of their fields; below a field that one of the two does not have, nothing is told. `isLater`: counts of the
 * moment are not compared.
 */
export function differencesOf(
  operation: string,
  ours: Answer,
  theirs: Answer,
  isLater = false,
): Difference[] {
  if ('error' in ours || 'error' in theirs) {
    const said = { operation, field: '(answer)', ours: answered(ours), theirs: answered(theirs) };
    return said.ours === said.theirs ? [] : [said];
  }
  return differencesAt('', [ours.output], [theirs.output])
    .filter(({ field }) => !(isLater && OF_THE_MOMENT.test(field)))
    .map((one) => ({ operation, ...one }));
}

function differencesAt(
  field: string,
  ours: readonly unknown[],
  theirs: readonly unknown[],
): Omit<Difference, 'operation'>[] {
  if (ours.some(isRecord) && theirs.some(isRecord)) {
    const keys = new Set([...ours, ...theirs].flatMap((one) => (isRecord(one) ? Object.keys(one) : [])));
    return [...keys].sort().flatMap((key) => {
      const under = (values: readonly unknown[]) => values.filter(isRecord).map((one) => one[key]);
      return differencesAt(field === '' ? key : `${field}.${key}`, under(ours), under(theirs));
    });
  }
  const elements = [ours, theirs].map((values) => values.filter(Array.isArray).flat());
  const [mine = [], others = []] = elements;
  if (mine.length > 0 && others.length > 0) return differencesAt(`${field}[]`, mine, others);
  const [a, b] = [new Set(ours.map(said)), new Set(theirs.map(said))];
  if (a.size === b.size && [...a].every((one) => b.has(one))) return [];
  if (isAbsent(a) || isAbsent(b)) return [{ field, ours: kindsOf(ours), theirs: kindsOf(theirs) }];
  return [{ field, ours: onlyIn(a, b), theirs: onlyIn(b, a) }];
}

function isAbsent(values: ReadonlySet<string>): boolean {
  return values.size === 1 && values.has(ABSENT);
}

/** Of a field that only one of the two has, which values it has says nothing. */
function kindsOf(values: readonly unknown[]): string {
  const kinds = values.map((value) => {
    if (value === undefined) return ABSENT;
    return Array.isArray(value) ? 'list' : value instanceof Date ? 'time' : typeof value;
  });
  return [...new Set(kinds)].sort().join(' ');
}

function onlyIn(values: ReadonlySet<string>, others: ReadonlySet<string>): string {
  const only = [...values].filter((one) => !others.has(one)).sort();
  if (only.length === 0) return 'fewer';
  const rest = only.length > VALUES_MAX ? ' …' : '';
  return `${only.slice(0, VALUES_MAX).join(' ')}${rest}`;
}

function said(value: unknown): string {
  if (value === undefined) return ABSENT;
  if (Array.isArray(value)) return value.length === 0 ? '[]' : '[…]';
  if (value instanceof Date) return '<time>';
  if (isRecord(value)) return Object.keys(value).length === 0 ? '{}' : '{…}';
  return typeof value === 'string' ? JSON.stringify(masked(value)) : String(value);
}

function answered(answer: Answer): string {
  return 'error' in answer ? masked(answer.error) : 'done';
}

function masked(text: string): string {
  return KINDS.reduce((left, [kind, name]) => left.replaceAll(kind, name), text);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
