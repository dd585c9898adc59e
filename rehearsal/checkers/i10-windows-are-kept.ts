/**
 * I10: nothing disruptive outside the window unless a deadline says so. Disruptive is what moves or ends tasks: to drain
 * a host, to end one that holds tasks, to stop a task, to force a deployment. Giving things back (ACTIVE, removing an
 * empty host, restoring knobs) is not.
 */
import type { CallObservation } from '../../simulator/observation.ts';
import { touchedBy } from './calls.ts';
import { type CheckContext, type CheckerFactory, isOurs, tookEffect, Verdicts } from './checker.ts';
import { Kills } from './kills.ts';

const DISRUPTIVE_CALLS = new Set([
  'ECS.StopTask',
  'ECS.DeregisterContainerInstance',
  'ECS.UpdateService',
  'AutoScaling.StartInstanceRefresh',
]);

export const windowsAreKept: CheckerFactory = (context) => {
  const verdicts = new Verdicts('I10', context.startedAtMs);
  const kills = new Kills();

  return {
    invariant: 'I10',
    violations: verdicts.violations,
    observe(observation, atMs, change) {
      const killed = kills.of(change);
      if (context.isOpen(atMs)) return;
      for (const { instanceId, task } of killed) {
        if (!context.overridesWindow(instanceId, atMs))
          tell(atMs, instanceId, `${task.taskArn} on ${instanceId} was ended`);
      }
      if (
        change?.kind === 'drain' &&
        isOurs(change.by) &&
        // An empty host, daemons apart, goes by way of DRAINING, lest a task start on it.
        change.host.tasksToLose.length > 0 &&
        !context.overridesWindow(change.host.instanceId, atMs)
      ) {
        const { instanceId, tasksToLose } = change.host;
        const count = `${tasksToLose.length} task(s)`;
        tell(atMs, instanceId, `${instanceId} with ${count} was drained by ${change.by?.name}`);
      }
      if (observation.kind === 'call' && isDisruptive(observation, context, atMs)) {
        tell(atMs, observation.operation, `${observation.function} called ${observation.operation}`);
      }
    },
  };

  function tell(atMs: number, key: string, what: string): void {
    verdicts.add(
      atMs,
      key,
      `${what} at ${new Date(atMs).toISOString()}, outside of every maintenance window`,
    );
  }
};

function isDisruptive(call: CallObservation, context: CheckContext, atMs: number): boolean {
  if (!DISRUPTIVE_CALLS.has(call.operation) || !tookEffect(call.answer)) return false;
  if (!isOurs({ kind: 'function', name: call.function })) return false;
  const { instanceIds } = touchedBy(call, context.chronicle);
  if (instanceIds.length > 0 && instanceIds.every((id) => context.overridesWindow(id, atMs))) return false;
  // A ghost, gone in EC2 already, has nothing left to disrupt.
  const isGhost = instanceIds.length > 0 && instanceIds.every((id) => !context.chronicle.hosts.get(id)?.isUp);
  return !(call.operation === 'ECS.DeregisterContainerInstance' && isGhost);
}
