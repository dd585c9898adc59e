/**
 * Handlers that a queue of events feeds: each record by itself, so that one that fails comes again without the others. The
 * same handler takes a single event that somebody hands to it.
 */
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { Context, SQSRecord } from 'aws-lambda';
import * as z from 'zod';
import { describeError } from '../aws/error-codes.ts';
import { environment } from '../edge/environment.ts';
import { BadRequest } from '../edge/errors.ts';
import { logger } from '../edge/logger.ts';
import { handlerOf } from './handler.ts';

/** Source: AWS Lambda developer guide, with-sqs, the example of a standard queue's event. */
const delivery = z.object({
  Records: z
    .array(z.object({ messageId: z.string(), body: z.string(), eventSource: z.literal('aws:sqs') }))
    .min(1),
});

/** So much of the invocation has to be left for another record to begin; it comes again otherwise. */
const RECORD_MS = 15_000;

let hear: (answer: unknown) => void = () => {};

/** Lets a rehearsal hear what became of each record: a queue takes no answer but which of them failed. */
export function hearAnswers(listener: (answer: unknown) => void): void {
  hear = listener;
}

/** The events in what a function was invoked with: of a queue's records, or the one that it is. */
export function eventsIn(input: unknown): readonly unknown[] {
  const delivered = delivery.safeParse(input);
  return delivered.success ? delivered.data.Records.map(({ body }) => contentOf(body)) : [input];
}

/**
 * `run` gets each event with an id that is the same at every delivery of it. What cannot be used however often it comes
 * (`BadRequest`) is refused in the log, not tried again; everything else that is thrown brings the record back.
 */
export function queuedHandlerOf<R>(run: (event: unknown, id: string, context: Context) => Promise<R>) {
  return handlerOf(z.unknown(), async (input, context) => {
    if (!delivery.safeParse(input).success) return run(input, context.awsRequestId, context);
    const one = async ({ messageId, body }: SQSRecord) => {
      if (context.getRemainingTimeInMillis() < RECORD_MS) throw new Error('no time is left for this record');
      hear(await refusing(() => run(contentOf(body), messageId, context)));
    };
    return processPartialResponse(input as { Records: SQSRecord[] }, one, new BatchProcessor(EventType.SQS), {
      context,
      processInParallel: false,
    });
  });
}

async function refusing<R>(work: () => Promise<R>): Promise<R | { readonly reason: string }> {
  // A deployment whose settings cannot be read is no fault of the event's: it waits until that is mended.
  environment();
  try {
    return await work();
  } catch (error) {
    logger.error('an event came to nothing', { error: describeError(error) });
    if (!(error instanceof BadRequest)) throw error;
    return { reason: error.message };
  }
}

function contentOf(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
}
