/**
 * What AWS gives: an instance refresh of each group, and the capacity provider's managed draining, which sets a host to
 * DRAINING while it waits in Terminating:Wait and lets it go when its tasks are gone, after 48 hours at most.
 *
 * Both ways that people run it: as it is by default (`MinHealthyPercentage` 90, `MaxHealthyPercentage` 100: ends before it
 * launches), and launching before it ends (100 and 110). New instances count from InService on; a warm-up of a minute is
 * given, as AWS recommends for hosts that must still join.
 *
 * Sources: Amazon EC2 Auto Scaling user guide, instance-refresh-overview and understand-instance-refresh-default-values;
 * API reference, RefreshPreferences; Amazon ECS developer guide, managed-instance-draining.
 */
import { refreshAll } from './looks.ts';
import { type Policy, withManagedDraining } from './policy.ts';

const WARMUP_SECONDS = 60;

function instanceRefresh(name: string, MinHealthyPercentage: number, MaxHealthyPercentage: number): Policy {
  return {
    name,
    source: 'EC2 Auto Scaling user guide, instance-refresh-overview; ECS guide, managed-instance-draining',
    needs: withManagedDraining,
    act: (hands) =>
      refreshAll(hands, { MinHealthyPercentage, MaxHealthyPercentage, InstanceWarmup: WARMUP_SECONDS }),
  };
}

export const refreshEndingFirst = instanceRefresh('instance refresh 90/100', 90, 100);
export const refreshLaunchingFirst = instanceRefresh('instance refresh 100/110', 100, 110);
