/**
 * The product with one guard taken out, without a hook in the product: what it sends and reads is changed between its
 * SDK clients and the account, one of its functions answers something else, or its state machine lacks a piece. What it
 * then does is what it would do had that guard never been written.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { attachable } from '../../../functions/aws/clients.ts';
import { rehearse } from '../../../rehearsal/rehearse.ts';
import type { RehearsalResult } from '../../../rehearsal/result.ts';
import { STATE_MACHINE_NAME } from '../../../rehearsal/wiring.ts';
import type { Account } from '../../../simulator/account.ts';
import { callerName } from '../../../simulator/kernel/caller.ts';
import { captureInput, type Scene } from './scene.ts';

// biome-ignore lint/suspicious/noExplicitAny: input and output of whatever command passes by.
export type Shape = any;

export interface PassingCall {
  /** Function that sends it. */
  readonly by: string;
  /** `ECS.DescribeTasks` … */
  readonly operation: string;
  readonly input: Shape;
}

/** @param send passes a call on with this input; it may be left out, or called again */
export type Meddler = (call: PassingCall, send: (input: Shape) => Promise<Shape>) => Promise<Shape>;

export interface Meddling {
  readonly scene: Scene;
  /** Made anew for each run: it may remember. */
  readonly meddler?: () => Meddler;
  readonly arrange?: (account: Account, stateMachineArn: string) => void;
}

/** Rehearses the product so; without anything to meddle, as it is. */
export async function rehearseMeddled(
  { scene, meddler, arrange }: Meddling,
  seed: number,
): Promise<RehearsalResult> {
  let met: Account | undefined;
  const answers = scene.answers?.(() => {
    if (met === undefined) throw new Error('there is no account yet');
    return met;
  });
  const undo = putBetween(nested(meddler?.() ?? PASSES, answers ?? PASSES));
  try {
    const input = { ...captureInput(scene), seed };
    const record = await rehearse(
      input,
      () => {},
      (account, { stateMachineArn }) => {
        met = account;
        scene.beside?.(account, stateMachineArn);
        arrange?.(account, stateMachineArn);
      },
    );
    return record.result;
  } finally {
    undo();
  }
}

const PASSES: Meddler = (call, send) => send(call.input);

/** The outer one sees what the inner one makes of the account's answers. */
const nested =
  (outer: Meddler, inner: Meddler): Meddler =>
  (call, send) =>
    outer(call, (input) => inner({ ...call, input }, send));

interface Stack {
  add(
    middleware: (
      next: (args: { input: Shape }) => Promise<{ output: Shape }>,
      context: { readonly commandName?: string },
    ) => (args: { input: Shape }) => Promise<{ output: Shape }>,
    options: { readonly name: string; readonly step: string; readonly priority: string },
  ): void;
  remove(name: string): boolean;
}

function putBetween(meddler: Meddler): () => void {
  const name = 'meddler';
  for (const { client, service } of attachable) {
    const stack = client.middlewareStack as unknown as Stack;
    stack.add(
      (next, context) => async (args) => {
        let answer: { output: Shape } | undefined;
        const operation = `${service}.${(context.commandName ?? '').replace(/Command$/, '')}`;
        const output = await meddler({ by: callerName(), operation, input: args.input }, async (input) => {
          answer = await next({ ...args, input });
          // Items are handed out as they are kept, unchangeable: what is changed on the way is a copy.
          return service === 'DynamoDB' ? structuredClone(answer.output) : answer.output;
        });
        return { ...answer, output: { $metadata: {}, ...output } };
      },
      { name, step: 'initialize', priority: 'high' },
    );
  }
  return () => {
    for (const { client } of attachable) (client.middlewareStack as unknown as Stack).remove(name);
  };
}

/** Changes what this operation is sent with; a call for which it answers undefined is not sent. */
export function sends(operation: string, change: (input: Shape, by: string) => Shape | undefined) {
  return (): Meddler => async (call, send) => {
    if (call.operation !== operation) return send(call.input);
    const input = change(call.input, call.by);
    return input === undefined ? {} : send(input);
  };
}

/** Changes what is read of this operation's answer. */
export function reads(operation: string, change: (output: Shape, by: string) => Shape) {
  return (): Meddler => async (call, send) => {
    const output = await send(call.input);
    return call.operation === operation ? change(output, call.by) : output;
  };
}

const DEFINITION = join(import.meta.dirname, '..', '..', '..', 'statemachine', 'rollover.asl.json');

/** Puts a changed definition in the place of the deployed one. */
export function withDefinition(change: (states: Record<string, Shape>) => void) {
  return (account: Account): void => {
    const text = readFileSync(DEFINITION, 'utf8').replace(/\$\{(\w+)Function\}/g, (_, name: string) =>
      account.lambda.arnOf(name.charAt(0).toLowerCase() + name.slice(1)),
    );
    const definition = JSON.parse(text) as { States: Record<string, Shape> };
    change(definition.States);
    account.stepFunctions.create(STATE_MACHINE_NAME, definition);
  };
}

/** Puts another function in the place of one of ours; it may ask ours. */
export function withFunction(
  name: string,
  load: () => Promise<{ readonly handler: Shape }>,
  around: (ours: (event: Shape) => Promise<Shape>, event: Shape, account: Account) => Promise<Shape>,
) {
  return (account: Account): void => {
    account.lambda.register(name, {
      timeoutSeconds: 60,
      handler: async (event: never, context) => {
        const { handler } = await load();
        return around((given) => handler(given, context), event, account);
      },
    });
  };
}
