/**
 * An AWS account in a process, for those who test what drives one: read a capture, create the account, attach SDK
 * clients, let virtual time pass, watch the truth. `docs/simulator-for-your-own-tools.md` is its page.
 */
export { type Account, type AccountCost, type AccountOptions, asCaller, createAccount } from './account.ts';
export type { Capture } from './capture/capture.ts';
export { type ParsedCapture, type Problem, parseCapture } from './capture/parse.ts';
export type { AttachableClient, CallCounts, NoisyNeighbour } from './dispatch/dispatcher.ts';
export type { BucketSize } from './dispatch/token-bucket.ts';
export type { DeadLetter, EventDelivery, EventEnvelope, Rule, RuleTarget } from './event-bridge/event-bus.ts';
export type { EventPattern } from './event-bridge/pattern.ts';
export type { FaultContext } from './faults/context.ts';
export type { FaultRecord } from './faults/engine.ts';
export {
  FAULT_KINDS,
  type Fault,
  type FaultKind,
  type FaultOf,
  faultSchema,
  faultsSchema,
} from './faults/schema.ts';
export { inVirtualTime, type VirtualTimeOptions } from './in-virtual-time.ts';
export { NotSimulated } from './kernel/aws-error.ts';
export type { LambdaContext } from './lambda/context.ts';
export { FunctionError } from './lambda/errors.ts';
export type { LambdaFunction } from './lambda/runtime.ts';
export type * from './observation.ts';
export { QUESTIONS, type Readings } from './readings.ts';
export type { Execution, ExecutionEnd, ExecutionStatus } from './step-functions/execution.ts';
export type { TimingName, TimingOverrides } from './timings.ts';
export type * from './truth.ts';
export type { ServiceName } from './world.ts';
