/**
 * How the services of the account notice each other, and how the watchers learn that a moment is over.
 *
 * Listeners are called at once and in the order in which they were added. `settled` is different: a change often comes
 * in several steps (an instance ends, its tasks stop, its group replaces it), and a checker that looked in between would
 * see a world that never was. So watchers are called once all code of the present turn has run, before virtual time can
 * go on.
 */
import { asNobody } from './kernel/caller.ts';
import type { VirtualClock } from './kernel/clock.ts';
import type { Actor } from './observation.ts';
import type { Instance, LifecycleChange, Signals } from './world.ts';

export interface AccountSignals extends Signals {
  /** Something changed: `onSettled` listeners run at the end of this turn, once however often this was called. */
  changed(): void;
}

/** @param clock ends the run with whatever a watcher throws: a defect must not be lost between two turns */
export function createSignals(clock: VirtualClock): AccountSignals {
  const instanceState: ((instance: Instance, actor: Actor) => void)[] = [];
  const lifecycle: ((change: LifecycleChange) => void)[] = [];
  const targetHealth: ((targetGroupArn: string, targetId: string, port: number) => void)[] = [];
  const settled: (() => void)[] = [];
  let isAnnounced = false;

  function announce(): void {
    isAnnounced = false;
    try {
      for (const listener of settled) listener();
    } catch (error) {
      clock.after(0, () => {
        throw error;
      });
    }
  }

  return {
    onInstanceState: (listener) => void instanceState.push(listener),
    instanceState: (instance, actor) => {
      for (const listener of instanceState) listener(instance, actor);
    },
    onLifecycle: (listener) => void lifecycle.push(listener),
    lifecycle: (change) => {
      for (const listener of lifecycle) listener(change);
    },
    onTargetHealth: (listener) => void targetHealth.push(listener),
    targetHealth: (targetGroupArn, targetId, port) => {
      for (const listener of targetHealth) listener(targetGroupArn, targetId, port);
    },
    onSettled: (listener) => void settled.push(listener),
    changed: () => {
      if (isAnnounced) return;
      isAnnounced = true;
      // Whoever caused the change is not who watches it.
      asNobody(() => queueMicrotask(announce));
    },
  };
}
