/** Platform versions of Fargate, and what they bound. */
import type { TaskRecord } from '../records.ts';

/** What LATEST means. Source: Amazon ECS developer guide, platform-linux-fargate and platform-windows-fargate. */
const NEWEST_LINUX = '1.4.0';
const NEWEST_WINDOWS = '1.0.0';

/** The longest time a container gets between its stop signal and SIGKILL. Source: task_definition_parameters. */
export const LONGEST_STOP_TIMEOUT_SECONDS = 120;

/** What LATEST was when the task started. */
export function platformOf(task: TaskRecord): {
  readonly platformVersion: string;
  readonly platformFamily: string;
} {
  const family = task.definition.source.runtimePlatform?.operatingSystemFamily ?? 'LINUX';
  const windows = family.startsWith('WINDOWS');
  const { platformVersion = 'LATEST', platformFamily } = task.source;
  return {
    platformVersion:
      platformVersion === 'LATEST' ? (windows ? NEWEST_WINDOWS : NEWEST_LINUX) : platformVersion,
    platformFamily: platformFamily ?? (windows ? family : 'Linux'),
  };
}
