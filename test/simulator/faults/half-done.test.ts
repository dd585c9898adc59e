/** `half-done`: half of the planned tasks moved off their hosts, or half of the hosts terminated, whichever is first. */
import { expect, it } from 'vitest';
import { drain, fired, oldHosts, setDesired, withFaults } from './support.ts';

const HALF_DONE = {
  kind: 'send-event',
  event: { source: 'nobody', 'detail-type': 'Nothing', detail: {} },
  when: 'half-done',
};
const SERVICES = ['storefront', 'checkout', 'search', 'queue-worker', 'image-resizer', 'notifications'];

it('is not reached by deployments, which replace every task where it is', async () => {
  const deployments = SERVICES.map((service) => ({
    kind: 'deploy-service',
    service,
    good: true,
    atSeconds: 5,
  }));
  await withFaults([HALF_DONE, ...deployments], async (scene) => {
    await scene.wait(3_000);
    const replaced = scene.observations.filter(
      ({ observation }) => observation.kind === 'task' && observation.cause?.because === 'deployment',
    );
    expect(replaced.length).toBeGreaterThan(scene.account.truth.tasks().length / 2);
    expect(fired(scene)[0]).toEqual([]);
  });
});

it('is reached by drains, before any host has ended', async () => {
  await withFaults([HALF_DONE], async (scene) => {
    await setDesired(scene, 18);
    await scene.wait(300);
    for (const id of oldHosts(scene).slice(0, 9)) await drain(scene, id);
    await scene.wait(1_200);
    expect(fired(scene)[0]).toHaveLength(1);
    expect(scene.account.truth.hosts().every(({ state }) => state === 'running')).toBe(true);
  });
});
