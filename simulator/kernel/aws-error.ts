/** Errors as AWS answers them; the dispatcher turns them into what the SDK would have thrown. */

export interface AwsErrorShape extends Error {
  readonly $fault: 'client' | 'server';
  readonly $metadata: {
    readonly httpStatusCode: number;
    readonly requestId: string;
    readonly attempts: number;
  };
}

/**
 * An AWS error by its code, `ClusterNotFoundException` or `ValidationError`. Client faults answer 400 unless another
 * status is given; throttling codes are retried by the SDK because of their names.
 */
export function awsError(name: string, message: string, httpStatusCode = 400): AwsErrorShape {
  return Object.assign(new Error(message), {
    name,
    $fault: httpStatusCode >= 500 ? ('server' as const) : ('client' as const),
    $metadata: { httpStatusCode, requestId: 'simulated', attempts: 1 },
  });
}

/** The account does not model this; says what, so that it is never mistaken for an answer of AWS. */
export class NotSimulated extends Error {
  override readonly name = 'NotSimulated';

  constructor(what: string, why = 'the embedded account does not model this command') {
    super(`${what} is not simulated: ${why}`);
  }
}
