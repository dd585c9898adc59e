/**
 * The interpreter of state machines, loaded without what it never needs here: it brings an AWS client and a validator of
 * its own, which take longer to load than everything else of the account. Only its own imports of them are replaced, and
 * only while it is loaded.
 */
import { registerHooks } from 'node:module';

const UNUSED: Readonly<Record<string, string>> = {
  // Every task has a handler of ours, so it never calls AWS itself.
  '@aws-sdk/client-lambda': 'export class LambdaClient {} export class InvokeCommand {}',
  '@aws-sdk/credential-providers': 'export function fromCognitoIdentityPool() {}',
  // Definitions are validated by the test suite and by AWS, not at each start of an execution.
  'asl-validator': 'export default function validate() { return { isValid: true, errorsText: () => "" }; }',
};
const PREFIX = 'unused:';

const hooks = registerHooks({
  resolve(specifier, context, next) {
    if (specifier in UNUSED && context.parentURL?.includes('/aws-local-stepfunctions/')) {
      return { url: `${PREFIX}${specifier}`, format: 'module', shortCircuit: true };
    }
    return next(specifier, context);
  },
  load(url, context, next) {
    const source = url.startsWith(PREFIX) ? UNUSED[url.slice(PREFIX.length)] : undefined;
    return source === undefined ? next(url, context) : { format: 'module', source, shortCircuit: true };
  },
});

export const { StateMachine } = await import('aws-local-stepfunctions').finally(() => hooks.deregister());
