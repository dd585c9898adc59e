/** Each checker is proved by orchestrators that it catches, in the real account; and none by what is right. */
import { describe, expect, it } from 'vitest';
import { detect, HAND_ROLLERS, MUTANTS, SUSPECTS } from './detection.ts';
import { rehearseMeddled } from './meddled.ts';

/** Only where AWS takes a repeated call for another one is it wrong: that is a draw. */
const MOST_SEEDS = 6;

describe('a wrong orchestrator is caught', () => {
  it.each(HAND_ROLLERS.map((suspect) => [suspect.name, suspect] as const))('%s', async (_name, suspect) => {
    const { seeds, told } = await detect(suspect, MOST_SEEDS);
    expect(seeds, `told: ${told.join(' ')}`).toBeDefined();
  });

  it('and there are enough of them to say that the judge sees', () => {
    expect(SUSPECTS.length).toBeGreaterThanOrEqual(65);
    expect(new Set(SUSPECTS.map(({ name }) => name)).size).toBe(SUSPECTS.length);
  });
});

describe('the product as it is', () => {
  const scenes = [...new Set(MUTANTS.map(({ scene }) => scene))];

  it.each(scenes.map((scene, at) => [at + 1, scene] as const))(
    'is told nothing in scene %i',
    async (_at, scene) => {
      const { violations, restored, reason, outcome } = await rehearseMeddled({ scene }, 1);
      expect(violations).toEqual([]);
      expect(restored).toBe(true);
      expect(outcome).toBe(scene.outcome ?? outcome);
      expect(reason).not.toContain('still running');
    },
  );
});
