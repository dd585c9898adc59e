/** What `status`, `explain` and `history` print: read, made into a view, written as text or JSON. */
import { listHistory } from '../../functions/aws/ledger/notes.ts';
import { type Explained, explainHost } from '../../functions/core/explain.ts';
import type { Ending } from '../../functions/core/outcome.ts';
import { clusterNameOf } from '../../functions/edge/request.ts';
import { ledger } from '../../functions/flow/claim.ts';
import { historyText, historyView } from '../views/history.ts';
import { type StatusView, statusView } from '../views/status.ts';
import { progressLine, statusText } from '../views/status-text.ts';
import { readStatus } from './read.ts';
import { sleep } from './sleep.ts';

/** A run looks at the world every quarter of a minute at most. */
const WATCH_SECONDS = 15;

export async function showStatus(cluster: string, asJson: boolean): Promise<string> {
  const view = statusView(await readStatus(clusterNameOf(cluster)));
  return asJson ? jsonText(view) : statusText(view);
}

/**
 * Follows the run that holds the cluster: each time something changed a line, or with `--json` the whole view, one object
 * a line.
 *
 * @returns how the run ended; undefined where there was none to follow
 */
export async function watchStatus(
  cluster: string,
  asJson: boolean,
  print: (text: string) => void,
): Promise<Ending | undefined> {
  let runId: string | undefined;
  let shown = '';
  for (;;) {
    const facts = await readStatus(clusterNameOf(cluster), runId);
    const view = statusView(facts);
    runId ??= facts.claim?.runId;
    const ending = facts.run?.record.outcome;
    const isOver = runId === undefined || (ending !== undefined && facts.claim?.runId !== runId);
    const text = isOver ? statusText(view) : `${progressLine(view)}\n`;
    if (asJson) print(`${JSON.stringify(view)}\n`);
    else if (text !== shown) print(text);
    shown = text;
    if (isOver) return runId === undefined ? undefined : ending;
    await sleep(WATCH_SECONDS);
  }
}

export interface ExplainView extends Explained {
  readonly cluster: string;
  readonly runId?: string;
  readonly run: StatusView['state'];
}

export async function explain(cluster: string, instanceId: string, asJson: boolean): Promise<string> {
  const view = await explainView(clusterNameOf(cluster), instanceId);
  return asJson ? jsonText(view) : `${view.instanceId} (${view.state}): ${view.reason}\n`;
}

/** What the run itself said: of a held host its sentence, of one that waits the reason of the last look. */
export async function explainView(cluster: string, instanceId: string): Promise<ExplainView> {
  const facts = await readStatus(cluster);
  const { run, reasons } = facts;
  const state = statusView(facts).state;
  if (run?.plan === undefined) {
    const reason = `no run of ${cluster} is known: \`rollover start --cluster ${cluster} --plan\` says what one would do`;
    return { cluster, run: state, instanceId, state: 'not of this run', reason };
  }
  const { plan, memory, record } = run;
  const holds = state === 'idle' ? [] : (reasons?.holds ?? []);
  const explained = explainHost(instanceId, { plan, memory, holds });
  return { ...explained, cluster, runId: record.runId, run: state };
}

export async function showHistory(cluster: string, limit: number, asJson: boolean): Promise<string> {
  const name = clusterNameOf(cluster);
  const runs = historyView(await listHistory(ledger(), name), limit);
  return asJson ? jsonText({ cluster: name, runs }) : historyText(name, runs);
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
