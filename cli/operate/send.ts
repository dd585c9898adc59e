/**
 * Starts an execution as an operator would in the console, and says what it answered. A word to a running run is answered
 * within seconds; what begins to change a cluster is answered once it holds the cluster, unless its end is asked for.
 */
import { sfn } from '../../functions/aws/clients.ts';
import { describeExecution, type ExecutionStatus, startOnce } from '../../functions/aws/executions.ts';
import { readClaim } from '../../functions/aws/ledger/claims.ts';
import { type Ending, OUTCOMES } from '../../functions/core/outcome.ts';
import { environment } from '../../functions/edge/environment.ts';
import { commandExecutionName } from '../../functions/edge/origin.ts';
import { clusterNameOf, type RequestInput } from '../../functions/edge/request.ts';
import { ledger } from '../../functions/flow/claim.ts';
import { sleep } from './sleep.ts';

/** DescribeExecution has 20 calls a second in the smaller Regions (Step Functions developer guide, "Quotas"). */
const LOOK_SECONDS = 2;

export interface SendOptions {
  /** Who sends, for the execution's name. */
  readonly user: string;
  /** Waits for the end of the execution, even if it rolls the cluster for hours. */
  readonly toTheEnd?: boolean;
}

export interface Answer {
  readonly cluster: string;
  readonly mode: string;
  readonly executionArn: string;
  /** Undefined: it is at work on the cluster. */
  readonly ending?: Ending;
}

export async function send(request: RequestInput, options: SendOptions): Promise<Answer> {
  const cluster = clusterNameOf(request.cluster);
  const mode = request.mode ?? 'roll';
  const name = commandExecutionName(cluster, mode, options.user, Date.now());
  const { executionArn } = await startOnce(sfn, environment().stateMachineArn, name, request, 0);
  const answer = { cluster, mode, executionArn };
  for (;;) {
    await sleep(LOOK_SECONDS);
    const execution = await describeExecution(sfn, executionArn);
    // DescribeExecution is eventually consistent (API reference): right after the start it may not know of it.
    if (execution !== undefined && execution.status !== 'RUNNING')
      return { ...answer, ending: endingOf(execution) };
    if (options.toTheEnd === true) continue;
    if ((await readClaim(ledger(), cluster))?.owner === executionArn) return answer;
  }
}

/** The machine ends green with the report as its output, else in a Fail state whose error is the outcome. */
function endingOf({ status, output, error, cause }: ExecutionStatus): Ending {
  if (status === 'SUCCEEDED' && output !== undefined) {
    const { ending } = JSON.parse(output) as { ending?: Ending };
    if (ending !== undefined) return ending;
  }
  if (status === 'ABORTED') return { outcome: 'ABORTED', reason: cause ?? 'the execution was stopped' };
  const outcome = OUTCOMES.find((known) => known === error) ?? 'FAILED';
  return { outcome, reason: cause ?? error ?? `the execution is ${status}` };
}
