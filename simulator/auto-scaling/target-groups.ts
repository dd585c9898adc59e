/**
 * Load balancers attached to a group itself: its instances are targets from InService until they leave.
 * Sources: Amazon EC2 Auto Scaling user guide, attach-load-balancer-asg (registered at launch; before an instance ends, the
 * group waits for its deregistration delay), understand-how-suspending-processes-affects-other-processes.
 */
import type { World } from '../world.ts';
import { type Group, isSuspended, type Member } from './group.ts';

/** Nothing while AddToLoadBalancer is suspended, and those of that time are not added when it is resumed. */
export function joinTargetGroups(world: World, group: Group, member: Member): void {
  if (isSuspended(group, 'AddToLoadBalancer')) return;
  for (const arn of group.base.TargetGroupARNs ?? []) {
    const port = world.loadBalancing.portOf(arn);
    world.loadBalancing.register(arn, { id: member.instanceId, port, zone: member.zone });
  }
}

/** @param left runs once no target group sends it anything any more; at once where none did */
export function leaveTargetGroups(
  world: World,
  group: Group,
  member: Member,
  left: () => void = () => undefined,
): void {
  const arns = group.base.TargetGroupARNs ?? [];
  let waitsFor = arns.length;
  if (waitsFor === 0) left();
  for (const arn of arns) {
    const target = { id: member.instanceId, port: world.loadBalancing.portOf(arn) };
    world.loadBalancing.deregister(arn, target, () => {
      waitsFor--;
      if (waitsFor === 0) left();
    });
  }
}
