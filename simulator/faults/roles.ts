/** Hosts by role, for faults whose author cannot know an id: `outdated:2`, `draining:1`, `new:3`, `canary`. */
import type { Observation } from '../observation.ts';
import type { Truth } from '../truth.ts';
import type { FaultContext } from './context.ts';

export class Roles {
  readonly #context: FaultContext;
  readonly #truth: Truth;
  readonly #startMs: number;
  /** By time of DRAINING. */
  readonly #draining = new Set<string>();
  /** By launch. */
  readonly #launched = new Set<string>();

  /** @param startMs launches before it are the captured hosts' */
  constructor(context: FaultContext, truth: Truth, startMs: number) {
    this.#context = context;
    this.#truth = truth;
    this.#startMs = startMs;
  }

  observe(observation: Observation): void {
    if (observation.kind === 'container-instance') {
      if (observation.status === 'DRAINING') this.#draining.add(observation.instanceId);
      else this.#draining.delete(observation.instanceId);
    }
    if (observation.kind !== 'host' || observation.group === null) return;
    const host = this.#truth.host(observation.instanceId);
    if (host && host.launchTimeMs >= this.#startMs) this.#launched.add(observation.instanceId);
  }

  /** @returns an instance that lives, or undefined while the role is unfilled. Anything else is an id and stands for itself. */
  resolve(role: string): string | undefined {
    const [kind, count] = role === 'canary' ? ['new', '1'] : role.split(':');
    const found = count === undefined ? role : this.#nth(kind, Number(count));
    return found !== undefined && this.#lives(found) ? found : undefined;
  }

  /** The n-th host that was launched for the run, whatever became of it. */
  new(n: number): string | undefined {
    const images = this.#context.targetImages();
    const ofRun = [...this.#launched].filter(
      (instanceId) => images.length === 0 || images.includes(this.#truth.host(instanceId)?.imageId ?? ''),
    );
    return ofRun[n - 1];
  }

  #nth(kind: string | undefined, n: number): string | undefined {
    if (kind === 'new') return this.new(n);
    if (kind === 'draining') return [...this.#draining].filter((id) => this.#lives(id))[n - 1];
    return [...this.#context.outdated()].sort().filter((id) => this.#lives(id))[n - 1];
  }

  #lives(instanceId: string): boolean {
    const state = this.#truth.host(instanceId)?.state;
    return state !== undefined && state !== 'shutting-down' && state !== 'terminated';
  }
}
