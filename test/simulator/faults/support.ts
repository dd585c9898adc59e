/** The example's account with faults armed, and what tests ask of it. */
import { UpdateAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling';
import { UpdateContainerInstancesStateCommand } from '@aws-sdk/client-ecs';
import { faultSchema } from '../../../simulator/faults/schema.ts';
import { inExampleAccount, type Scene } from '../support/example-account.ts';

export const GROUP = 'prod-ecs-hosts';
export const NEW_IMAGE = 'ami-08d4e7b15f96c2a31';
export const AT_ONCE = { atSeconds: 1 };
export const LAUNCHED = 'EC2 Instance Launch Successful';
export const TASK_CHANGED = 'ECS Task State Change';

export function withFaults<T>(
  faults: readonly object[],
  act: (scene: Scene) => Promise<T>,
  prepare: (account: Scene['account']) => void = () => {},
): Promise<T> {
  return inExampleAccount(act, {
    prepare(account) {
      const outdated = account.truth.hosts().map(({ instanceId }) => instanceId);
      account.faults.tell({ outdated: () => outdated, targetImages: () => [NEW_IMAGE] });
      for (const fault of faults) account.faults.arm(faultSchema.parse(fault));
      prepare(account);
    },
  });
}

export const setDesired = ({ autoScaling }: Scene, DesiredCapacity: number) =>
  autoScaling.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName: GROUP, DesiredCapacity }));

export async function drain({ ecs, account }: Scene, instanceId: string): Promise<void> {
  const containerInstances = [account.truth.containerInstanceOf(instanceId)?.containerInstanceArn ?? ''];
  await ecs.send(
    new UpdateContainerInstancesStateCommand({ cluster: 'prod', containerInstances, status: 'DRAINING' }),
  );
}

export const oldHosts = ({ account }: Scene) =>
  account.truth
    .hosts()
    .filter(({ imageId }) => imageId !== NEW_IMAGE)
    .map(({ instanceId }) => instanceId)
    .sort();
export const newHosts = ({ account }: Scene) =>
  account.truth.hosts().filter(({ imageId }) => imageId === NEW_IMAGE);
export const stateOf = ({ account }: Scene, instanceId = '') =>
  account.truth.host(instanceId)?.state ?? 'terminated';
export const isEnding = (state: string) => state === 'shutting-down' || state === 'terminated';
export const fired = ({ account }: Scene) =>
  account.faults.records().map(({ firedAtSeconds }) => firedAtSeconds);
export const tasksOf = ({ account }: Scene, service: string) =>
  account.truth.tasks().filter(({ serviceName }) => serviceName === service);
