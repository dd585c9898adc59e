/**
 * What a Lambda container remembers from one invocation to the next: immutable descriptions, and how much of our pace is
 * spent. One list of all of it, so that a process that plays several accounts one after the other can begin anew.
 */

interface Clearable {
  clear(): void;
}

const memories: Clearable[] = [];

/** Declares a memory of the container. */
export function perContainer<M extends Clearable>(memory: M): M {
  memories.push(memory);
  return memory;
}

/** Forgets everything, as a container that has just been started: for rehearsals and tests. */
export function beginAsNewContainer(): void {
  for (const memory of memories) memory.clear();
}
