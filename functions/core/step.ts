/** One step: what `decide` answers at a tick. Data with reasons; acting on it is the handlers' work. */
import type { GroupMemory, HostMemory, RunMemory, ServiceMemory } from './memory.ts';
import type { NotificationKind } from './notification-kinds.ts';
import type { Ending } from './outcome.ts';

/** Sizes of one group in one UpdateAutoScalingGroup call; absolute values, so a repeat changes nothing. */
export interface RegisterAction {
  readonly autoScalingGroupName: string;
  readonly minSize: number;
  readonly maxSize: number;
  readonly desiredCapacity: number;
  readonly reason: string;
}

export interface HostAction {
  readonly instanceId: string;
  readonly containerInstanceArn: string;
  readonly reason: string;
}

/** A host whose tasks are asked to come to an end by a tag on its container instance, and one that stays after all. */
export interface QuiesceAction {
  readonly instanceId: string;
  readonly containerInstanceArn: string;
  /** When the host is to be drained at the latest. */
  readonly untilMs: number;
}

export interface TerminateAction {
  readonly instanceId: string;
  readonly containerInstanceArn?: string;
  readonly autoScalingGroupName: string;
  readonly decrement: boolean;
  /** With decrement: MinSize to set first, so that the decrement does not go under it. */
  readonly minSizeBefore?: number;
  /** `drained`: terminate checks once more that it is; `dead`: EC2 or the agent is gone for good (rule 21). */
  readonly because: 'drained' | 'dead' | 'surplus';
  readonly reason: string;
}

/** Why a host does not move at this tick. */
export interface Hold {
  readonly instanceId: string;
  /** Rule of decisions.md that holds it back, or `finding`. */
  readonly rule: string;
  readonly reason: string;
  readonly service?: string;
}

export interface Step {
  readonly register: readonly RegisterAction[];
  /** DRAINING hosts that go back to ACTIVE. */
  readonly activate: readonly HostAction[];
  readonly drain: readonly HostAction[];
  readonly terminate: readonly TerminateAction[];
  /** Tasks to stop, of a class that was opted into force. */
  readonly stopTasks: readonly { readonly taskArn: string; readonly reason: string }[];
  readonly quiesce: readonly QuiesceAction[];
  readonly endQuiesce: readonly Omit<QuiesceAction, 'untilMs'>[];
  /** Ghost container instances to deregister by force: EC2 says terminated. */
  readonly deregister: readonly HostAction[];
  /** What to write into the ledger before acting: the changed items only, whole. */
  readonly remember: {
    readonly run?: Partial<Omit<RunMemory, 'groups' | 'hosts' | 'services'>>;
    readonly groups: readonly GroupMemory[];
    readonly hosts: readonly HostMemory[];
    readonly services: readonly ServiceMemory[];
  };
  readonly holds: readonly Hold[];
  /** For people: where the run stands. */
  readonly phase: 'trial' | 'registering' | 'baking' | 'moving' | 'waiting' | 'closing' | 'frozen';
  readonly reason: string;
  /** Notices worth telling (held host, bounce storm, freeze …): kind and text, each told once by the ledger. */
  readonly notify: readonly {
    readonly kind: NotificationKind;
    readonly message: string;
    readonly instanceId?: string;
    /** For programs that listen: goes out with the notice. */
    readonly detail?: Readonly<Record<string, unknown>>;
  }[];
  readonly waitSeconds: number;
  /** Set once the run should end: the closing phase is over too when `restore` may begin. */
  readonly end?: Ending;
  readonly restore: boolean;
  /** The groups are to be pinned to what ran before, so that a rollback can launch it. */
  readonly pinBack?: boolean;
}
