/**
 * Libraries that draw from `Math.random` (the SDK's retry back-off, `FULL` jitter in the state machine's interpreter) draw
 * from a seeded stream while the account runs.
 */
import type { RandomStream } from './random.ts';

/** @returns the function that gives the real one back; always call it (`finally`). */
export function useForMathRandom(stream: RandomStream): () => void {
  const real = Math.random;
  Math.random = () => stream.next();
  return () => {
    Math.random = real;
  };
}
