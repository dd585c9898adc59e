/** The ledger as `prepare` would have written it for a little world. */
import type { RunMemory } from '../../functions/core/memory.ts';
import type { ModelOptions } from './model-options.ts';

export function firstMemory(
  options: ModelOptions,
  sizes: { readonly minSize: number; readonly maxSize: number; readonly desired: number },
  target: string,
): RunMemory {
  const replicas = options.services.filter((item) => item.daemon !== true);
  return {
    runId: 'run',
    startedAtMs: 0,
    phase: 'rolling',
    lastProgressAtMs: 0,
    daemonsAtPlan: options.services.filter((item) => item.daemon === true).map((item) => item.name),
    groups: [
      {
        autoScalingGroupName: 'group',
        original: {
          minSize: sizes.minSize,
          maxSize: sizes.maxSize,
          desiredCapacity: sizes.desired,
          suspendedProcesses: [],
          newInstancesProtectedFromScaleIn: false,
          launchSource: '{}',
        },
        targetImages: { '*': target },
        targetImageIds: [target],
        set: {},
        createdVersions: {},
        defaultVersions: {},
        suspendedByUs: ['AZRebalance', 'ScheduledActions'],
        goal: sizes.desired,
      },
    ],
    hosts: [],
    services: replicas.map((item) => ({
      serviceName: item.name,
      healthyAtPlan: item.desired,
      desiredAtPlan: item.desired,
      tasksOnOutdated: item.desired,
      unplacedAtPlan: 0,
    })),
    movesSeen: 0,
  };
}
