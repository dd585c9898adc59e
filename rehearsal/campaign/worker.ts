/**
 * A process that rehearses the seeds which its parent hands it, one at a time: virtual time takes over the whole process,
 * so two runs cannot share one. It ends when its parent does.
 */
import type { DrawnKind } from './draw-faults.ts';
import { simulateSeed } from './simulate-seed.ts';

export interface Order {
  readonly seed: number;
  readonly only?: readonly DrawnKind[];
}

process.on('message', async ({ seed, only }: Order) => {
  process.send?.(await simulateSeed(seed, only));
});
process.on('disconnect', () => process.exit());
