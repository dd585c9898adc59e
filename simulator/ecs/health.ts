/**
 * When a task counts as healthy: 40 s after RUNNING without any check, else when its containers' checks and its targets
 * say so. Source: Amazon ECS API reference, DeploymentConfiguration.minimumHealthyPercent.
 */
import type { Parts } from './parts.ts';
import type { TaskRecord } from './records.ts';
import type { TaskTarget } from './targets.ts';

const UNCHECKED_HEALTHY_AFTER_SECONDS = 40;

export class Health {
  readonly #parts: Parts;
  readonly #taskOfTarget = new Map<string, TaskRecord>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The task has reached RUNNING: its checks begin. */
  begin(task: TaskRecord): void {
    const { clock } = this.#parts.world;
    const { healthCheckSeconds } = task.definition;
    if (healthCheckSeconds !== null) {
      // The first probe runs one interval after the start (Docker), and takes a moment.
      task.healthTimers.push(
        clock.after(healthCheckSeconds * 1000 + 500, () => {
          task.containerHealthy = true;
          this.evaluate(task);
        }),
      );
    } else if (!task.service) {
      task.aged = true;
    } else if (task.targets.length === 0) {
      task.healthTimers.push(
        clock.after(UNCHECKED_HEALTHY_AFTER_SECONDS * 1000, () => {
          task.aged = true;
          this.evaluate(task);
        }),
      );
    }
    this.evaluate(task);
  }

  end(task: TaskRecord): void {
    for (const timer of task.healthTimers) this.#parts.world.clock.cancel(timer);
    task.healthTimers = [];
  }

  watch(task: TaskRecord, target: TaskTarget): void {
    this.#taskOfTarget.set(keyOf(target.targetGroupArn, target.id, target.port), task);
  }

  unwatch(task: TaskRecord, target: TaskTarget): void {
    const key = keyOf(target.targetGroupArn, target.id, target.port);
    if (this.#taskOfTarget.get(key) === task) this.#taskOfTarget.delete(key);
  }

  targetChanged(targetGroupArn: string, targetId: string, port: number): void {
    const task = this.#taskOfTarget.get(keyOf(targetGroupArn, targetId, port));
    if (task) this.evaluate(task);
  }

  evaluate(task: TaskRecord): void {
    if (task.desiredStatus !== 'RUNNING' || task.lastStatus !== 'RUNNING') return;
    const checked = task.definition.healthCheckSeconds !== null;
    const { loadBalancing } = this.#parts.world;
    const isHealthy =
      (!checked || task.containerHealthy) &&
      (task.targets.length > 0
        ? task.targets.every((target) => loadBalancing.isHealthy(target.targetGroupArn, target))
        : checked || task.aged);
    const isTrulyHealthy = isHealthy && !task.host?.dead;
    if (isHealthy === task.knownHealthy && isTrulyHealthy === task.healthy) return;
    this.#parts.journal.changeTask(task, {
      knownHealthy: isHealthy,
      healthy: isTrulyHealthy,
      unhealthy: !isHealthy,
    });
  }
}

function keyOf(targetGroupArn: string, id: string, port: number): string {
  return `${targetGroupArn}|${id}|${port}`;
}
