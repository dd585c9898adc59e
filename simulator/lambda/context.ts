/** What Lambda hands to a handler beside the event. Source: AWS Lambda developer guide, nodejs-context. */
export interface LambdaContext {
  callbackWaitsForEmptyEventLoop: boolean;
  functionName: string;
  functionVersion: string;
  invokedFunctionArn: string;
  /** A number as text. */
  memoryLimitInMB: string;
  /** The same for every attempt of an asynchronous invocation. */
  awsRequestId: string;
  logGroupName: string;
  logStreamName: string;
  /** Milliseconds of virtual time until Lambda ends the invocation. */
  getRemainingTimeInMillis(): number;
  done(error?: Error, result?: unknown): void;
  fail(error: Error | string): void;
  succeed(result: unknown): void;
}
