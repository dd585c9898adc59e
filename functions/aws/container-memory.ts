/**
 * What a Lambda container remembers from one invocation to the next: immutable descriptions, and how much of our pace is
 * spent.
 */

let memories = new Map<symbol, unknown>();

/** Declares a memory of the container, made when it is first asked for. */
export function perContainer<M extends object>(create: () => M): () => M {
  const key = Symbol();
  return () => {
    let memory = memories.get(key) as M | undefined;
    if (memory === undefined) {
      memory = create();
      memories.set(key, memory);
    }
    return memory;
  };
}

/** Forgets everything, as a container that has just been started: for rehearsals and tests. */
export function beginAsNewContainer(): void {
  memories = new Map();
}
