/**
 * Goes through a run of the product as the state machine does (statemachine/rollover.asl.json): each handler by its export,
 * its answer through JSON to the next. Where the machine would wait, the clock is put forward and the world settles.
 */
import { vi } from 'vitest';
import { handler as assess } from '../../../functions/assess.ts';
import { handler as drain } from '../../../functions/drain.ts';
import type { RunState } from '../../../functions/edge/run-state.ts';
import { handler as plan } from '../../../functions/plan.ts';
import { handler as prepare } from '../../../functions/prepare.ts';
import { handler as register } from '../../../functions/register.ts';
import { type Report, handler as report } from '../../../functions/report.ts';
import { handler as restore } from '../../../functions/restore.ts';
import { handler as terminate } from '../../../functions/terminate.ts';
import { lambdaContext } from '../../support/lambda-context.ts';
import { MACHINE_ARN } from '../emulator.ts';

/** In the machine's order. */
const HANDLERS = { plan, prepare, assess, register, drain, terminate, restore, report };
export type FunctionName = keyof typeof HANDLERS;

/** More states than any run here needs; one that goes round for ever is found. */
const STATES_MAX = 400;

export interface Walk {
  readonly request: object;
  /** Of the execution; unique among those of a test file. */
  readonly name: string;
  /** The world's turn, after each state. */
  settle(): Promise<void>;
  /** Called with the name of each function that has answered, before the world's turn. */
  onState?(name: FunctionName): void;
}

/** @returns what `report` said, and the states passed, in order */
export async function walk({
  request,
  name,
  settle,
  onState,
}: Walk): Promise<{ report: Report; states: string[] }> {
  const states: string[] = [];
  const execution = `${MACHINE_ARN.replace(':stateMachine:', ':execution:')}:${name}`;
  let input: unknown = { request, execution };
  let next: string = 'plan';
  while (states.length < STATES_MAX) {
    states.push(next);
    if (next === 'wait') {
      vi.setSystemTime(Math.max(Date.now(), Date.parse((input as RunState).nextLookAt)));
      next = 'assess';
      continue;
    }
    if (!isFunction(next)) throw new Error(`the run goes to ${next}, which is not followed here`);
    const answer: unknown = JSON.parse(JSON.stringify(await invoke(next, input)));
    onState?.(next);
    await settle();
    if (next === 'report') return { report: answer as Report, states };
    input = answer;
    next = (answer as RunState).next;
  }
  throw new Error(`the run goes round: ${states.slice(-20).join(' ')}`);
}

function isFunction(next: string): next is FunctionName {
  return next in HANDLERS;
}

/** As Lambda does: whatever the state before left as output. */
function invoke(name: FunctionName, input: unknown): Promise<unknown> {
  const handler = HANDLERS[name] as unknown as (
    event: unknown,
    context: typeof lambdaContext,
  ) => Promise<unknown>;
  return handler(input, lambdaContext);
}
