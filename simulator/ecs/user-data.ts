/** Which cluster a host's user data names. */

const ASSIGNMENTS = [
  // /etc/ecs/ecs.config. Source: Amazon ECS developer guide, ecs-agent-config.
  /ECS_CLUSTER\s*=\s*["']?([\w-]+)/,
  // Bottlerocket's [settings.ecs]. Source: Amazon ECS developer guide, ecs-bottlerocket.
  /^\s*cluster\s*=\s*["']([\w-]+)["']/m,
  /^\s*(?:settings\.)?ecs\.cluster\s*=\s*["']([\w-]+)["']/m,
  // Windows: Initialize-ECSAgent -Cluster name.
  /Initialize-ECSAgent[^\n]*-Cluster\s+["']?([\w-]+)/i,
];

/** Undefined when there is no user data or it says nothing of a cluster. Takes base64, and plain text as well. */
export function clusterInUserData(userData: string | null): string | undefined {
  if (!userData) return undefined;
  for (const text of [Buffer.from(userData, 'base64').toString('utf8'), userData])
    for (const assignment of ASSIGNMENTS) {
      const match = assignment.exec(text);
      if (match) return match[1];
    }
  return undefined;
}
