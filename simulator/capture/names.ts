/** How AWS's objects name each other, in all the forms in which a capture holds it. */

/** The part behind the last slash: ARNs of hosts and tasks come with and without the cluster's name. */
export function lastPart(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1);
}

/** Cluster name in an ARN of a container instance, task or service of the new format; undefined in the old one. */
export function clusterNameIn(arn: string): string | undefined {
  const parts = arn.split(':').slice(5).join(':').split('/');
  return parts.length >= 3 ? parts[1] : undefined;
}

/** `family:revision` of a task definition's ARN, or of that short form itself. */
export function familyRevision(taskDefinition: string): string {
  return lastPart(taskDefinition);
}

/** Group name in the ARN of an Auto Scaling group; the capacity provider's field also takes the bare name. */
export function groupNameIn(arn: string): string {
  const at = arn.indexOf('autoScalingGroupName/');
  return at < 0 ? arn : arn.slice(at + 'autoScalingGroupName/'.length);
}
