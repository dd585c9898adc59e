/**
 * Somebody's own drain Lambda, tried in the embedded account: it drains a host, waits until ECS counts no running task on
 * it, and terminates it. Which tasks does it kill?
 */
import { AutoScalingClient, TerminateInstanceInAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling';
import {
  DescribeContainerInstancesCommand,
  ECSClient,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';
import { createAccount, inVirtualTime, parseCapture } from 'ecs-rollover/simulator';

const config = { region: 'eu-west-1', credentials: { accessKeyId: 'none', secretAccessKey: 'none' } };
const ecs = new ECSClient(config);
const autoScaling = new AutoScalingClient(config);

/** The tool under test: `runningTasksCount` looks like the thing to wait for. */
async function drainHost({ cluster, arn, instanceId }: { cluster: string; arn: string; instanceId: string }) {
  const host = { cluster, containerInstances: [arn] };
  await ecs.send(new UpdateContainerInstancesStateCommand({ ...host, status: 'DRAINING' }));
  const running = async () =>
    (await ecs.send(new DescribeContainerInstancesCommand(host))).containerInstances?.[0]?.runningTasksCount;
  while ((await running()) !== 0) await new Promise((wakeUp) => setTimeout(wakeUp, 15_000));
  const end = { InstanceId: instanceId, ShouldDecrementDesiredCapacity: false };
  await autoScaling.send(new TerminateInstanceInAutoScalingGroupCommand(end));
}

/** @returns the tasks that were not yet STOPPED when their host was ended */
export async function tasksKilledBy(tool: typeof drainHost, capture: unknown): Promise<string[]> {
  const parsed = parseCapture(capture);
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  const account = createAccount({ capture: parsed.ok, seed: 1 });
  account.attach(ecs, 'ECS');
  account.attach(autoScaling, 'AutoScaling');
  account.lambda.register('drain', { handler: tool, timeoutSeconds: 900 });
  const killed: string[] = [];
  account.observe((seen) => {
    if (seen.kind !== 'host' || seen.state !== 'shutting-down') return;
    const left = account.truth.tasksOn(seen.instanceId).filter((task) => !task.daemon);
    killed.push(...left.map((task) => `${task.group} was ${task.lastStatus}`));
  });
  await inVirtualTime(account, async () => {
    const [host] = account.truth.containerInstances();
    if (!host) throw new Error('the capture has no host');
    const { cluster, instanceId, containerInstanceArn: arn } = host;
    await account.lambda.invoke('drain', { cluster, arn, instanceId });
    await account.clock.delay(600_000);
  });
  return killed;
}

export const tasksKilledByNaiveDrain = (capture: unknown) => tasksKilledBy(drainHost, capture);
