/** The truth of the whole account, put together from what its services know. */
import type { AutoScalingService } from './auto-scaling/service.ts';
import type { Ec2Service } from './ec2/service.ts';
import type { EcsService } from './ecs/ecs-service.ts';
import type { VirtualClock } from './kernel/clock.ts';
import type { HostTruth, Truth } from './truth.ts';
import type { Instance } from './world.ts';

export interface TruthSources {
  readonly ec2: Ec2Service;
  readonly autoScaling: AutoScalingService;
  readonly ecs: EcsService;
}

/** @param sources asked at each question: the services are made after the truth */
export function createTruth(clock: VirtualClock, sources: () => TruthSources): Truth {
  const hostOf = (instance: Instance): HostTruth => {
    const { autoScaling, ecs } = sources();
    const { instanceId, imageId, instanceType, group, zone, state, launchTimeMs } = instance;
    const membership = autoScaling.membership(instanceId);
    return {
      instanceId,
      imageId,
      instanceType,
      group: membership?.group ?? group,
      zone,
      state,
      launchTimeMs,
      lifecycleState: membership?.lifecycleState ?? null,
      protectedFromScaleIn: autoScaling.isProtectedFromScaleIn(instanceId),
      containerInstanceArn: ecs.containerInstanceOf(instanceId)?.containerInstanceArn ?? null,
    };
  };
  return {
    get nowMs() {
      return clock.nowMs;
    },
    hosts: () => [...sources().ec2.instances()].map(hostOf),
    host: (instanceId) => {
      const instance = sources().ec2.instance(instanceId);
      return instance && hostOf(instance);
    },
    containerInstances: () => sources().ecs.containerInstances(),
    containerInstanceOf: (instanceId) => sources().ecs.containerInstanceOf(instanceId),
    tasks: () => sources().ecs.tasks(),
    task: (taskArn) => sources().ecs.task(taskArn),
    tasksOn: (instanceId) => sources().ecs.tasksOn(instanceId),
    services: () => sources().ecs.services(),
    groups: () => sources().autoScaling.groups(),
    launchTemplates: () => sources().ec2.launchTemplates(),
  };
}
