/** Starting runs for causes that may be heard of several times: an event, its repeat, and the poll start one run. */
import { sfn, ssm } from '../aws/clients.ts';
import { executionName, type Start, startOnce } from '../aws/executions.ts';
import { readParameters } from '../aws/parameters.ts';
import { environment } from '../edge/environment.ts';
import { clusterNameOf } from '../edge/request.ts';
import { shortHash } from './purpose.ts';

/** A run because this image, or this value of a parameter, is there now. */
export function startForImage(cluster: string, what: string, causeAtMs: number): Promise<Start> {
  const name = executionName([cluster, 'image', shortHash(what)]);
  return startOnce(sfn, environment().stateMachineArn, name, { cluster, reason: 'image' }, causeAtMs);
}

/** A run as somebody asked for it. `key` is the same for every delivery of the same call. */
export function startRequest(
  request: { readonly cluster: string; readonly reason?: string | undefined },
  key: string,
  causeAtMs: number,
): Promise<Start> {
  const kind = request.reason ?? 'manual';
  const name = executionName([clusterNameOf(request.cluster), kind, shortHash(key)]);
  return startOnce(sfn, environment().stateMachineArn, name, request, causeAtMs);
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
