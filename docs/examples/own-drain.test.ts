import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { tasksKilledByNaiveDrain } from './own-drain.ts';

const FILE = new URL('../../rehearsal/example/capture.json', import.meta.url);

/** Daemons stop last: with one on the host the count is 0 only when all else has stopped, and the tool has luck. */
function captureWithoutDaemons() {
  const capture = JSON.parse(readFileSync(FILE, 'utf8'));
  capture.ecs.services = capture.ecs.services.filter(
    (service: { schedulingStrategy: string }) => service.schedulingStrategy !== 'DAEMON',
  );
  const kept = capture.ecs.services.map(
    (service: { serviceName: string }) => `service:${service.serviceName}`,
  );
  capture.ecs.tasks = capture.ecs.tasks.filter((task: { group: string }) => kept.includes(task.group));
  return capture;
}

it('finds that a drain which waits for runningTasksCount 0 kills tasks that still stop', async () => {
  const killed = await tasksKilledByNaiveDrain(captureWithoutDaemons());

  expect(killed).toContainEqual(expect.stringMatching(/was (DEACTIVATING|STOPPING)$/));
});
