/** Errors as `client.send` throws them: the SDK's retry middleware judges them by name, status and `$metadata`. */
import { type AwsErrorShape, awsError } from '../kernel/aws-error.ts';

/** Codes that AWS answers with a 5xx; the SDK retries those. */
const SERVER_FAULTS: Readonly<Record<string, number>> = {
  InternalError: 500,
  InternalFailure: 500,
  InternalServerError: 500,
  InternalServerException: 500,
  ServerException: 500,
  InternalServiceError: 500,
  ServiceUnavailable: 503,
  ServiceUnavailableException: 503,
  Unavailable: 503,
};

/** What a fault named `name` looks like when the SDK sees it; `TimeoutError` is the client's own, without an answer. */
export function faultError(name: string, operation: string): Error {
  if (name === 'TimeoutError') return timeoutError(operation);
  return awsError(name, `${name} when calling ${operation}`, SERVER_FAULTS[name] ?? 400);
}

/**
 * No answer within the socket's time. The SDK counts it as transient and sends the request again, mutations too; that
 * is how an effect happens twice. Source: smithy-typescript, service-error-classification.
 */
export function timeoutError(operation: string): Error {
  return Object.assign(new Error(`socket hang up while waiting for the answer to ${operation}`), {
    name: 'TimeoutError',
  });
}

/** Did AWS answer this, or is it a defect of the account itself? */
export function isAwsError(error: unknown): error is AwsErrorShape {
  return error instanceof Error && '$metadata' in error;
}
