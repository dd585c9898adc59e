/**
 * An AWS account in a process, for those who test what drives one: read a capture, create the account, attach SDK
 * clients, let virtual time pass, watch the truth.
 */
export { type Account, type AccountCost, type AccountOptions, asCaller, createAccount } from './account.ts';
export type { Capture } from './capture/capture.ts';
export { type ParsedCapture, type Problem, parseCapture } from './capture/parse.ts';
export type { FaultContext } from './faults/context.ts';
export { FAULT_KINDS, type Fault, faultSchema, faultsSchema } from './faults/schema.ts';
export { NotSimulated } from './kernel/aws-error.ts';
export type { Actor, Observation, Observer, StopCause } from './observation.ts';
export { QUESTIONS, type Readings } from './readings.ts';
export type { TimingOverrides } from './timings.ts';
export type { Truth } from './truth.ts';
