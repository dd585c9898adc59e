/** AWS answers 200 and names a host in `failures[]`, each time: the host stays with that reason, the others go on. */
import { expect, it } from 'vitest';
import { type Meddler, rehearseMeddled } from './meddled.ts';
import { SMALL } from './scene.ts';

it('a host that ECS never drains is held with its word, and not terminated', async () => {
  const meddler = (): Meddler => {
    let stubborn: string | undefined;
    return async (call, send) => {
      const { status, containerInstances = [] } = call.input;
      if (call.operation !== 'ECS.UpdateContainerInstancesState' || status !== 'DRAINING')
        return send(call.input);
      stubborn ??= containerInstances[0];
      const others = containerInstances.filter((arn: string) => arn !== stubborn);
      const answer = others.length > 0 ? await send({ ...call.input, containerInstances: others }) : {};
      const isAsked = others.length < containerInstances.length;
      return isAsked ? { ...answer, failures: [{ arn: stubborn, reason: 'INACTIVE' }] } : answer;
    };
  };
  const result = await rehearseMeddled({ scene: SMALL, meddler }, 1);
  expect(result).toMatchObject({ outcome: 'PARTIAL', violations: [], restored: true, leftovers: [] });
  expect(result.instances).toMatchObject({
    replaced: 3,
    held: [{ reason: expect.stringMatching(/^ECS refuses to drain it: INACTIVE; held since/) }],
  });
  expect(result.tasks.killed).toBe(0);
});
