/**
 * One rehearsal: the account is made, the product deployed into it, started as asked, and watched until nothing is left
 * to do. Ends when no execution runs, no event is on its way or scripted for a later second, and the ledger holds no open
 * run; or at the horizon. The real clock is given back in every case.
 */
import { performance } from 'node:perf_hooks';
import { type Account, createAccount } from '../simulator/account.ts';
import type { EventEnvelope } from '../simulator/event-bridge/event-bus.ts';
import { Judge } from './checkers/judge.ts';
import { awaitsWord, conclude } from './ending.ts';
import type { RehearsalInput, Start } from './input.ts';
import { judgedRun } from './judged.ts';
import { LedgerMirror } from './ledger-mirror.ts';
import type { LogLine } from './log.ts';
import { Progress } from './progress.ts';
import type { RehearsalRecord } from './record.ts';
import { resultOf } from './result-of.ts';
import { Timeline } from './timeline.ts';
import { type Deployment, deploy } from './wiring.ts';
import { Witness } from './witness.ts';

/**
 * @param say gets lines of progress for people; none when quiet
 * @param arrange is called once the product is deployed and before anything starts: to rehearse something else than the
 *   product as it is, such as one of its functions in another's place
 * @param takeLine takes the log's lines as they come, in place of the record: kept, a large cluster's fill the memory
 */
export async function rehearse(
  input: RehearsalInput,
  say: (line: string) => void = () => {},
  arrange: (account: Account, deployment: Deployment) => void = () => {},
  takeLine?: (line: LogLine) => void,
): Promise<RehearsalRecord> {
  const wallStart = performance.now();
  const { capture, seed, timings, readings } = input;
  const account = createAccount({ capture, seed, timings, ...(readings && { readings }) });
  account.install();
  let deployment: Deployment | undefined;
  try {
    deployment = await deploy(account, input.settings, input.sweepSeconds);
    arrange(account, deployment);
    const record = await run(input, account, deployment, say, takeLine);
    return { ...record, wallSeconds: (performance.now() - wallStart) / 1000 };
  } finally {
    deployment?.remove();
    account.uninstall();
  }
}

async function run(
  input: RehearsalInput,
  account: Account,
  deployment: Deployment,
  say: (line: string) => void,
  takeLine: ((line: LogLine) => void) | undefined,
): Promise<Omit<RehearsalRecord, 'wallSeconds'>> {
  const { clock } = account;
  const mirror = new LedgerMirror();
  const timeline = new Timeline();
  const progress = new Progress(say, timeline);
  const witness = new Witness({ account, mirror, progress });
  const judged = judgedRun(input, account, mirror);
  const judge = new Judge(judged);

  let isPresent = true;
  account.observe((observation, atMs) => {
    mirror.observe(observation);
    timeline.observe(observation, clock.elapsedSeconds);
    witness.observe(observation, clock.elapsedSeconds);
    // The lines of the present state only open the log: the judge has seen it already.
    if (!isPresent) judge.observe(observation, atMs);
  });
  isPresent = false;
  timeline.start();
  witness.onPlanned(() => judge.plan());
  deployment.onTriggered((answer) => witness.triggered(answer));

  account.faults.tell({
    outdated: () => [...judged.outdated].sort(),
    targetImages: () => [...judged.targetImages],
  });
  for (const fault of input.faults) account.faults.arm(fault);
  // Not earlier: where the input is unusable nothing is written.
  if (takeLine) witness.handLinesTo(takeLine);

  let isStarted = false;
  const startedAtMs = clock.nowMs;
  clock.at(startedAtMs, () => {
    begin(account, deployment, input.start);
    isStarted = true;
  });
  const horizonMs = startedAtMs + input.horizonSeconds * 1000;
  const isOver = () =>
    account.isQuiet() &&
    !account.faults.hasEventsAhead &&
    !mirror.isOpen &&
    !awaitsWord(account, deployment, mirror);
  const stopped = await clock.run(() => isStarted && isOver(), horizonMs);

  const { ending, stillRunning } = conclude({ account, mirror, stopped, noOp: witness.noOp });
  const mode = input.start.kind === 'request' ? input.start.request.mode : 'roll';
  const endMs = stopped === 'horizon' ? horizonMs : Math.max(startedAtMs, witness.lastEndMs);
  const { violations, measured } = judge.end({ outcome: ending.outcome, stillRunning, mode }, endMs);
  for (const violation of violations) witness.violated(violation);
  const { log, decisions } = witness;
  return {
    result: resultOf({
      input,
      account,
      mirror,
      ending,
      measured,
      violations,
      endMs,
      notifications: witness.notifications,
    }),
    cluster: judged.cluster,
    log,
    decisions,
    timeline,
    inMotion: measured.inMotion,
    groups: structuredClone(account.truth.groups()),
    launchTemplates: structuredClone(account.truth.launchTemplates()),
  };
}

/** Second 0: a hand starts an execution, or the event reaches the bus; one that no rule takes is handed to `trigger`. */
function begin(account: Account, { stateMachineArn }: Deployment, start: Start): void {
  if (start.kind === 'request') {
    account.stepFunctions.start(stateMachineArn, JSON.stringify(start.request));
    return;
  }
  const event = start.event as unknown as EventEnvelope;
  const before = account.queues.pending;
  if (typeof event.source === 'string' && typeof event['detail-type'] === 'string')
    account.eventBridge.deliver(event);
  if (account.queues.pending === before) account.lambda.invokeAsync('trigger', event);
}
