/**
 * The stack around every handler: log, input by schema, and AWS's errors as ours. Metrics need no part of it: each record
 * is written when it is measured.
 */
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { ParseError } from '@aws-lambda-powertools/parser/errors';
import { parser } from '@aws-lambda-powertools/parser/middleware';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import type * as z from 'zod';
import { type Pace, spentPace, takeUpPace } from '../aws/budget.ts';
import { describeError, isBusy } from '../aws/error-codes.ts';
import { AwsBusy, BadRequest } from '../edge/errors.ts';
import { logger } from '../edge/logger.ts';

/**
 * Wraps a handler. Its input is parsed by `schema`, which puts in defaults; problems become `BadRequest`, errors of AWS
 * that may pass become `AwsBusy`, ours go through as they are, anything else too: the state machine's last catch has it.
 */
export function handlerOf<S extends z.ZodType, R>(
  schema: S,
  run: (input: z.output<S>, context: Context) => Promise<R>,
) {
  return middy()
    .use({ onError: mapError })
    .use(injectLambdaContext(logger))
    .use(parser({ schema }))
    .use({ before: takeUp, after: handOn })
    .handler(run as (input: unknown, context: Context) => Promise<R>);
}

/** States that travel through the machine carry the pace with them; other inputs and answers have none. */
type Paced = { pace?: Pace } | null | undefined;

function takeUp({ event }: { readonly event: unknown }): void {
  const pace = (event as Paced)?.pace;
  if (pace !== undefined) takeUpPace(pace);
}

function handOn(request: { response: unknown }): void {
  if (!isState(request.response)) return;
  const { pace: _before, ...state } = request.response;
  const pace = spentPace(Date.now());
  request.response = Object.keys(pace).length === 0 ? state : { ...state, pace };
}

function isState(answer: unknown): answer is { readonly pace?: Pace } {
  return typeof answer === 'object' && answer !== null && 'counters' in answer && 'next' in answer;
}

function mapError(request: { error: Error | null }): void {
  const { error } = request;
  if (error === null) return;
  if (error instanceof ParseError) {
    request.error = new BadRequest(issuesOf(error.cause));
  } else if (isBusy(error)) {
    request.error = new AwsBusy(describeError(error), { cause: error });
  }
}

function issuesOf(cause: unknown): string[] {
  const issues = Array.isArray(cause) ? (cause as { path?: PropertyKey[]; message?: string }[]) : [];
  return issues.length === 0
    ? ['the input cannot be read']
    : issues.map(({ path, message }) => `${(path ?? []).map(String).join('.') || 'input'}: ${message}`);
}
