/**
 * `services` of the result (design.md §7.6): of each REPLICA service, its lowest healthy count and the greatest share of
 * it that was in motion because of us. `desired` and the minimum are those in force when the count was lowest, so that
 * the row can be read by itself where somebody scaled the service meanwhile.
 */
import type { Observation } from '../../simulator/observation.ts';
import type { CheckContext } from '../checkers/checker.ts';
import type { Change } from '../checkers/chronicle.ts';
import type { ServiceMotion } from '../checkers/service-motion.ts';
import type { MotionPoint } from '../record.ts';
import type { ServiceResult } from '../result.ts';

interface Worst {
  desired: number;
  allowedMinimum: number;
  lowestHealthy: number;
  peakShareInMotion: number;
}

export class ServiceHealth {
  /** Tasks in motion over time, by service name. */
  readonly inMotion = new Map<string, MotionPoint[]>();
  readonly #context: CheckContext;
  readonly #worst = new Map<ServiceMotion, Worst>();

  constructor(context: CheckContext) {
    this.#context = context;
    for (const motion of context.chronicle.services.values()) this.#health(motion, motion.healthy);
  }

  observe(observation: Observation, atMs: number, change: Change | undefined): void {
    if (change?.kind === 'service' && observation.kind === 'service') {
      this.#health(change.motion, observation.healthy);
      this.#motion(change.motion, atMs);
    } else if (change?.kind === 'task') {
      const motion = this.#context.chronicle.motionOf(change.task);
      if (motion) this.#motion(motion, atMs);
    } else if (change?.kind === 'drain' || change?.kind === 'activate') {
      for (const task of change.host.tasks) {
        const motion = this.#context.chronicle.motionOf(task);
        if (motion) this.#motion(motion, atMs);
      }
    }
  }

  get result(): ServiceResult[] {
    return [...this.#worst].map(([motion, worst]) => ({ serviceName: motion.serviceName, ...worst }));
  }

  #worstOf(motion: ServiceMotion): Worst {
    const { desired, allowedMinimum } = motion;
    const fresh = { desired, allowedMinimum, lowestHealthy: Number.POSITIVE_INFINITY, peakShareInMotion: 0 };
    const worst = this.#worst.get(motion) ?? fresh;
    this.#worst.set(motion, worst);
    return worst;
  }

  #health(motion: ServiceMotion, healthy: number): void {
    const worst = this.#worstOf(motion);
    if (healthy >= worst.lowestHealthy) return;
    worst.lowestHealthy = healthy;
    worst.desired = motion.desired;
    worst.allowedMinimum = motion.allowedMinimum;
  }

  #motion(motion: ServiceMotion, atMs: number): void {
    const tasks = motion.inMotion;
    const points = this.inMotion.get(motion.serviceName) ?? [];
    if ((points.at(-1)?.tasks ?? 0) === tasks) return;
    points.push({ t: (atMs - this.#context.startedAtMs) / 1000, tasks });
    this.inMotion.set(motion.serviceName, points);
    const worst = this.#worstOf(motion);
    const share = motion.desired === 0 ? 0 : tasks / motion.desired;
    worst.peakShareInMotion = Math.max(worst.peakShareInMotion, share);
  }
}
