/**
 * Who makes an AWS call. The SDK's clients are shared by all functions of the process, so the caller travels with the
 * asynchronous context instead of with the client: the Lambda runtime runs each invocation inside it, tests and wrong
 * orchestrators use `asCaller`.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

/** The name under which calls count that nobody claims. */
export const OUTSIDE = 'outside';

/** One invocation of a function: what lives and dies with it. */
export interface Invocation {
  readonly functionName: string;
  /** The environment that it runs in: the same object as long as Lambda keeps that one. */
  readonly environment?: object;
  /** AWS calls answered so far; faults count them. */
  calls: number;
  /** True once its process is gone (crash, time-out): its code may never go on. */
  dead: boolean;
  /** Told when the process dies in the middle of a call. */
  readonly onCrash?: () => void;
}

const current = new AsyncLocalStorage<Invocation>();

export function currentInvocation(): Invocation | undefined {
  return current.getStore();
}

export function runInvocation<T>(invocation: Invocation, work: () => T): T {
  return current.run(invocation, work);
}

/** Runs `work` so that its AWS calls count as made by the function of this name. */
export function asCaller<T>(functionName: string, work: () => T): T {
  return current.run({ functionName, calls: 0, dead: false }, work);
}

/** Runs `work` as nobody: the account's own processes must not inherit the caller that happened to wake them. */
export function asNobody<T>(work: () => T): T {
  return current.exit(work);
}

export function callerName(): string {
  return current.getStore()?.functionName ?? OUTSIDE;
}
