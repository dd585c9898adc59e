/**
 * What travels from state to state: who the run is, what this step is to do, and a few counters. Bounded: a list here never
 * exceeds one step's batch, whatever the size of the cluster; the world is read anew and the ledger remembers the rest.
 */
import * as z from 'zod';
import { OUTCOMES } from '../core/outcome.ts';
import { requestSchema } from './request.ts';

/** The longest batches of one step; what goes beyond them is decided again at the next one. */
export const BATCH = {
  register: 40,
  activate: 30,
  drain: 60,
  terminate: 60,
  stopTasks: 30,
  deregister: 10,
  quiesce: 30,
  endQuiesce: 30,
} as const;

const REASON_MAX = 60;
/** Reasons are for people who open the execution; the ledger and the log have them whole. */
const reason = z.string().transform((text) => text.slice(0, REASON_MAX));
const hostAction = z.object({ instanceId: z.string(), containerInstanceArn: z.string(), reason });

const registerAction = z.object({
  autoScalingGroupName: z.string(),
  minSize: z.int().min(0),
  maxSize: z.int().min(0),
  desiredCapacity: z.int().min(0),
  reason,
});

const terminateAction = z.object({
  instanceId: z.string(),
  containerInstanceArn: z.string().optional(),
  autoScalingGroupName: z.string(),
  decrement: z.boolean(),
  minSizeBefore: z.int().min(0).optional(),
  because: z.enum(['drained', 'dead', 'surplus']),
  reason,
});

const quiesceAction = hostAction.omit({ reason: true }).extend({ untilMs: z.int() });

/** What the acting states are to do, as `assess` decided. */
export const actsSchema = z.object({
  /** Tells one decision from the next: a second delivery of the same step carries the same. */
  id: z.string(),
  register: z.array(registerAction).max(BATCH.register),
  activate: z.array(hostAction).max(BATCH.activate),
  drain: z.array(hostAction).max(BATCH.drain),
  terminate: z.array(terminateAction).max(BATCH.terminate),
  stopTasks: z.array(z.object({ taskArn: z.string(), reason })).max(BATCH.stopTasks),
  deregister: z.array(hostAction).max(BATCH.deregister),
  // A run that an older version of the product began has neither.
  quiesce: z.array(quiesceAction).max(BATCH.quiesce).default([]),
  endQuiesce: z
    .array(quiesceAction.omit({ untilMs: true }))
    .max(BATCH.endQuiesce)
    .default([]),
});

export const NO_ACTS: Acts = {
  id: '',
  register: [],
  activate: [],
  drain: [],
  terminate: [],
  stopTasks: [],
  deregister: [],
  quiesce: [],
  endQuiesce: [],
};

export const NEXT = [
  'plan',
  'game-day',
  'prepare',
  'assess',
  'register',
  'drain',
  'terminate',
  'wait',
  'restore',
  'report',
] as const;

/** What Step Functions puts where a state failed: the error's name and, for a Lambda, its JSON. */
const failure = z.object({ Error: z.string(), Cause: z.string().optional() });

export const runStateSchema = z.object({
  version: z.literal(1),
  /** Name of the cluster. */
  cluster: z.string().min(1),
  request: requestSchema,
  /** ARN of the execution. */
  execution: z.string().min(1),
  /**
   * `roll`, `plan` and `game-day` as asked; `abort`: give back what a dead run left; `none`: nothing of a cluster is touched, only
   * reported (a message to a running run, a refusal).
   */
  mode: z.enum(['roll', 'plan', 'game-day', 'abort', 'none']),
  runId: z.string().min(1),
  /** Token of the claim; 0 before there is one. */
  token: z.int().min(0),
  next: z.enum(NEXT),
  step: actsSchema,
  /** When the world is read again: a time, not a span, so that what acts take is waited already. */
  nextLookAt: z.iso.datetime(),
  ending: z.object({ outcome: z.enum(OUTCOMES), reason: z.string() }).optional(),
  counters: z.object({
    /** Looks at the world so far. */
    ticks: z.int(),
    /** History events of this execution, as estimated: Step Functions ends an execution at 25,000. */
    events: z.int(),
    /** How often a failure sent the run into closing. */
    failures: z.int(),
  }),
  /** Request rates that the run has spent, by bucket: tokens left, and when (functions/aws/budget.ts). */
  pace: z.record(z.string(), z.tuple([z.number(), z.number()])).optional(),
  /** Where the run stands, for people. */
  summary: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  error: failure.optional(),
});

export type RunState = z.output<typeof runStateSchema>;
export type Acts = z.output<typeof actsSchema>;
export type Next = RunState['next'];

/** Input of `report` when not even a plan was made: what the machine's first state put together, and the error. */
export const failedStartSchema = z.object({
  request: z.unknown(),
  execution: z.string(),
  error: failure,
});

/** The order of acts within one step: capacity first, then hosts out, then hosts away. */
const ORDER = ['register', 'drain', 'terminate'] as const;

/** How much the `drain` state has to do. */
export function drainActs({ activate, drain, stopTasks, quiesce, endQuiesce }: Acts): number {
  return activate.length + drain.length + stopTasks.length + quiesce.length + endQuiesce.length;
}

/** The act after this one that has something to do; then the wait. */
export function nextAct(acts: Acts, after?: (typeof ORDER)[number]): Next {
  const has = {
    register: acts.register.length > 0,
    drain: drainActs(acts) > 0,
    terminate: acts.terminate.length + acts.deregister.length > 0,
  };
  const rest = after === undefined ? ORDER : ORDER.slice(ORDER.indexOf(after) + 1);
  return rest.find((act) => has[act]) ?? 'wait';
}
