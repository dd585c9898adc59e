/**
 * What orchestrating a run costs, US dollars, at us-east-1 list prices without free tiers. The hosts themselves are not
 * in it: `capacity.extraInstanceHours` has those.
 *
 * Sources: price pages of Step Functions ($0.025 per 1,000 transitions), Lambda ($0.20 per million requests,
 * $0.0000133334 per GB-second on Arm), DynamoDB on demand ($0.625 per million writes, $0.125 per million reads),
 * EventBridge (custom events $1 per million), SNS ($0.50 per million), CloudWatch Logs ($0.50 per GB).
 */
import type { AccountCost } from '../simulator/account.ts';

const STATE_TRANSITION = 0.025 / 1000;
const LAMBDA_REQUEST = 0.2 / 1e6;
const LAMBDA_GB_SECOND = 0.0000133334;
const DYNAMODB_WRITE = 0.625 / 1e6;
const DYNAMODB_READ = 0.125 / 1e6;
const CUSTOM_EVENT = 1 / 1e6;
const PUBLISH = 0.5 / 1e6;
/** About 1 KB of log a Lambda invocation and as much of execution history. */
const LOG_PER_INVOCATION = (2 / 1e6) * 0.5;

export function usdOf({ calls, lambda, stepFunctions, dynamodb, events }: AccountCost): number {
  const usd =
    stepFunctions.stateTransitions * STATE_TRANSITION +
    lambda.invocations * (LAMBDA_REQUEST + LOG_PER_INVOCATION) +
    lambda.gbSeconds * LAMBDA_GB_SECOND +
    dynamodb.writes * DYNAMODB_WRITE +
    dynamodb.reads * DYNAMODB_READ +
    events * CUSTOM_EVENT +
    (calls.apiCalls['SNS.Publish'] ?? 0) * PUBLISH;
  return Math.round(usd * 1e6) / 1e6;
}
