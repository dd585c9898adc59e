/**
 * The cluster query language, for `memberOf` constraints and the filters of List calls.
 * Source: Amazon ECS developer guide, cluster-query-language.
 */

/** What an expression may ask about a host. */
export interface QuerySubject {
  readonly attributes: Readonly<Record<string, string>>;
  readonly agentConnected: boolean;
  readonly agentVersion: string;
  readonly ec2InstanceId: string;
  readonly registeredAtMs: number;
  readonly runningTasksCount: number;
  /** Whether a task of this group runs on the host. */
  hasTaskOfGroup(group: string): boolean;
}

export type Query = (subject: QuerySubject) => boolean;

/** The expression cannot be read. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
}

const parsed = new Map<string, Query>();

/** @throws QueryError when the expression is not of the language. */
export function parseQuery(expression: string): Query {
  const known = parsed.get(expression);
  if (known) return known;
  const reader = new Reader(tokensOf(expression), expression);
  const query = reader.or();
  reader.end();
  parsed.set(expression, query);
  return query;
}

const TOKEN =
  /\s*(\(|\)|\[|\]|,|&&|\|\||==|!=|>=|<=|=~|!~|>|<|!(?=\s*\()|!(?=exists|in\b)|"[^"]*"|'[^']*'|[^\s()[\],&|=!<>"']+)/y;

function tokensOf(expression: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (expression.slice(TOKEN.lastIndex).trim() !== '') {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(expression);
    if (!match) throw new QueryError(`cannot read "${expression}" at ${at}`);
    tokens.push(match[1] as string);
  }
  return tokens;
}

const OPERATORS: Readonly<Record<string, string>> = {
  '==': '==',
  equals: '==',
  '!=': '!=',
  not_equals: '!=',
  '>': '>',
  greater_than: '>',
  '>=': '>=',
  greater_than_equal: '>=',
  '<': '<',
  less_than: '<',
  '<=': '<=',
  less_than_equal: '<=',
  in: 'in',
  not_in: '!in',
  '=~': '=~',
  matches: '=~',
  '!~': '!~',
  not_matches: '!~',
  exists: 'exists',
  not_exists: '!exists',
};

class Reader {
  readonly #tokens: readonly string[];
  readonly #expression: string;
  #at = 0;

  constructor(tokens: readonly string[], expression: string) {
    this.#tokens = tokens;
    this.#expression = expression;
  }

  or(): Query {
    let left = this.#and();
    while (this.#takes('or', '||')) {
      const [a, b] = [left, this.#and()];
      left = (subject) => a(subject) || b(subject);
    }
    return left;
  }

  end(): void {
    if (this.#at < this.#tokens.length) this.#fail();
  }

  #and(): Query {
    let left = this.#term();
    while (this.#takes('and', '&&')) {
      const [a, b] = [left, this.#term()];
      left = (subject) => a(subject) && b(subject);
    }
    return left;
  }

  #term(): Query {
    if (this.#takes('not', '!')) {
      const inner = this.#term();
      return (subject) => !inner(subject);
    }
    if (this.#takes('(')) {
      const inner = this.or();
      if (!this.#takes(')')) this.#fail();
      return inner;
    }
    return this.#comparison();
  }

  #comparison(): Query {
    const name = this.#next();
    const negated = this.#takes('!');
    const operator = OPERATORS[this.#next()] ?? this.#fail();
    const read = subjectValue(name) ?? this.#fail();
    const test = this.#test(operator, name, read);
    return negated ? (subject) => !test(subject) : test;
  }

  #test(operator: string, name: string, read: (subject: QuerySubject) => string | undefined): Query {
    if (operator === 'exists') return (subject) => read(subject) !== undefined;
    if (operator === '!exists') return (subject) => read(subject) === undefined;
    if (operator === 'in' || operator === '!in') {
      const values = this.#list();
      const wanted = operator === 'in';
      return (subject) => {
        const value = read(subject);
        return (value !== undefined && values.includes(value)) === wanted;
      };
    }
    const argument = this.#next();
    if (name === 'task:group') {
      if (operator !== '==' && operator !== '!=') this.#fail();
      return (subject) => subject.hasTaskOfGroup(argument) === (operator === '==');
    }
    if (operator === '=~' || operator === '!~') {
      const pattern = new RegExp(argument);
      return (subject) => pattern.test(read(subject) ?? '') === (operator === '=~');
    }
    return (subject) => compares(operator, read(subject), argument);
  }

  #list(): string[] {
    const closing = this.#takes('[') ? ']' : this.#takes('(') ? ')' : this.#fail();
    const values: string[] = [];
    while (!this.#takes(closing)) {
      values.push(this.#next());
      this.#takes(',');
    }
    return values;
  }

  #takes(...candidates: string[]): boolean {
    const token = this.#tokens[this.#at];
    if (token === undefined || !candidates.includes(token)) return false;
    this.#at++;
    return true;
  }

  #next(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) return this.#fail();
    return /^["']/.test(token) ? token.slice(1, -1) : token;
  }

  #fail(): never {
    throw new QueryError(`invalid expression: ${this.#expression}`);
  }
}

function subjectValue(name: string): ((subject: QuerySubject) => string | undefined) | undefined {
  if (name.startsWith('attribute:')) {
    const attribute = name.slice('attribute:'.length);
    return (subject) => subject.attributes[attribute];
  }
  switch (name) {
    case 'agentConnected':
      return (subject) => String(subject.agentConnected);
    case 'agentVersion':
      return (subject) => subject.agentVersion;
    case 'ec2InstanceId':
      return (subject) => subject.ec2InstanceId;
    case 'registeredAt':
      return (subject) => new Date(subject.registeredAtMs).toISOString();
    case 'runningTasksCount':
      return (subject) => String(subject.runningTasksCount);
    case 'task:group':
      return () => undefined;
    default:
      return undefined;
  }
}

const TIME = /^\d{4}-\d\d-\d\dT/;

/** Numbers and versions by their parts (`1.9.0` before `1.10.0`), times as times, everything else as text. */
function compares(operator: string, value: string | undefined, argument: string): boolean {
  if (operator === '==') return value === argument;
  if (operator === '!=') return value !== argument;
  if (value === undefined) return false;
  const order =
    TIME.test(value) && TIME.test(argument)
      ? Date.parse(value) - Date.parse(argument)
      : value.localeCompare(argument, 'en', { numeric: true });
  if (operator === '>') return order > 0;
  if (operator === '>=') return order >= 0;
  return operator === '<' ? order < 0 : order <= 0;
}
