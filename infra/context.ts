/** The properties as the CDK's context has them: `cdk.json`, or `-c mode=act`, `-c settings='{"surge":"50%"}'`. */
import type { Node } from 'constructs';
import { unknownKey } from '../functions/edge/schema.ts';
import { PROPERTY_NAMES } from './properties.ts';

/** Properties that are text already; of the others `-c` gives JSON. */
const TEXTS: readonly string[] = ['mode', 'architecture', 'ledgerTableName'];

/**
 * What the context says, still to be read by `readProperties`.
 *
 * @throws Error naming each key that is neither a property nor one of the CDK's own, which all have a colon, slash or hyphen
 */
export function propertiesIn(node: Node): Readonly<Record<string, unknown>> {
  const context = node.getAllContext() as Readonly<Record<string, unknown>>;
  const known: readonly string[] = PROPERTY_NAMES;
  const unknown = Object.keys(context).filter((key) => /^\w+$/.test(key) && !known.includes(key));
  if (unknown.length > 0) {
    throw new Error(
      `The context has keys that mean nothing:\n${unknown.map((key) => `- ${unknownKey(key, known)}`).join('\n')}`,
    );
  }
  return Object.fromEntries(
    known
      .filter((name) => context[name] !== undefined)
      .map((name) => [name, parsedValue(name, context[name])]),
  );
}

function parsedValue(name: string, written: unknown): unknown {
  if (typeof written !== 'string' || TEXTS.includes(name)) return written;
  try {
    return JSON.parse(written) as unknown;
  } catch {
    return written;
  }
}
