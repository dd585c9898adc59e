/**
 * A Lambda function behind the group's terminate hook: it sets the host to DRAINING, looks every 10 seconds until
 * `runningTasksCount` is 0, and completes the hook; Lambda ends it after 15 minutes, and its asynchronous retry finds a
 * host that drains already. The hook has no heartbeat and goes on at its own time. An instance refresh that launches
 * first drives it, the gentlest way to use it.
 *
 * Source: getsocial-rnd/ecs-drain-lambda, `ecs.go` (Drain), `handler.go` (HandleRequest, CompleteLifecycle) and its README;
 * moabukar/ecs-drainer is the same code. The cluster, which the original reads from user data, is given to it.
 */
import { CompleteLifecycleActionCommand, PutLifecycleHookCommand } from '@aws-sdk/client-auto-scaling';
import {
  type ContainerInstance,
  DescribeContainerInstancesCommand,
  ListContainerInstancesCommand,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';
import type { Hands } from './hands.ts';
import { refreshAll } from './looks.ts';
import type { Policy } from './policy.ts';

const FUNCTION = 'drain-hook';
const HOOK = 'drain-before-terminate';
/** The longest that Lambda runs. Source: AWS Lambda developer guide, gettingstarted-limits. */
const LAMBDA_SECONDS = 900;
/** As long as the function may take. */
const HOOK_SECONDS = LAMBDA_SECONDS;
const POLL_SECONDS = 10;
const WARMUP_SECONDS = 60;

interface HookEvent {
  readonly detail: {
    readonly AutoScalingGroupName: string;
    readonly EC2InstanceId: string;
    readonly LifecycleActionToken: string;
    readonly LifecycleHookName: string;
  };
}

export const terminateHook: Policy = {
  name: 'terminate hook, Lambda of 15 min',
  source: 'getsocial-rnd/ecs-drain-lambda: ecs.go, handler.go',
  async act(hands) {
    await install(hands);
    await refreshAll(hands, {
      MinHealthyPercentage: 100,
      MaxHealthyPercentage: 110,
      InstanceWarmup: WARMUP_SECONDS,
    });
  },
};

async function install(hands: Hands): Promise<void> {
  const { account } = hands;
  account.lambda.register(FUNCTION, {
    handler: (event: HookEvent) => handle(hands, event),
    timeoutSeconds: LAMBDA_SECONDS,
    memorySizeMb: 128,
  });
  account.eventBridge.addRule({
    name: FUNCTION,
    pattern: {
      source: ['aws.autoscaling'],
      'detail-type': ['EC2 Instance-terminate Lifecycle Action'],
    },
    target: { lambda: FUNCTION },
  });
  for (const name of hands.groups) {
    await hands.autoScaling.send(
      new PutLifecycleHookCommand({
        AutoScalingGroupName: name,
        LifecycleHookName: HOOK,
        LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
        HeartbeatTimeout: HOOK_SECONDS,
        DefaultResult: 'CONTINUE',
      }),
    );
  }
}

async function handle(hands: Hands, { detail }: HookEvent): Promise<void> {
  await drain(hands, detail.EC2InstanceId);
  await hands.autoScaling.send(
    new CompleteLifecycleActionCommand({
      InstanceId: detail.EC2InstanceId,
      LifecycleHookName: detail.LifecycleHookName,
      LifecycleActionToken: detail.LifecycleActionToken,
      AutoScalingGroupName: detail.AutoScalingGroupName,
      LifecycleActionResult: 'CONTINUE',
    }),
  );
}

async function drain({ ecs, cluster, wait }: Hands, instanceId: string): Promise<void> {
  // One page, as it is there: hosts beyond the first hundred are not found.
  const { containerInstanceArns = [] } = await ecs.send(new ListContainerInstancesCommand({ cluster }));
  const described = await ecs.send(
    new DescribeContainerInstancesCommand({ cluster, containerInstances: containerInstanceArns }),
  );
  let host: ContainerInstance | undefined = described.containerInstances?.find(
    (one) => one.ec2InstanceId === instanceId,
  );
  if (!host) throw new Error(`${instanceId} not found in the cluster ${cluster}`);
  const containerInstances = [host.containerInstanceArn ?? ''];
  while ((host?.runningTasksCount ?? 0) > 0) {
    if (host?.status !== 'DRAINING')
      await ecs.send(
        new UpdateContainerInstancesStateCommand({ cluster, containerInstances, status: 'DRAINING' }),
      );
    const answer = await ecs.send(new DescribeContainerInstancesCommand({ cluster, containerInstances }));
    host = answer.containerInstances?.[0];
    if (!host) throw new Error(`${instanceId} is not part of the ECS cluster anymore`);
    await wait(POLL_SECONDS);
  }
}
