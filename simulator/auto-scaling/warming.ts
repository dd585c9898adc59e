/** How much of a group still warms up, as step and target tracking policies count it. */
import type { World } from '../world.ts';
import { type Group, readyAtMs } from './group.ts';

/** Source: Amazon EC2 Auto Scaling API reference, AutoScalingGroup.DefaultCooldown. */
export const DEFAULT_COOLDOWN_SECONDS = 300;

/**
 * Capacity that is desired and not ready yet, in units of the group's weights. Source: Amazon EC2 Auto Scaling API reference,
 * PutScalingPolicy ("If default instance warmup is null, then EstimatedInstanceWarmup falls back to the value of default
 * cooldown").
 */
export function warming(world: World, group: Group, estimatedWarmupSeconds: number | undefined): number {
  const { DefaultInstanceWarmup, DefaultCooldown } = group.base;
  const isSet = DefaultInstanceWarmup !== undefined && DefaultInstanceWarmup >= 0;
  const ofGroup = isSet ? DefaultInstanceWarmup : (DefaultCooldown ?? DEFAULT_COOLDOWN_SECONDS);
  const seconds = estimatedWarmupSeconds ?? ofGroup;
  let ready = 0;
  for (const member of group.members.values())
    if ((readyAtMs(member, seconds) ?? Number.POSITIVE_INFINITY) <= world.clock.nowMs) ready += member.weight;
  return Math.max(0, group.desiredCapacity - ready);
}
