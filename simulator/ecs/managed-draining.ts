/**
 * Managed instance draining: a host that Auto Scaling wants to end waits at ECS's own hook until its tasks have stopped,
 * 48 hours at most. Source: Amazon ECS developer guide, managed-instance-draining.
 */
import type { LifecycleChange } from '../world.ts';
import type { Parts } from './parts.ts';
import type { HostRecord } from './records.ts';

export const MANAGED_DRAINING_HOOK = 'ecs-managed-draining-termination-hook';
const LONGEST_SECONDS = 48 * 3600;
/** The hook's own heartbeat is an hour: ECS keeps it alive for as long as it waits. */
const HEARTBEAT_EVERY_SECONDS = 1800;
const REACTION_SECONDS = [1, 10] as const;
const ACTOR = { kind: 'aws', name: 'managed-draining' } as const;

export class ManagedDraining {
  readonly #parts: Parts;
  readonly #waiting = new Set<HostRecord>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  lifecycleChanged(change: LifecycleChange): void {
    if (change.lifecycleState !== 'Terminating:Wait' || !change.waitingHooks.includes(MANAGED_DRAINING_HOOK))
      return;
    const { world, state, registry } = this.#parts;
    const afterMs = world.random.stream('ecs/managed-draining').between(REACTION_SECONDS) * 1000;
    world.clock.after(afterMs, () => {
      const host = state.hostOfInstance.get(change.instanceId);
      if (!host) {
        this.#complete(change.instanceId);
        return;
      }
      if (this.#waiting.has(host)) return;
      this.#waiting.add(host);
      registry.setStatus(host, 'DRAINING', ACTOR);
      world.clock.after(LONGEST_SECONDS * 1000, () => this.#end(host));
      this.#keepAlive(host);
      this.look(host);
    });
  }

  /** A task of the host has gone. */
  look(host: HostRecord): void {
    if (this.#waiting.has(host) && host.tasks.size === 0) this.#end(host);
  }

  #keepAlive(host: HostRecord): void {
    const { clock, autoScaling } = this.#parts.world;
    clock.after(HEARTBEAT_EVERY_SECONDS * 1000, () => {
      if (!this.#waiting.has(host)) return;
      autoScaling.recordLifecycleActionHeartbeat(host.instanceId, MANAGED_DRAINING_HOOK);
      this.#keepAlive(host);
    });
  }

  #end(host: HostRecord): void {
    if (this.#waiting.delete(host)) this.#complete(host.instanceId);
  }

  #complete(instanceId: string): void {
    this.#parts.world.autoScaling.completeLifecycleAction(instanceId, MANAGED_DRAINING_HOOK, 'CONTINUE');
  }
}
