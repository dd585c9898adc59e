/**
 * Managed instance draining: a host that Auto Scaling wants to end waits at ECS's own hook until its tasks have stopped,
 * 48 hours at most; then it is terminated anyway. Other hooks of the group wait beside it.
 * Source: Amazon ECS developer guide, managed-instance-draining and enable-managed-instance-draining.
 */
import type { LifecycleChange } from '../../world.ts';
import type { Parts } from '../parts.ts';
import type { HostRecord } from '../records.ts';

export const MANAGED_DRAINING_HOOK = 'ecs-managed-draining-termination-hook';
const LONGEST_SECONDS = 48 * 3600;
/** The hook's heartbeat and default result, as users describe it; ECS keeps it alive for as long as it waits. */
const HOOK = {
  LifecycleHookName: MANAGED_DRAINING_HOOK,
  LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
  HeartbeatTimeout: 3600,
  DefaultResult: 'CONTINUE',
} as const;
const HEARTBEAT_EVERY_SECONDS = 1800;
const REACTION_SECONDS = [1, 10] as const;
const ACTOR = { kind: 'aws', name: 'managed-draining' } as const;

/** Groups of providers with managed draining have its hook, those of providers without it do not. */
export function keepDrainingHooks(parts: Parts): void {
  const { autoScaling } = parts.world;
  for (const { group, drains, settings } of parts.providers.all()) {
    if (group === null) continue;
    if (drains) autoScaling.putLifecycleHook(group, HOOK, ACTOR);
    else if (settings?.managedDraining === 'DISABLED')
      autoScaling.deleteLifecycleHook(group, MANAGED_DRAINING_HOOK, ACTOR);
  }
}

export class ManagedDraining {
  readonly #parts: Parts;
  readonly #waiting = new Set<HostRecord>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  lifecycleChanged(change: LifecycleChange): void {
    // Back into a warm pool its hook holds the host in Warmed:Pending:Wait; that ECS drains it then is UNCONFIRMED.
    const isHeld = /^(Terminating|Warmed:Pending):Wait$/.test(change.lifecycleState);
    if (!isHeld || !change.waitingHooks.includes(MANAGED_DRAINING_HOOK)) return;
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
    if (!this.#waiting.has(host) || host.tasks.size > 0) return;
    const isStopped = host.dead?.because === 'host-stopped';
    if (isStopped && this.#parts.world.readings.stoppedHostHangsDraining) return;
    this.#end(host);
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
