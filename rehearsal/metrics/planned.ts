/** What stood on the outdated hosts when the plan was made: the ground of moves and of the bound. */
import type { CheckContext } from '../checkers/checker.ts';
import type { HostLine, TaskLine } from '../checkers/lines.ts';

export interface PlannedHost {
  readonly host: HostLine;
  /** REPLICA tasks that should run. */
  readonly replicas: readonly TaskLine[];
  readonly standalone: readonly TaskLine[];
  /** Until when a replica on it is protected, epoch milliseconds. */
  readonly protections: readonly { readonly task: TaskLine; readonly untilMs: number }[];
}

export function plannedHosts(context: CheckContext): PlannedHost[] {
  return [...context.outdated].flatMap((instanceId) => {
    const host = context.chronicle.hosts.get(instanceId);
    if (!host?.isUp) return [];
    const replicas = host.tasksToMove.filter((task) => context.chronicle.motionOf(task) !== undefined);
    const standalone = host.tasksToLose.filter((task) => task.serviceName === undefined);
    const protections = replicas.flatMap((task) => {
      const untilMs = context.truth.task(task.taskArn)?.protectedUntilMs ?? null;
      return untilMs === null ? [] : [{ task, untilMs }];
    });
    return [{ host, replicas, standalone, protections }];
  });
}
