/** What the tests of documented statements about groups ask of a small account again and again. */
import type { Instance, InstanceRefresh } from '@aws-sdk/client-auto-scaling';
import type { SmallAccount } from '../ec2/small-account.ts';

export const WEB = { AutoScalingGroupName: 'web' };

export function asg<T = unknown>(account: SmallAccount, operation: string, input: object = {}): T {
  return account.call<T>('AutoScaling', operation, { ...WEB, ...input });
}

export function refused(account: SmallAccount, operation: string, input: object = {}): string | undefined {
  return account.refusal('AutoScaling', operation, { ...WEB, ...input });
}

export function suspend(account: SmallAccount, ...ScalingProcesses: string[]): void {
  asg(account, 'SuspendProcesses', { ScalingProcesses });
}

export function resume(account: SmallAccount, ...ScalingProcesses: string[]): void {
  asg(account, 'ResumeProcesses', { ScalingProcesses });
}

export function membersIn(account: SmallAccount, ...states: string[]): Instance[] {
  return (account.group().Instances ?? []).filter(({ LifecycleState }) =>
    states.includes(LifecycleState ?? ''),
  );
}

export function inService(account: SmallAccount): string[] {
  return membersIn(account, 'InService').map(({ InstanceId }) => InstanceId ?? '');
}

export function pool(account: SmallAccount): Instance[] {
  return asg<{ Instances: Instance[] }>(account, 'DescribeWarmPool').Instances;
}

export function poolStates(account: SmallAccount): string[] {
  return pool(account).map(({ LifecycleState }) => LifecycleState ?? '');
}

export function refresh(account: SmallAccount): InstanceRefresh {
  const { InstanceRefreshes } = asg<{ InstanceRefreshes: InstanceRefresh[] }>(
    account,
    'DescribeInstanceRefreshes',
  );
  return InstanceRefreshes[0] as InstanceRefresh;
}

/** Passes time in steps and tells the fewest and most that were in service, and the most there were at all. */
export async function extremes(account: SmallAccount, seconds: number, stepSeconds = 5) {
  let [fewest, most, mostAtAll] = [Number.POSITIVE_INFINITY, 0, 0];
  for (let passed = 0; passed < seconds; passed += stepSeconds) {
    await account.pass(stepSeconds);
    const ready = inService(account).length;
    fewest = Math.min(fewest, ready);
    most = Math.max(most, ready);
    mostAtAll = Math.max(
      mostAtAll,
      ready + membersIn(account, 'Pending', 'Pending:Wait', 'Pending:Proceed').length,
    );
  }
  return { fewest, most, mostAtAll };
}
