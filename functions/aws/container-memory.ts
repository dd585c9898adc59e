/**
 * What a Lambda container remembers from one invocation to the next: immutable descriptions, and how much of our pace is
 * spent. Each container has a memory of its own; in AWS a process is one container, in a rehearsal it plays many.
 */

/** Stands for the container of this process. */
const THIS_PROCESS = {};

let containerNow: () => object = () => THIS_PROCESS;
let memories = new WeakMap<object, Map<symbol, unknown>>();

/** Declares a memory of the container, made when it is first asked for. */
export function perContainer<M extends object>(create: () => M): () => M {
  const key = Symbol();
  return () => {
    const container = containerNow();
    let all = memories.get(container);
    if (all === undefined) {
      all = new Map();
      memories.set(container, all);
    }
    let memory = all.get(key) as M | undefined;
    if (memory === undefined) {
      memory = create();
      all.set(key, memory);
    }
    return memory;
  };
}

/** Forgets everything, as containers that have just been started: for rehearsals and tests. */
export function beginAsNewContainer(): void {
  memories = new WeakMap();
}

/** For a process that plays several containers: in which one the code runs; undefined in none, which is one of its own. */
export function playContainers(running: () => object | undefined): void {
  containerNow = () => running() ?? THIS_PROCESS;
}
