/** What can go wrong when AWS is asked with the user's own credentials: one clear message each. */
import { attachable } from '../../functions/aws/clients.ts';
import { isDenied } from '../../functions/aws/error-codes.ts';
import { ClusterMissing } from '../../functions/aws/facts/read-facts.ts';
import { BadInput } from '../bad-input.ts';
import { actionOf } from './policy.ts';

/** AWS refused: not wrong usage, and nothing that another try mends. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

type Handler = (args: never) => Promise<unknown>;
interface Stacked {
  readonly middlewareStack: {
    add(
      middleware: (next: Handler, context: { readonly commandName?: string }) => Handler,
      options: { readonly step: 'initialize'; readonly name: string; readonly override: true },
    ): void;
    remove(name: string): boolean;
  };
}

const NAME = 'nameRefusedAction';
const refusedActions = new WeakMap<object, string>();

/** While `work` runs, a refusal remembers the action that was refused: AWS's own messages do not always say it. */
export async function namingRefusals<T>(work: () => Promise<T>): Promise<T> {
  for (const { client, service } of attachable) {
    (client as unknown as Stacked).middlewareStack.add(
      (next, { commandName = '' }) =>
        async (args) => {
          try {
            return await next(args);
          } catch (error) {
            if (error instanceof Error)
              refusedActions.set(error, actionOf(service, commandName.replace(/Command$/, '')));
            throw error;
          }
        },
      { step: 'initialize', name: NAME, override: true },
    );
  }
  try {
    return await work();
  } finally {
    for (const { client } of attachable) (client as unknown as Stacked).middlewareStack.remove(NAME);
  }
}

/** The same trouble in the words of somebody who sits at the terminal; what is not known here stays as it is. */
export function inPlainWords(error: unknown, policyCommand: string): unknown {
  if (!(error instanceof Error)) return error;
  if (error instanceof ClusterMissing)
    return new BadInput('The input', [
      `--cluster: ${error.message}; AWS_REGION or AWS_PROFILE choose another`,
    ]);
  if (error.name === 'CredentialsProviderError' || NOT_SIGNED.has(error.name))
    return new BadInput('The credentials', [
      `${firstLine(error)}; set AWS_PROFILE, or sign in (aws sso login, aws login), and try again`,
    ]);
  if (/region is missing/i.test(error.message))
    return new BadInput('The Region', ['none is set; set AWS_REGION, or a region in the AWS profile']);
  if (isDenied(error)) {
    const action = refusedActions.get(error) ?? 'the call';
    return new Refused(`AWS refuses ${action}: ${firstLine(error)}\n${policyCommand} prints what is needed`);
  }
  return error;
}

/** Credentials that AWS does not take (any more). Source: the services' common errors. */
const NOT_SIGNED = new Set([
  'AuthFailure',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'RequestExpired',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);

function firstLine(error: Error): string {
  return error.message.split('\n')[0] ?? error.name;
}
