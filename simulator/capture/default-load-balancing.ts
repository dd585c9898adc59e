/** Defaults of target groups. Source: Elastic Load Balancing API reference, CreateTargetGroup and TargetGroupAttribute. */
import type { TargetGroup } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Capture } from './capture.ts';
import { lastPart } from './names.ts';

const DEFAULT_DEREGISTRATION_DELAY_SECONDS = 300;

/** Also describes target groups that services name but the capture does not list: with the defaults of an HTTP group. */
export function fillLoadBalancing(capture: Capture): void {
  const { targetGroups, targetGroupAttributes } = capture.elasticLoadBalancingV2;
  const known = new Set(targetGroups.map((group) => group.TargetGroupArn));
  for (const service of capture.ecs.services) {
    const targetType = service.networkConfiguration?.awsvpcConfiguration ? 'ip' : 'instance';
    for (const { targetGroupArn, containerPort } of service.loadBalancers ?? []) {
      if (targetGroupArn === undefined || known.has(targetGroupArn)) continue;
      known.add(targetGroupArn);
      targetGroups.push({
        TargetGroupArn: targetGroupArn,
        TargetType: targetType,
        ...(containerPort !== undefined && { Port: containerPort }),
      });
    }
  }
  for (const group of targetGroups) fillTargetGroup(group);

  for (const { TargetGroupArn } of targetGroups) {
    let item = targetGroupAttributes.find((attributes) => attributes.TargetGroupArn === TargetGroupArn);
    if (!item) {
      item = { TargetGroupArn: TargetGroupArn ?? '', Attributes: [] };
      targetGroupAttributes.push(item);
    }
    if (!item.Attributes.some(({ Key }) => Key === 'deregistration_delay.timeout_seconds'))
      item.Attributes.push({
        Key: 'deregistration_delay.timeout_seconds',
        Value: String(DEFAULT_DEREGISTRATION_DELAY_SECONDS),
      });
  }
}

/** Network groups (TCP, TLS, UDP) check every 30 s with 10 s time-out, application groups with 5 s. */
function fillTargetGroup(group: TargetGroup): void {
  group.TargetGroupName ??= group.TargetGroupArn?.split('/').at(-2) ?? lastPart(group.TargetGroupArn ?? '');
  group.Protocol ??= 'HTTP';
  group.Port ??= 80;
  group.TargetType ??= 'instance';
  const isApplication = group.Protocol === 'HTTP' || group.Protocol === 'HTTPS';
  group.HealthCheckEnabled ??= true;
  group.HealthCheckProtocol ??= isApplication ? group.Protocol : 'TCP';
  group.HealthCheckPort ??= 'traffic-port';
  group.HealthCheckIntervalSeconds ??= 30;
  group.HealthCheckTimeoutSeconds ??= isApplication ? 5 : 10;
  group.HealthyThresholdCount ??= 5;
  group.UnhealthyThresholdCount ??= 2;
  group.LoadBalancerArns ??= [];
}
