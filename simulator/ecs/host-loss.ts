/**
 * What happens to a host's tasks and its registration when its machine stops or ends. The machine is gone at once; ECS
 * learns of it later, and of a host whose agent was not connected it never learns by itself.
 * Source: Amazon ECS API reference, DeregisterContainerInstance ("stopped container instances or instances with
 * disconnected agents aren't automatically deregistered when terminated").
 */
import type { Actor, StopCause } from '../observation.ts';
import type { Instance } from '../world.ts';
import type { Parts } from './parts.ts';
import type { HostRecord } from './records.ts';

const AGENT_GOES_SECONDS = [2, 10] as const;
/** ECS notices the end of a machine by EC2's events. */
const NOTICED_SECONDS = [10, 60] as const;
const DEREGISTERED_SECONDS = [10, 30] as const;
/** Seen in public logs: up to 20 minutes after a bare terminate. */
const LATE_SECONDS = [60, 1200] as const;
const LATE_SHARE = 0.1;

export class HostLoss {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  instanceChanged(instance: Instance, actor: Actor): void {
    if (instance.state === 'shutting-down' || instance.state === 'stopping')
      this.#parts.registry.machineGone(instance.instanceId);
    const host = this.#parts.state.hostOfInstance.get(instance.instanceId);
    if (!host) return;
    switch (instance.state) {
      case 'shutting-down':
      case 'terminated':
        if (host.dead?.because !== 'host-terminated') this.#machineGoes(host, actor, true);
        break;
      case 'stopping':
      case 'stopped':
        if (!host.dead) this.#machineGoes(host, actor, false);
        break;
      default:
        break;
    }
  }

  #machineGoes(host: HostRecord, actor: Actor, terminated: boolean): void {
    const { world, journal, registry } = this.#parts;
    const stream = world.random.stream('ecs/host-loss');
    const wasConnected = host.agentConnected && !host.dead;
    const cause: StopCause = {
      because: terminated ? 'host-terminated' : 'host-stopped',
      actor,
      instanceId: host.instanceId,
      text: `Host EC2 (instance ${host.instanceId}) ${terminated ? 'terminated' : 'stopped'}.`,
    };
    host.dead = cause;
    for (const task of [...host.tasks]) {
      for (const target of task.targets) world.loadBalancing.fail(target.targetGroupArn, target);
      if (task.healthy) journal.changeTask(task, { healthy: false, cause: task.cause ?? cause });
    }
    world.clock.after(stream.between(AGENT_GOES_SECONDS) * 1000, () => {
      if (host.dead === cause) registry.agentLeaves(host);
    });
    // A stopped machine's tasks are noticed as well, its registration stays.
    if (terminated && !wasConnected) return;
    const noticedMs = stream.between(NOTICED_SECONDS) * 1000;
    world.clock.after(noticedMs, () => this.loseTasks(host, cause));
    if (!terminated) return;
    const late = stream.chance(LATE_SHARE);
    const afterMs = noticedMs + stream.between(late ? LATE_SECONDS : DEREGISTERED_SECONDS) * 1000;
    world.clock.after(afterMs, () => registry.retire(host, cause));
  }

  loseTasks(host: HostRecord, cause: StopCause): void {
    for (const task of [...host.tasks]) this.#parts.stopper.lose(task, cause, 'TerminationNotice');
  }
}
