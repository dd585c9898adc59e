/** What a wrong orchestrator did is in the figures too; that it is caught is in `detection.test.ts`. */
import { describe, expect, it } from 'vitest';
import { roll } from '../support/rolled-account.ts';
import { killsThroughEc2 } from './wrong.ts';

describe('an orchestrator that', () => {
  it('kills tasks has them counted', async () => {
    const { measured } = await roll(killsThroughEc2, { outcome: 'FAILED' });
    expect(measured.tasks.killed).toBeGreaterThanOrEqual(4);
  });
});
