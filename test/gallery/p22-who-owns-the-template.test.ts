import { expect, it } from 'vitest';
import { play, SEEDS, wrongsOf } from './play.ts';

const NEW_IMAGE = 'ami-0bbbbbbbbbbbbbbb2';
/** Two looks, which a busy tick may put half a minute apart. */
const NOTICED_WITHIN_SECONDS = 75;

it.each(SEEDS)('an owner who puts the template back has the last word (seed %i)', async (seed) => {
  const played = await play('p22a-the-template-is-put-back-mid-run', seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result.outcome).toBe('PARTIAL');
  const changedAt = played.lines('fault')[0]?.t ?? 0;
  expect(changedAt).toBeGreaterThan(0);
  for (const { reason } of played.result.instances.held)
    expect(reason).toMatch(/somebody changed the template/);
  expect(played.result.instances.held.length).toBeGreaterThan(0);

  const after = played.changes().filter(({ t }) => t > changedAt);
  const ofTemplates = after.filter(({ operation }) => /^EC2\.(Create|Modify)LaunchTemplate/.test(operation));
  expect(ofTemplates).toEqual([]);
  // What the owner's template launches in between is his; no host begins to drain for it.
  const drained = played.oldHosts.flatMap((id) => played.becameAt(id, 'DRAINING') ?? []);
  expect(drained.filter((t) => t > changedAt + NOTICED_WITHIN_SECONDS)).toEqual([]);
  expect(played.notices('restored-with-warnings').map(({ message }) => message)).toEqual([
    expect.stringMatching(/stays as they set it/),
  ]);
});

it.each(SEEDS)(
  'whatever form names the image, the same hosts are outdated, and it keeps its form (seed %i)',
  async (seed) => {
    const played = await play('p22b-whatever-form-names-the-image', seed);
    // The form of each group's reference is compared from outside.
    expect(wrongsOf(played)).toEqual([]);
    expect(played.result).toMatchObject({
      outcome: 'SUCCEEDED',
      restored: true,
      instances: { outdated: 5, replaced: 5 },
    });
    const launched = played.lines('host').filter(({ t, state }) => t > 0 && state === 'pending');
    expect(new Set(launched.map(({ image }) => image))).toEqual(new Set([NEW_IMAGE]));
    expect(new Set(launched.map(({ group }) => group))).toEqual(
      new Set(['latest', 'default', 'number', 'parameter', 'mixed']),
    );
  },
);
