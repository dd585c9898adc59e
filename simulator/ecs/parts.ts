/** What the modules of ECS see of each other: `ecs-service.ts` fills it in before anything runs. */
import type { Capture } from '../capture/capture.ts';
import type { World } from '../world.ts';
import type { AgentRegistry } from './agent-registry.ts';
import type { ManagedScaling } from './capacity-providers/managed-scaling.ts';
import type { CapacityProviders } from './capacity-providers/providers.ts';
import type { ProvisioningQueue } from './capacity-providers/provisioning-queue.ts';
import type { DaemonScheduler } from './daemon-scheduler.ts';
import type { Deployments } from './deployments.ts';
import type { Fargate } from './fargate/fargate.ts';
import type { Health } from './health.ts';
import type { HostLoss } from './host-loss.ts';
import type { Journal } from './journal.ts';
import type { ReplicaScheduler } from './replica-scheduler.ts';
import type { EcsState } from './state.ts';
import type { TaskStarter } from './task-starter.ts';
import type { TaskStopper } from './task-stopper.ts';
import type { ZoneRebalancing } from './zone-rebalancing.ts';

export interface Parts {
  readonly world: World;
  readonly capture: Capture;
  readonly state: EcsState;
  readonly journal: Journal;
  readonly registry: AgentRegistry;
  readonly loss: HostLoss;
  readonly health: Health;
  readonly starter: TaskStarter;
  readonly stopper: TaskStopper;
  readonly fargate: Fargate;
  readonly scheduler: ReplicaScheduler;
  readonly daemons: DaemonScheduler;
  readonly deployments: Deployments;
  readonly queue: ProvisioningQueue;
  readonly providers: CapacityProviders;
  readonly scaling: ManagedScaling;
  readonly zones: ZoneRebalancing;
}
