/** Names inside ECS's ARNs, in the old format (without the cluster) and the new one alike. */

/** Last path element: the id of a host or task, the name of a cluster or service. */
export function idOf(arnOrId: string): string {
  return arnOrId.slice(arnOrId.lastIndexOf('/') + 1);
}

/** `prod` from `arn:aws:ecs:…:cluster/prod` or `prod`. */
export function clusterName(nameOrArn: string | undefined): string {
  return nameOrArn ? idOf(nameOrArn) : 'default';
}

/** Group name from an Auto Scaling group ARN. */
export function groupName(arn: string): string {
  const marker = 'autoScalingGroupName/';
  const at = arn.indexOf(marker);
  return at < 0 ? arn : arn.slice(at + marker.length);
}
