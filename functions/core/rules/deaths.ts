/**
 * What tasks of a service that should move die of: the first question about a drain that does not go on. ECS's own events
 * say that tasks were started, seldom why they ended.
 */
import type { TaskFacts } from '../facts.ts';
import type { Rule } from '../tick.ts';
import { diedByItself } from './verdict.ts';

/** The same words again are written down this often: a service that crashes all the time would write at every look. */
const SAME_AGAIN_MS = 600_000;

export const noteDeaths: Rule = ({ look, draft }) => {
  const firstDrainMs = draft.run.firstDrainAtMs;
  if (firstDrainMs === undefined) return;
  for (const task of look.facts.tasks) {
    const { serviceName, createdAtMs } = task;
    const service = serviceName === undefined ? undefined : draft.service(serviceName);
    if (service === undefined || createdAtMs < firstDrainMs || !diedByItself(task)) continue;
    const before = service.lastDeath;
    const words = deathOf(task);
    if (before !== undefined && before.createdAtMs >= createdAtMs) continue;
    if (before?.words === words && createdAtMs - before.createdAtMs < SAME_AGAIN_MS) continue;
    draft.noteService(service.serviceName, service, { lastDeath: { words, createdAtMs } });
  }
};

/** `Essential container in task exited (exit code 1)`. */
function deathOf({ stoppedReason, stopCode, exitCodes = [] }: TaskFacts): string {
  const codes = exitCodes.filter((code) => code !== 0);
  const exit = codes.length === 0 ? '' : ` (exit code ${codes.join(', ')})`;
  return `${stoppedReason ?? stopCode ?? 'stopped'}${exit}`;
}
