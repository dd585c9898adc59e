/** What people use today to replace the hosts of a cluster, as a policy that runs in the embedded account. */
import type { GroupSpec } from '../clusters/spec.ts';
import type { Hands } from './hands.ts';

export interface Policy {
  /** For the table: what it is, in few words. */
  readonly name: string;
  /** Where its rules come from. */
  readonly source: string;
  /** What the group must have for it, beside what every group has. */
  readonly needs?: (group: GroupSpec) => GroupSpec;
  /** @param patched is told each host that stays and runs the new system all the same, by container instance ARN */
  act(hands: Hands, patched: (containerInstance: string) => void): Promise<void>;
}

/** Managed draining comes with a capacity provider. Source: Amazon ECS developer guide, managed-instance-draining. */
export function withManagedDraining(group: GroupSpec): GroupSpec {
  return {
    ...group,
    capacityProvider: group.capacityProvider ?? `${group.name}-provider`,
    managedDraining: true,
  };
}
