/** Placement expressions with pseudonyms in them that select the same hosts. Pure. */
import { satisfies } from '../../functions/core/expressions.ts';

/** What the expressions of a cluster speak of. */
export interface ExpressionWorld {
  /** Values of each attribute on any host. */
  readonly values: ReadonlyMap<string, ReadonlySet<string>>;
  /** Groups of tasks: `service:NAME`, `family:NAME`. */
  readonly taskGroups: ReadonlySet<string>;
  name(original: string): string;
  taskGroup(original: string): string;
  /** Ids of AWS's inside a text. */
  ids(text: string): string;
}

/** Selects every host: stands for what cannot be put otherwise. */
export const EVERY_HOST = 'attribute:ecs.os-type exists';

const WORD_OPERATORS =
  'not_in|in|equals|not_equals|matches|not_matches|exists|not_exists|greater_than_equal|greater_than|less_than_equal|less_than';
const COMPARISON = new RegExp(
  `(attribute:[^\\s=!<>()[\\],]+|ec2InstanceId|task:group|agentConnected|registeredAt|runningTasksCount|agentVersion)` +
    `\\s*(==|!=|=~|!~|>=|<=|>|<|!exists|\\b(?:${WORD_OPERATORS})\\b)\\s*(\\[[^\\]]*\\]|"[^"]*"|\\S+)?`,
  'gi',
);
const NEGATIVE = new Set(['!=', '!~', 'not_equals', 'not_matches', 'not_in']);
const EXISTENCE = new Set(['exists', 'not_exists', '!exists']);
/** What stands between comparisons. */
const CONNECTIVES = /^(?:\s|\(|\)|!|&&|\|\||and\b|or\b|not\b)*$/i;

/** Names of AWS's own attributes stay, and so do the values of those that say nothing of the user. */
export const isAwsAttribute = (name: string) => /^(?:ecs\.|com\.amazonaws\.)/.test(name);

/** Undefined for an expression that cannot be read: the caller takes `EVERY_HOST`. */
export function redactedExpression(expression: string, world: ExpressionWorld): string | undefined {
  const pieces: string[] = [];
  let from = 0;
  for (const match of expression.matchAll(COMPARISON)) {
    const between = expression.slice(from, match.index);
    if (!CONNECTIVES.test(between)) return undefined;
    const [whole, subject = '', operator = '', rest = ''] = match;
    const isExistence = EXISTENCE.has(operator.toLowerCase());
    const value = isExistence ? '' : withoutSurplus(rest);
    from = match.index + whole.length - (isExistence ? rest.length : rest.length - value.length);
    pieces.push(between, comparison(subject, operator.toLowerCase(), value, world));
  }
  const after = expression.slice(from);
  return CONNECTIVES.test(after) && pieces.length > 0 ? [...pieces, after].join('') : undefined;
}

/** `prod)` closes a bracket that the value did not open. */
function withoutSurplus(value: string): string {
  let open = 0;
  for (let at = 0; at < value.length; at++) {
    if (value[at] === '(') open += 1;
    if (value[at] === ')') open -= 1;
    if (open < 0) return value.slice(0, at);
  }
  return value;
}

function comparison(subject: string, operator: string, value: string, world: ExpressionWorld): string {
  const attribute = /^attribute:(.+)$/i.exec(subject)?.[1];
  if (/^task:group$/i.test(subject))
    return selection(
      subject,
      operator,
      [...world.taskGroups],
      (one) => world.taskGroup(one),
      (one) =>
        satisfies(`task:group ${operator} ${value}`, {
          instanceId: '',
          attributes: {},
          taskGroups: new Set([one]),
        }),
    );
  if (attribute === undefined || isAwsAttribute(attribute))
    return `${subject} ${operator} ${world.ids(value)}`.trimEnd();
  const renamed = `attribute:${world.name(attribute)}`;
  if (EXISTENCE.has(operator)) return `${renamed} ${operator}`;
  const known = [...(world.values.get(attribute) ?? [])];
  return selection(
    renamed,
    operator,
    known,
    (one) => world.name(one),
    (one) =>
      satisfies(`${subject} ${operator} ${value}`, { instanceId: '', attributes: { [attribute]: one } }),
  );
}

/** The values that pass (or, of a negative operator, that fail) as a list: patterns cannot be kept. */
function selection(
  subject: string,
  operator: string,
  values: readonly string[],
  rename: (value: string) => string,
  passes: (value: string) => boolean | undefined,
): string {
  const isNegative = NEGATIVE.has(operator);
  const listed = values.filter((value) => passes(value) === !isNegative).map(rename);
  return `${subject} ${isNegative ? 'not_in' : 'in'} [${(listed.length > 0 ? listed : ['no-such-value']).join(', ')}]`;
}
