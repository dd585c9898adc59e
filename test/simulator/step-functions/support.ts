/** A state machine in a bare kernel, with handlers written in the test. */
import { SFNClient } from '@aws-sdk/client-sfn';
import { LambdaRuntime } from '../../../simulator/lambda/runtime.ts';
import type { Machine, State } from '../../../simulator/step-functions/definition.ts';
import type { Execution, ExecutionEnd } from '../../../simulator/step-functions/execution.ts';
import { StepFunctions } from '../../../simulator/step-functions/service.ts';
import type { FaultBoard, ServiceEvent } from '../../../simulator/world.ts';
import { type Kernel, kernel } from '../support/kernel.ts';

type Handler = (event: never) => unknown;

export interface Setup {
  readonly account: Kernel;
  readonly lambda: LambdaRuntime;
  readonly states: StepFunctions;
  readonly events: ServiceEvent[];
  readonly sfn: SFNClient;
  readonly arn: string;
}

/** Close `account` when the test is over. */
export function setUp(
  machine: Machine,
  handlers: Record<string, Handler> = {},
  options: { seed?: number; faults?: Partial<FaultBoard> } = {},
): Setup {
  const account = kernel(options);
  const where = { accountId: '111122223333', region: 'eu-west-1' };
  const lambda = new LambdaRuntime({ clock: account.clock, random: account.random, ...where });
  for (const [name, handler] of Object.entries(handlers)) {
    lambda.register(name, { handler: async (event) => handler(event), timeoutSeconds: 900 });
  }
  const events: ServiceEvent[] = [];
  const states = new StepFunctions({
    clock: account.clock,
    random: account.random,
    lambda,
    ...where,
    registry: account.dispatcher,
    record: (observation) => account.observations.push({ ...observation, atMs: account.clock.nowMs }),
    emit: (event) => events.push(event),
  });
  const sfn = new SFNClient({});
  account.dispatcher.attach(sfn, 'SFN');
  return { account, lambda, states, events, sfn, arn: states.create('rollover', machine) };
}

/** A Task that calls a function by its ARN and ends the execution unless told otherwise. */
export const task = (name: string, more: Partial<State> = {}): State => ({
  Type: 'Task',
  Resource: `arn:aws:lambda:eu-west-1:111122223333:function:${name}`,
  End: true,
  ...more,
});
export const only = (state: State): Machine => ({ StartAt: 'Only', States: { Only: state } });

/** Starts, lets time pass to the end, answers the end. */
export async function run(
  { account, states, arn }: Setup,
  input: unknown = {},
): Promise<ExecutionEnd & { execution: Execution }> {
  const execution = states.start(arn, JSON.stringify(input));
  const end = await account.finish(() => execution.whenOver());
  return { ...end, execution };
}
