import { expect, it } from 'vitest';
import { type Played, play, SEEDS, wrongsOf } from './play.ts';

it.each(SEEDS)('a failing deployment is not the image’s fault (seed %i)', async (seed) => {
  const played = await play('p35a-failing-deployment-is-not-the-image', seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(['FAILED', 'PARTIAL']).toContain(played.result.outcome);
  expect(played.result.reason).not.toContain('ami-');
  expect(played.result.restored).toBe(true);
  expect(played.calls('ECS.UpdateService')).toEqual([]);
  const [end] = played.notices(played.result.outcome.toLowerCase());
  expect(end?.message).toContain('web');
});

/** A look that began right before the deployment may end with a drain. */
const ONE_LOOK = 15;

/** Old hosts that began to drain with tasks of the service on them while it deployed. */
function drainedInDeployment(played: Played, service: string): string[] {
  const tasks = played.lines('task').filter(({ group }) => group === `service:${service}`);
  const from = (played.lines('fault')[0]?.t ?? 0) + ONE_LOOK;
  // It is over once the last task of the old revision is told to stop; that one may take its time.
  const replaced = Map.groupBy(
    tasks.filter(({ cause }) => cause?.because === 'deployment'),
    ({ taskArn }) => taskArn,
  );
  const stops = [...replaced.values()].map((lines) => lines[0]?.t ?? 0);
  const until = Math.max(...stops);
  expect(stops.length).toBeGreaterThan(0);
  return played.oldHosts.filter((host) => {
    const at = played.becameAt(host, 'DRAINING') ?? 0;
    const last = new Map(tasks.filter(({ t }) => t <= at).map((line) => [line.taskArn, line]));
    const carries = [...last.values()].some(
      ({ instanceId, lastStatus }) => instanceId === host && lastStatus !== 'STOPPED',
    );
    return carries && at > from && at < until;
  });
}

it.each([
  ['p35b-deployment-at-the-start', 1],
  ['p35c-deployment-in-the-middle', 2],
] as const)('%s is waited for (seed %i)', async (folder, seed) => {
  const played = await play(folder, seed);
  expect(wrongsOf(played)).toEqual([]);
  expect(played.result).toMatchObject({ outcome: 'SUCCEEDED', instances: { replaced: 4 } });
  expect(played.calls('ECS.UpdateService')).toEqual([]);
  expect(drainedInDeployment(played, 'web')).toEqual([]);
  const isNamed = played.result.findings.some(
    ({ service, message }) => service === 'web' && /deploy/.test(message),
  );
  expect(isNamed).toBe(folder.startsWith('p35b'));
});
