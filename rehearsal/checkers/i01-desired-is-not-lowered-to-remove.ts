/**
 * I1, the other way to kill: lowering desired capacity (or MaxSize) below the hosts that a group has lets Auto Scaling
 * pick the victims, by zone balance first, blind to tasks. Source: Amazon EC2 Auto Scaling user guide,
 * ec2-auto-scaling-termination-policies. Hosts are ended by id. Where all hosts are protected from scale-in it can pick
 * none: "its desired capacity is decremented", and no more (ec2-auto-scaling-instance-protection).
 */
import { inputOf, texts } from './calls.ts';
import { type CheckerFactory, isOurs, tookEffect, Verdicts } from './checker.ts';

const SIZING = new Set([
  'AutoScaling.UpdateAutoScalingGroup',
  'AutoScaling.SetDesiredCapacity',
  'AutoScaling.ExecutePolicy',
]);

export const desiredIsNotLoweredToRemove: CheckerFactory = (context) => {
  const verdicts = new Verdicts('I1', context.startedAtMs);
  const desired = new Map(context.truth.groups().map((group) => [group.group, group.desiredCapacity]));
  /** Last change of desired capacity by us, with the hosts that the group had then: judged when its call is told. */
  const lowered = new Map<string, { readonly to: number; readonly members: number }>();

  const isAllProtected = (group: string) =>
    context.truth
      .hosts()
      .filter((host) => host.group === group && host.lifecycleState === 'InService')
      .every((host) => host.protectedFromScaleIn);

  return {
    invariant: 'I1',
    violations: verdicts.violations,
    observe(observation, atMs, change) {
      if (observation.kind === 'group' && change?.kind === 'sizes') {
        const before = desired.get(observation.group) ?? 0;
        desired.set(observation.group, observation.desiredCapacity);
        lowered.delete(observation.group);
        const isLowered = isOurs(observation.actor) && observation.desiredCapacity < before;
        if (isLowered && !isAllProtected(observation.group)) {
          lowered.set(observation.group, { to: observation.desiredCapacity, members: change.members });
        }
      }
      if (observation.kind !== 'call' || !SIZING.has(observation.operation)) return;
      if (!tookEffect(observation.answer)) return;
      for (const group of texts(inputOf(observation).AutoScalingGroupName)) {
        const act = lowered.get(group);
        if (!act || act.to >= act.members) continue;
        verdicts.add(
          atMs,
          `${group} ${act.to}`,
          `${observation.operation} by ${observation.function} lowered the desired capacity of ${group} to ` +
            `${act.to} while it had ${act.members} hosts: Auto Scaling picks the victims, tasks or not`,
        );
      }
    },
  };
};
