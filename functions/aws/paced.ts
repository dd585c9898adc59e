/** What each client gets on top of the SDK: our own pace per API, and the one throttling code that the SDK lacks. */
import { type Budget, createBudget } from './budget.ts';
import { isThrottle } from './error-codes.ts';

type Handler = (args: never) => Promise<unknown>;

/** The least of an SDK client that a middleware needs. */
interface Stacked {
  readonly middlewareStack: {
    add(
      middleware: (next: Handler, context: { readonly commandName?: string }) => Handler,
      options: {
        readonly step: 'initialize' | 'finalizeRequest';
        readonly priority: 'normal';
        readonly name: string;
      },
    ): void;
  };
}

/** One budget per service and process, whatever number of clients speak to it. */
const budgets = new Map<string, Budget>();

/**
 * Returns the client, made to wait for its turn before every attempt (retries cost turns too) and to treat Auto Scaling's
 * `RateExceeded` as a throttle. Source: Amazon EC2 Auto Scaling API reference, Welcome, "API request rate".
 */
export function paced<C>(client: C, service: string): C {
  const budget = budgets.get(service) ?? createBudget(service, () => Date.now());
  budgets.set(service, budget);
  const { middlewareStack } = client as Stacked;
  // The first attempt waits before the request is made, so that its signature is not old when it leaves.
  const begun = new WeakSet<object>();
  middlewareStack.add(
    (next, context) => async (args) => {
      await budget.turn(context.commandName ?? '');
      return next(args);
    },
    { step: 'initialize', priority: 'normal', name: 'pace' },
  );
  middlewareStack.add(
    (next, context) => async (args) => {
      if (begun.has(context)) await budget.turn(context.commandName ?? '');
      begun.add(context);
      try {
        return await next(args);
      } catch (error) {
        if (error instanceof Error && isThrottle(error))
          Object.assign(error, { $retryable: { throttling: true } });
        throw error;
      }
    },
    { step: 'finalizeRequest', priority: 'normal', name: 'paceOfRetries' },
  );
  return client;
}
