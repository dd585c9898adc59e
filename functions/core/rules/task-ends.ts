/** How a task came to its end, by ECS's own words (Amazon ECS API reference, Task.stopCode and Task.stoppedReason). */
import type { TaskFacts } from '../facts.ts';

/**
 * The registry does not have the container image: no host could pull it, whatever its own image.
 * Source: Amazon ECS developer guide, task_cannot_pull_image ("failed to resolve ref …: not found", "manifest unknown").
 */
const NO_SUCH_IMAGE = /^CannotPull\w*Error\b.*(not found|manifest unknown|does not exist)/is;

/** By itself, and not because its container image is gone. */
export function endedInError({ desiredStatus, stopCode, stoppedReason, exitCodes }: TaskFacts): boolean {
  if (desiredStatus !== 'STOPPED') return false;
  if (stopCode === 'TaskFailedToStart') return !NO_SUCH_IMAGE.test(stoppedReason ?? '');
  return stopCode === 'EssentialContainerExited' && (exitCodes ?? []).some((code) => code !== 0);
}
