/** Starting runs for causes that may be heard of several times: an event, its repeat, and the poll start one run. */
import { sfn, ssm } from '../aws/clients.ts';
import { executionName, type Start, startOnce } from '../aws/executions.ts';
import { noteTrigger } from '../aws/ledger/notes.ts';
import { readParameters } from '../aws/parameters.ts';
import type { Provenance } from '../core/provenance.ts';
import { environment } from '../edge/environment.ts';
import { clusterNameOf } from '../edge/request.ts';
import { ledger } from './claim.ts';
import { shortHash } from './purpose.ts';

/** Starts an execution once, and notes beforehand what made it begin. `nameParts`: what the execution is called for. */
export function startRun(
  nameParts: readonly string[],
  request: object,
  causeAtMs: number,
  triggeredBy: Provenance,
): Promise<Start> {
  const name = executionName(nameParts);
  const note = (attemptName: string) => noteTrigger(ledger(), attemptName, triggeredBy, Date.now());
  return startOnce(sfn, environment().stateMachineArn, name, request, causeAtMs, note);
}

/** A run because this image, or this value of a parameter, is there now. */
export function startForImage(
  cluster: string,
  what: string,
  causeAtMs: number,
  triggeredBy: Provenance,
): Promise<Start> {
  const request = { cluster, reason: 'image' };
  return startRun([cluster, 'image', shortHash(what)], request, causeAtMs, triggeredBy);
}

/** A run as somebody asked for it. `key` is the same for every delivery of the same call. */
export function startRequest(
  request: { readonly cluster: string; readonly reason?: string | undefined },
  key: string,
  causeAtMs: number,
  triggeredBy: Provenance,
): Promise<Start> {
  const kind = request.reason ?? 'manual';
  const nameParts = [clusterNameOf(request.cluster), kind, shortHash(key)];
  return startRun(nameParts, request, causeAtMs, triggeredBy);
}

/** What a parameter says now; the event about it may be older than its value. Undefined: it is gone. */
export async function parameterValue(
  parameter: string,
): Promise<{ readonly what: string; readonly value: string; readonly changedAtMs: number } | undefined> {
  const found = (await readParameters(ssm, [parameter])).get(parameter);
  if (found?.Value === undefined) return undefined;
  return {
    what: `${parameter} ${found.Value}`,
    value: found.Value,
    changedAtMs: found.LastModifiedDate?.getTime() ?? 0,
  };
}
