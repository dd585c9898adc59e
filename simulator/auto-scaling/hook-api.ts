/** Calls on lifecycle hooks. Source: Amazon EC2 Auto Scaling API reference, the command named at each method. */
import type {
  CompleteLifecycleActionType,
  DeleteLifecycleHookType,
  DescribeLifecycleHooksType,
  PutLifecycleHookType,
  RecordLifecycleActionHeartbeatType,
} from '@aws-sdk/client-auto-scaling';
import { awsError } from '../kernel/aws-error.ts';
import type { Call, Range } from '../world.ts';
import type { GroupStore } from './group-store.ts';
import { globalTimeoutSeconds, type Lifecycle } from './lifecycle.ts';

/** Source: user guide, ec2-auto-scaling-quotas. */
const MOST_HOOKS = 50;
/** "The range is from 30 to 7200 seconds" (API reference, PutLifecycleHook). */
const HEARTBEAT_SECONDS: Range = [30, 7200];

export class HookApi {
  readonly #store: GroupStore;
  readonly #lifecycle: Lifecycle;

  constructor(store: GroupStore, lifecycle: Lifecycle) {
    this.#store = store;
    this.#lifecycle = lifecycle;
  }

  describeLifecycleHooks(input: DescribeLifecycleHooksType) {
    const group = this.#store.get(input.AutoScalingGroupName);
    const names = input.LifecycleHookNames?.length ? new Set(input.LifecycleHookNames) : undefined;
    return {
      LifecycleHooks: [...group.hooks.values()]
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
    group.hooks.set(name, { HeartbeatTimeout: 3600, DefaultResult: 'ABANDON', ...known, ...input });
    this.#store.changed(group, call.actor);
    return {};
  }

  /** Instances that this hook holds go on at once. */
  deleteLifecycleHook(input: DeleteLifecycleHookType, call: Call): object {
    const group = this.#store.getOwn(input.AutoScalingGroupName);
    const name = input.LifecycleHookName ?? '';
    if (!group.hooks.delete(name))
      throw awsError('ValidationError', `No lifecycle hook found with name ${name}`);
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
