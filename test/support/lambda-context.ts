import type { Context } from 'aws-lambda';

/** The least of a Lambda context that the handlers and their middlewares read. */
export const lambdaContext = {
  functionName: 'test',
  functionVersion: '1',
  invokedFunctionArn: 'arn:aws:lambda:eu-west-1:111122223333:function:test',
  memoryLimitInMB: '256',
  awsRequestId: '00000000-0000-0000-0000-000000000000',
} as Context;
