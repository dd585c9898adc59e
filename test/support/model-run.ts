/** Runs `decide` over the little world until it lets go, with every step kept for looking at. */
import { decide } from '../../functions/core/decide.ts';
import type { Facts } from '../../functions/core/facts.ts';
import type { Settings } from '../../functions/core/settings.ts';
import type { Step } from '../../functions/core/step.ts';
import { defaults } from './facts.ts';
import type { ModelOptions } from './model-options.ts';
import { ModelWorld } from './model-world.ts';

export interface ModelRun {
  readonly world: ModelWorld;
  readonly steps: readonly { readonly atSeconds: number; readonly facts: Facts; readonly step: Step }[];
  readonly end: Step['end'];
}

export interface RunOptions {
  readonly settings?: Partial<Settings>;
  readonly horizonSeconds?: number;
  /** Something happens to the world; called before each turn. */
  readonly disturb?: (world: ModelWorld) => void;
  /** Changes what is seen, not what is. */
  readonly see?: (facts: Facts, world: ModelWorld) => Facts;
}

export function runToEnd(options: ModelOptions, run: RunOptions = {}): ModelRun {
  const world = new ModelWorld(options);
  const settings = { ...defaults, ...run.settings };
  const steps: { atSeconds: number; facts: Facts; step: Step }[] = [];
  let nextLook = 0;
  while (world.now < (run.horizonSeconds ?? 100_000)) {
    if (world.now >= nextLook) {
      const facts = run.see?.(world.facts(), world) ?? world.facts();
      const step = decide(facts, world.plan, settings, world.now * 1000);
      steps.push({ atSeconds: world.now, facts, step });
      world.apply(step);
      nextLook = world.now + step.waitSeconds;
      if (step.restore) return { world, steps, end: step.end };
    }
    run.disturb?.(world);
    world.turn();
  }
  return { world, steps, end: undefined };
}
