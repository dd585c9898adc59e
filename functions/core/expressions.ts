/**
 * Placement constraint expressions: the cluster query language, as far as it speaks of container instances.
 * Source: Amazon ECS developer guide, "cluster-query-language".
 */

/** What an expression may ask about a host. */
export interface ExpressionSubject {
  readonly instanceId: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** `service:NAME` and `family:NAME` of the tasks on it; undefined when not known (a host that does not exist yet). */
  readonly taskGroups?: ReadonlySet<string>;
}

type Predicate = (subject: ExpressionSubject) => boolean;

const parsed = new Map<string, Predicate | undefined>();

/**
 * Whether the host satisfies the expression; undefined when we cannot read the expression, which callers take as "does
 * not fit": a wrong "fits" would drain into a scheduler that cannot place.
 */
export function satisfies(expression: string, subject: ExpressionSubject): boolean | undefined {
  if (!parsed.has(expression)) parsed.set(expression, parse(expression));
  return parsed.get(expression)?.(subject);
}

function parse(expression: string): Predicate | undefined {
  const tokens = tokenise(expression);
  if (tokens === undefined) return undefined;
  const reader = { tokens, at: 0 };
  const predicate = readOr(reader);
  return predicate !== undefined && reader.at === tokens.length ? predicate : undefined;
}

interface Reader {
  readonly tokens: readonly string[];
  at: number;
}

const TOKEN = /\s*(==|!=|=~|!~|>=|<=|>|<|&&|\|\||!|\(|\)|\[|\]|,|"[^"]*"|'[^']*'|[^\s()[\],=!<>&|]+)/y;

function tokenise(expression: string): string[] | undefined {
  const tokens: string[] = [];
  const text = expression.trim();
  let from = 0;
  while (from < text.length) {
    // After `=~` a pattern runs to the next blank or bracket: it may hold characters that are operators elsewhere.
    if (tokens.at(-1) === '=~' || tokens.at(-1) === '!~') {
      const pattern = /^\s*(?:"([^"]*)"|(.+?))(?=\s+(?:and|or|&&|\|\|)\s|\s*\)\s*(?:$|and|or|\))|\s*$)/.exec(
        text.slice(from),
      );
      if (pattern === null) return undefined;
      tokens.push(pattern[1] ?? pattern[2] ?? '');
      from += pattern[0].length;
      continue;
    }
    TOKEN.lastIndex = from;
    const match = TOKEN.exec(text);
    if (match?.[1] === undefined) return undefined;
    tokens.push(match[1]);
    from = TOKEN.lastIndex;
  }
  return tokens;
}

const peek = (reader: Reader) => reader.tokens[reader.at];

function take(reader: Reader, ...expected: readonly string[]): string | undefined {
  const token = peek(reader);
  if (token === undefined || !expected.includes(token.toLowerCase())) return undefined;
  reader.at += 1;
  return token;
}

function readOr(reader: Reader): Predicate | undefined {
  let left = readAnd(reader);
  while (left !== undefined && take(reader, 'or', '||') !== undefined) {
    const [first, second] = [left, readAnd(reader)];
    left = second && ((subject) => first(subject) || second(subject));
  }
  return left;
}

function readAnd(reader: Reader): Predicate | undefined {
  let left = readTerm(reader);
  while (left !== undefined && take(reader, 'and', '&&') !== undefined) {
    const [first, second] = [left, readTerm(reader)];
    left = second && ((subject) => first(subject) && second(subject));
  }
  return left;
}

function readTerm(reader: Reader): Predicate | undefined {
  if (take(reader, 'not', '!') !== undefined) {
    const inner = readTerm(reader);
    return inner && ((subject) => !inner(subject));
  }
  if (take(reader, '(') !== undefined) {
    const inner = readOr(reader);
    return take(reader, ')') === undefined ? undefined : inner;
  }
  return readComparison(reader);
}

type Value = (subject: ExpressionSubject) => string | ReadonlySet<string> | undefined;

function readSubject(word: string): Value | undefined {
  const attribute = /^attribute:(.+)$/i.exec(word)?.[1];
  if (attribute !== undefined) return (subject) => subject.attributes[attribute];
  if (/^ec2InstanceId$/i.test(word)) return (subject) => subject.instanceId;
  if (/^task:group$/i.test(word)) return (subject) => subject.taskGroups;
  return undefined;
}

function readComparison(reader: Reader): Predicate | undefined {
  const word = peek(reader);
  const value = word === undefined ? undefined : readSubject(word);
  if (value === undefined) return undefined;
  reader.at += 1;

  const operator = peek(reader)?.toLowerCase();
  reader.at += 1;
  switch (operator) {
    case 'exists':
      return (subject) => value(subject) !== undefined;
    case '!exists':
    case 'not_exists':
      return (subject) => value(subject) === undefined;
    case '!':
      return take(reader, 'exists') === undefined ? undefined : (subject) => value(subject) === undefined;
    case '==':
    case 'equals':
      return onOne(reader, value, (actual, wanted) => has(actual, wanted));
    case '!=':
    case 'not_equals':
      return onOne(reader, value, (actual, wanted) => !has(actual, wanted));
    case '=~':
    case 'matches':
      return onOne(reader, value, (actual, wanted) => matches(actual, wanted));
    case '!~':
    case 'not_matches':
      return onOne(reader, value, (actual, wanted) => !matches(actual, wanted));
    case '>':
    case 'greater_than':
      return onOne(reader, value, (actual, wanted) => Number(actual) > Number(wanted));
    case '>=':
    case 'greater_than_equal':
      return onOne(reader, value, (actual, wanted) => Number(actual) >= Number(wanted));
    case '<':
    case 'less_than':
      return onOne(reader, value, (actual, wanted) => Number(actual) < Number(wanted));
    case '<=':
    case 'less_than_equal':
      return onOne(reader, value, (actual, wanted) => Number(actual) <= Number(wanted));
    case 'in':
      return onList(reader, value, (found) => found);
    case 'not_in':
      return onList(reader, value, (found) => !found);
    default:
      return undefined;
  }
}

type Actual = string | ReadonlySet<string> | undefined;

function onOne(
  reader: Reader,
  value: Value,
  test: (actual: Actual, wanted: string) => boolean,
): Predicate | undefined {
  const token = peek(reader);
  if (token === undefined) return undefined;
  reader.at += 1;
  const wanted = unquoted(token);
  return (subject) => test(value(subject), wanted);
}

function onList(reader: Reader, value: Value, answer: (found: boolean) => boolean): Predicate | undefined {
  if (take(reader, '[') === undefined) return undefined;
  const wanted: string[] = [];
  for (;;) {
    const token = peek(reader);
    if (token === undefined) return undefined;
    reader.at += 1;
    if (token === ']') break;
    if (token !== ',') wanted.push(unquoted(token));
  }
  return (subject) => answer(wanted.some((item) => has(value(subject), item)));
}

const unquoted = (token: string) => token.replace(/^(["'])(.*)\1$/, '$2');

function has(actual: Actual, wanted: string): boolean {
  return typeof actual === 'string' ? actual === wanted : (actual?.has(wanted) ?? false);
}

/** `=~` takes a Java regular expression that must match the whole value; `t2.*` reads as one. */
function matches(actual: Actual, pattern: string): boolean {
  if (actual === undefined) return false;
  try {
    const whole = new RegExp(`^(?:${pattern})$`);
    return typeof actual === 'string' ? whole.test(actual) : [...actual].some((item) => whole.test(item));
  } catch {
    return false;
  }
}
