/** A step cut to one batch: what travels to the acting states, and what of the memory may be written with it. */
import type { HostMemory } from '../core/memory.ts';
import type { Step } from '../core/step.ts';
import { type Acts, BATCH } from '../edge/run-state.ts';

export interface Cut {
  readonly acts: Acts;
  readonly remember: Step['remember'];
}

/**
 * Keeps the first of each list. A host whose act did not fit is not remembered as acted upon: the next tick decides on it
 * again, from the memory it has now.
 */
export function cutToBatch(step: Step, id: string): Cut {
  const lists = {
    register: step.register,
    activate: step.activate,
    drain: step.drain,
    terminate: step.terminate,
    stopTasks: step.stopTasks,
    deregister: step.deregister,
    quiesce: step.quiesce,
    endQuiesce: step.endQuiesce,
  };
  const ofHosts = ['activate', 'drain', 'terminate', 'deregister', 'quiesce', 'endQuiesce'] as const;
  const left = ofHosts.flatMap((name) => lists[name].slice(BATCH[name]).map((act) => act.instanceId));
  const postponed = new Set(left);
  const hosts: readonly HostMemory[] =
    postponed.size === 0
      ? step.remember.hosts
      : step.remember.hosts.filter((host) => !postponed.has(host.instanceId));
  return {
    acts: {
      id,
      register: lists.register.slice(0, BATCH.register),
      activate: lists.activate.slice(0, BATCH.activate),
      drain: lists.drain.slice(0, BATCH.drain),
      terminate: lists.terminate.slice(0, BATCH.terminate),
      stopTasks: lists.stopTasks.slice(0, BATCH.stopTasks),
      deregister: lists.deregister.slice(0, BATCH.deregister),
      quiesce: lists.quiesce.slice(0, BATCH.quiesce),
      endQuiesce: lists.endQuiesce.slice(0, BATCH.endQuiesce),
    } as Acts,
    remember: { ...step.remember, hosts },
  };
}
