/** Calls on lifecycle hooks. Source: Amazon EC2 Auto Scaling API reference, the command named at each method. */
import type {
  CompleteLifecycleActionType,
  DeleteLifecycleHookType,
  DescribeLifecycleHooksType,
  LifecycleHook,
  PutLifecycleHookType,
  RecordLifecycleActionHeartbeatType,
} from '@aws-sdk/client-auto-scaling';
import { awsError } from '../kernel/aws-error.ts';
import type { VirtualClock } from '../kernel/clock.ts';
import { LaggingStore } from '../kernel/lagging-store.ts';
import type { Call, Range } from '../world.ts';
import type { Group } from './group.ts';
import type { GroupStore } from './group-store.ts';
import { globalTimeoutSeconds, type Lifecycle } from './lifecycle.ts';

/** Source: user guide, ec2-auto-scaling-quotas. */
const MOST_HOOKS = 50;
/** "The range is from 30 to 7200 seconds" (API reference, PutLifecycleHook). */
const HEARTBEAT_SECONDS: Range = [30, 7200];

export class HookApi {
  readonly #clock: VirtualClock;
  readonly #store: GroupStore;
  readonly #lifecycle: Lifecycle;
  /** What reads see, by group. */
  readonly #pictures = new Map<string, LaggingStore<LifecycleHook>>();

  constructor(clock: VirtualClock, store: GroupStore, lifecycle: Lifecycle) {
    this.#clock = clock;
    this.#store = store;
    this.#lifecycle = lifecycle;
  }

  seed(group: Group): void {
    for (const [name, hook] of group.hooks) this.#picturesOf(group).put(name, hook);
  }

  #picturesOf({ name }: Group): LaggingStore<LifecycleHook> {
    const known = this.#pictures.get(name) ?? new LaggingStore<LifecycleHook>(this.#clock);
    this.#pictures.set(name, known);
    return known;
  }

  describeLifecycleHooks(input: DescribeLifecycleHooksType, call: Call) {
    const group = this.#store.get(input.AutoScalingGroupName);
    const names = input.LifecycleHookNames?.length ? new Set(input.LifecycleHookNames) : undefined;
    return {
      LifecycleHooks: this.#picturesOf(group)
        .list(call.lagMs)
        .filter((hook) => !names || names.has(hook.LifecycleHookName ?? ''))
        .map((hook) => ({ HeartbeatTimeout: 3600, GlobalTimeout: globalTimeoutSeconds(hook), ...hook })),
    };
  }

  putLifecycleHook(input: PutLifecycleHookType, call: Call): object {
    const group = this.#store.getOwn(input.AutoScalingGroupName);
    const name = input.LifecycleHookName ?? '';
    const known = group.hooks.get(name);
    if (!known && group.hooks.size >= MOST_HOOKS) {
      throw awsError('LimitExceededFault', `A group may have ${MOST_HOOKS} lifecycle hooks at most.`);
    }
    if (!known && input.LifecycleTransition === undefined) {
      throw awsError('ValidationError', 'A new lifecycle hook needs a LifecycleTransition.');
    }
    const { HeartbeatTimeout: heartbeat } = input;
    if (heartbeat !== undefined && (heartbeat < HEARTBEAT_SECONDS[0] || heartbeat > HEARTBEAT_SECONDS[1])) {
      throw awsError(
        'ValidationError',
        `The heartbeat timeout must be between ${HEARTBEAT_SECONDS.join(' and ')}.`,
      );
    }
    const hook = { HeartbeatTimeout: 3600, DefaultResult: 'ABANDON', ...known, ...input };
    group.hooks.set(name, hook);
    this.#picturesOf(group).put(name, hook);
    this.#store.changed(group, call.actor);
    return {};
  }

  /** Instances that this hook holds go on at once. */
  deleteLifecycleHook(input: DeleteLifecycleHookType, call: Call): object {
    const group = this.#store.getOwn(input.AutoScalingGroupName);
    const name = input.LifecycleHookName ?? '';
    if (!group.hooks.delete(name))
      throw awsError('ValidationError', `No lifecycle hook found with name ${name}`);
    this.#picturesOf(group).remove(name);
    for (const member of [...group.members.values()]) {
      if (member.waits.has(name))
        this.#lifecycle.complete(group, member.instanceId, name, undefined, 'CONTINUE');
    }
    this.#store.changed(group, call.actor);
    return {};
  }

  completeLifecycleAction(input: CompleteLifecycleActionType): object {
    const group = this.#store.get(input.AutoScalingGroupName);
    const result = input.LifecycleActionResult;
    if (result !== 'CONTINUE' && result !== 'ABANDON') {
      throw awsError('ValidationError', 'Valid lifecycle action results are CONTINUE and ABANDON');
    }
    this.#lifecycle.complete(
      group,
      input.InstanceId,
      input.LifecycleHookName ?? '',
      input.LifecycleActionToken,
      result,
    );
    return {};
  }

  recordLifecycleActionHeartbeat(input: RecordLifecycleActionHeartbeatType): object {
    const group = this.#store.get(input.AutoScalingGroupName);
    this.#lifecycle.heartbeat(
      group,
      input.InstanceId,
      input.LifecycleHookName ?? '',
      input.LifecycleActionToken,
    );
    return {};
  }
}
