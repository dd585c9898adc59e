/** What of the emulator's answers no reader of AWS's could take, put as AWS says it. */
interface Captured {
  readonly ecs: { readonly tasks: readonly { readonly launchType?: string | undefined }[] };
}

/**
 * The capture with the launch type that AWS gives a task of StartTask: EC2. Source: Amazon ECS API reference, Task.launchType
 * ("Valid Values: EC2 | FARGATE | EXTERNAL | MANAGED_INSTANCES") and StartTask ("on the specified container instance").
 */
export function asAwsDescribes<T extends Captured>(capture: T): T {
  const tasks = capture.ecs.tasks.map((task) => ({ ...task, launchType: task.launchType || 'EC2' }));
  return { ...capture, ecs: { ...capture.ecs, tasks } };
}
