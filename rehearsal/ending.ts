/** How a rehearsal ended, concluded from the account's executions: what an operator would read in the console. */
import { type Ending, OUTCOMES, type Outcome } from '../functions/core/outcome.ts';
import type { Account } from '../simulator/account.ts';
import type { LedgerMirror } from './ledger-mirror.ts';
import type { Deployment } from './wiring.ts';

/** The worst first: what several clusters of one event come to. */
const BY_WEIGHT: readonly Outcome[] = [
  'FAILED',
  'ABORTED',
  'ROLLED_BACK',
  'REFUSED',
  'PARTIAL',
  'PENDING_WINDOW',
  'SUCCEEDED',
  'NOTHING_TO_DO',
];

const CHANGES_NOTHING: ReadonlySet<Outcome> = new Set(['NOTHING_TO_DO', 'REFUSED']);
/** Endings after which the last word is still to come, or nothing was said. */
const IS_OPEN: ReadonlySet<Outcome> = new Set(['NOTHING_TO_DO', 'REFUSED', 'PENDING_WINDOW']);

/** Two sweeps and what one takes: who has said nothing of an execution's end by then will not. */
const WORD_WITHIN_MS = 660_000;

/** An execution that ended otherwise than well, of which the product has said nothing yet, and may still. */
export function awaitsWord(
  { clock, stepFunctions }: Account,
  { stateMachineArn }: Pick<Deployment, 'stateMachineArn'>,
  mirror: LedgerMirror,
): boolean {
  return stepFunctions.executions.some(
    ({ identity, status, stopMs = 0 }) =>
      status !== 'SUCCEEDED' &&
      identity.stateMachineArn === stateMachineArn &&
      clock.nowMs - stopMs < WORD_WITHIN_MS &&
      !mirror.isTold(identity.name),
  );
}

export interface EndFacts {
  readonly account: Account;
  readonly mirror: LedgerMirror;
  readonly stopped: 'done' | 'horizon' | 'idle';
  /** Why the trigger started nothing, in its own words. */
  readonly noOp: string | undefined;
}

/** @returns the ending, and whether the horizon came first */
export function conclude(facts: EndFacts): { readonly ending: Ending; readonly stillRunning: boolean } {
  const { account, mirror, stopped, noOp } = facts;
  const endings = lastEndings(account, mirror);
  if (stopped === 'horizon') {
    // A run that waits for its window has an execution that said so; anything else was cut off.
    const waits = mirror.claims().length === 0 && account.stepFunctions.running().length === 0;
    if (waits && endings.length > 0 && endings.every(({ outcome }) => outcome === 'PENDING_WINDOW')) {
      return { ending: endings[0] as Ending, stillRunning: false };
    }
    return { ending: { outcome: 'FAILED', reason: 'still running at the horizon' }, stillRunning: true };
  }
  const worst = [...endings].sort((a, b) => BY_WEIGHT.indexOf(a.outcome) - BY_WEIGHT.indexOf(b.outcome))[0];
  if (worst) return { ending: worst, stillRunning: false };
  return { ending: { outcome: 'NOTHING_TO_DO', reason: noOp ?? 'nothing was started' }, stillRunning: false };
}

/**
 * The last word on each piece of work of each cluster: a run that was stopped from outside is ended by the execution that
 * restored it, a window by the next one, and what is said of the whole cluster stands for named hosts as well; but named
 * hosts do not speak for the whole. Who came too late and changed nothing does not speak for a run that did; nor does one
 * that handed its run over, however long it takes to end afterwards. Tasks on Fargate have a machine of their own, which says
 * nothing of hosts.
 */
function lastEndings(account: Account, mirror: LedgerMirror): Ending[] {
  const byMachine = new Map<string, Map<string, Ending>>();
  const writtenDown = new Map(mirror.runs().map(({ record }) => [record.runId, record.outcome]));
  const handedOver = new Set(
    mirror.runs().flatMap(({ record }) => [record.execution, ...(record.continuedBy ?? [])].slice(0, -1)),
  );
  const inOrder = [...account.stepFunctions.executions].sort((a, b) => (a.stopMs ?? 0) - (b.stopMs ?? 0));
  for (const execution of inOrder) {
    // A run that was stopped after it had written down its end has ended so: what people were told counts.
    const ending =
      (execution.status === 'ABORTED' && writtenDown.get(execution.identity.name)) || endingOf(execution);
    const { cluster, hosts, isWord } = askedIn(execution.identity.inputText);
    const machine = `${cluster} ${execution.identity.stateMachineArn}`;
    const said = byMachine.get(machine) ?? new Map<string, Ending>();
    const before = [...said.values()];
    if (before.length > 0 && handedOver.has(execution.identity.arn)) continue;
    if (
      !ending ||
      (CHANGES_NOTHING.has(ending.outcome) && before.some(({ outcome }) => !IS_OPEN.has(outcome)))
    )
      continue;
    // A word that found nobody to hear it is no work; one that found work to be done already has ended it.
    const isWaiting = before.some(({ outcome }) => outcome === 'PENDING_WINDOW');
    if (isWord && ending.outcome === 'NOTHING_TO_DO' && before.length > 0 && !isWaiting) continue;
    for (const [work, { outcome }] of said) {
      if (hosts === WHOLE || CHANGES_NOTHING.has(outcome)) said.delete(work);
    }
    byMachine.set(machine, said.set(hosts, ending));
  }
  // What the ledger says of a run that was stopped from outside outlives the execution that was stopped.
  for (const { record } of mirror.runs()) {
    const machine = `${record.cluster} ${machineOf(record.execution)}`;
    if (record.outcome && !byMachine.has(machine)) byMachine.set(machine, new Map([[WHOLE, record.outcome]]));
  }
  return [...byMachine.values()].flatMap((said) => [...said.values()]);
}

/** The machine of `arn:aws:states:…:execution:MACHINE:NAME`. */
function machineOf(executionArn: string): string {
  const parts = executionArn.replace(':execution:', ':stateMachine:').split(':');
  return parts.slice(0, -1).join(':');
}

function endingOf(execution: Account['stepFunctions']['executions'][number]): Ending | undefined {
  const { status, end } = execution;
  if (status === 'RUNNING' || !end) return undefined;
  if ('output' in end) {
    const output = end.output as { ending?: Ending } | undefined;
    return output?.ending;
  }
  const outcome = OUTCOMES.find((known) => known === end.error);
  if (outcome) return { outcome, reason: end.cause ?? '' };
  if (status === 'ABORTED') return { outcome: 'ABORTED', reason: end.cause ?? 'the execution was stopped' };
  return { outcome: 'FAILED', reason: `${end.error ?? status}: ${end.cause ?? ''}` };
}

/** Not named hosts: the work of the whole cluster. */
const WHOLE = '';
/** Requests that are a word to work which others asked for. */
const WORDS: ReadonlySet<unknown> = new Set(['pause', 'resume', 'abort', 'rollback']);

interface Asked {
  readonly cluster: string;
  /** The named hosts, as text; `WHOLE` where none is. */
  readonly hosts: string;
  readonly isWord: boolean;
}

function askedIn(inputText: string): Asked {
  const input = JSON.parse(inputText) as { cluster?: string; mode?: string; instances?: string[] } | null;
  const { cluster = '', mode, instances = [] } = input ?? {};
  return {
    cluster: cluster.split('/').at(-1) ?? '',
    hosts: instances.length === 0 ? WHOLE : [...instances].sort().join(),
    isWord: WORDS.has(mode),
  };
}
