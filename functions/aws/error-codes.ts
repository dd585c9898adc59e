/** What AWS's errors mean to us, by code; the only file that knows the codes. */

/** An error of the SDK: `name` is AWS's code. */
interface ServiceError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly code?: string;
}

const THROTTLES = new Set([
  'BandwidthLimitExceeded',
  'EC2ThrottledException',
  'LimitExceededException',
  'PriorRequestNotComplete',
  'ProvisionedThroughputExceededException',
  'RateExceeded',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
  'ThrottledException',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);

const GONE = new Set([
  'ClusterNotFoundException',
  'ImageNotFoundException',
  'InvalidAMIID.NotFound',
  'InvalidAMIID.Unavailable',
  'InvalidInstanceID.NotFound',
  'InvalidLaunchTemplateId.NotFound',
  'InvalidLaunchTemplateId.VersionNotFound',
  'InvalidSubnetID.NotFound',
  'NoSuchResourceException',
  'ParameterNotFound',
  'ParameterVersionNotFound',
  'RepositoryNotFoundException',
  'ResourceNotFoundException',
  'ServiceNotFoundException',
  'TargetGroupNotFoundException',
  'TargetGroupNotFound',
  'ExecutionDoesNotExist',
  'StateMachineDoesNotExist',
]);

/** Auto Scaling is in the middle of something with this group or host: a conflict, not a throttle. */
const CONFLICTS = new Set([
  'ScalingActivityInProgress',
  'ScalingActivityInProgressFault',
  'ResourceContention',
  'ResourceContentionFault',
  'ResourceInUse',
  'InstanceRefreshInProgress',
  'InstanceRefreshInProgressFault',
  'UpdateInProgressException',
]);

const DENIALS = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AuthorizationError',
  'UnauthorizedOperation',
]);

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

export function isThrottle(error: unknown): boolean {
  return THROTTLES.has(nameOf(error)) || statusOf(error) === 429;
}

/** The thing asked for does not exist, or is not visible yet (EC2 is eventually consistent after a launch). */
export function isNotFound(error: unknown): boolean {
  return GONE.has(nameOf(error));
}

export function isConflict(error: unknown): boolean {
  return CONFLICTS.has(nameOf(error));
}

/** Our role may not do it: no other try will end differently until somebody changes the role. */
export function isDenied(error: unknown): boolean {
  return isDenial(nameOf(error));
}

/** The same, by the error's name alone: what a state machine passes on. */
export function isDenial(name: string): boolean {
  return DENIALS.has(name);
}

/** AWS failed or did not answer: whether the call took effect is unknown. */
export function isOutcomeUnknown(error: unknown): boolean {
  const name = nameOf(error);
  return (
    statusOf(error) >= 500 ||
    name === 'TimeoutError' ||
    name === 'RequestTimeout' ||
    name === 'RequestTimeoutException' ||
    UNREACHABLE.has((error as ServiceError | undefined)?.code ?? '')
  );
}

/** Worth another try minutes later, by the state machine. */
export function isBusy(error: unknown): boolean {
  return isThrottle(error) || isConflict(error) || isOutcomeUnknown(error);
}

export function isConditionFailed(error: unknown): boolean {
  return nameOf(error) === 'ConditionalCheckFailedException';
}

/** Auto Scaling's ValidationError: the group, host or size is not (any more) what the call assumes. */
export function isInvalid(error: unknown): boolean {
  return ['ValidationError', 'InvalidParameterException', 'ClientException'].includes(nameOf(error));
}

/** `Name: message`, for reasons that people read. */
export function describeError(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

function statusOf(error: unknown): number {
  return (error as ServiceError | undefined)?.$metadata?.httpStatusCode ?? 0;
}
