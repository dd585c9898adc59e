/** Runs somebody's work inside an account, from install to uninstall: what a test of another tool needs around itself. */
import type { Account } from './account.ts';
import { asCaller } from './kernel/caller.ts';

export interface VirtualTimeOptions {
  /** Name under which the work's own AWS calls are counted and told; `test` unless given. */
  readonly caller?: string;
  /** Virtual seconds after which the work counts as hung; 7 days unless given. */
  readonly limitSeconds?: number;
}

const LIMIT_SECONDS = 7 * 86_400;

/**
 * Installs the account, lets virtual time pass until `work` has settled, and uninstalls it in every case. Inside `work`
 * `Date`, `setTimeout` and `Math.random` are the account's: `await account.clock.delay(60_000)` is a minute that costs
 * nothing.
 *
 * @returns what `work` returned
 * @throws what `work` threw; an Error when it has not settled after `limitSeconds` or never would; a defect of the account as it is
 */
export async function inVirtualTime<T>(
  account: Account,
  work: () => Promise<T>,
  { caller = 'test', limitSeconds = LIMIT_SECONDS }: VirtualTimeOptions = {},
): Promise<T> {
  account.install();
  try {
    let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
    void asCaller(caller, () =>
      work().then(
        (value) => {
          outcome = { value };
        },
        (error: unknown) => {
          outcome = { error };
        },
      ),
    );
    const untilMs = account.clock.nowMs + limitSeconds * 1000;
    const how = await account.clock.run(() => outcome !== undefined, untilMs);
    if (!outcome) {
      const why =
        how === 'idle' ? 'waits for something that never comes' : `takes over ${limitSeconds} seconds`;
      throw new Error(`the work ${why}, in virtual time`);
    }
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  } finally {
    account.uninstall();
  }
}
