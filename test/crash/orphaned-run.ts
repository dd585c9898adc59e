/**
 * A run whose execution is stopped while hosts drain, of which no event tells: the sweep finds it. Somebody acts meanwhile,
 * and twenty minutes later the same is asked for again.
 */
import { startOf } from '../../rehearsal/input.ts';
import { LedgerMirror } from '../../rehearsal/ledger-mirror.ts';
import type { RehearsalRecord } from '../../rehearsal/record.ts';
import { rehearse } from '../../rehearsal/rehearse.ts';
import { parseScenario } from '../../rehearsal/scenario.ts';
import type { Account } from '../../simulator/account.ts';
import { parseCapture } from '../../simulator/capture/parse.ts';
import type { Json } from '../support/small-cluster.ts';

const AGAIN_AFTER_SECONDS = 1200;
const DRAINING_AT_LEAST = 2;

export interface Orphaned {
  readonly record: RehearsalRecord;
  /** Of each host, statuses in order, the first as captured. */
  readonly statuses: ReadonlyMap<string, readonly string[]>;
  /** Hosts that the run drained when it was stopped. */
  readonly drained: readonly string[];
  /** Until each of them was ACTIVE again, virtual seconds. */
  readonly secondsUntilActive: ReadonlyMap<string, number>;
  readonly claims: number;
}

export async function playOrphaned(
  json: Json,
  settings: Readonly<Record<string, unknown>>,
  /** Right after the stop. */
  meanwhile: (account: Account, drained: readonly string[]) => Promise<void>,
): Promise<Orphaned> {
  const capture = parseCapture(JSON.parse(JSON.stringify(json)));
  const scenario = parseScenario({ settings, horizonSeconds: 6 * 3600 });
  if (!('ok' in capture) || !scenario.ok) throw new Error('the scene cannot be read');
  const start = startOf(capture.ok, scenario.value, undefined);
  if (!start.ok) throw new Error(start.problems.join('; '));

  const mirror = new LedgerMirror();
  const statuses = new Map<string, string[]>();
  const secondsUntilActive = new Map<string, number>();
  let drained: readonly string[] = [];
  let acted: Promise<void> = Promise.resolve();
  const arrange = (account: Account, stateMachineArn: string): void => {
    const { clock, stepFunctions, faults, truth } = account;
    const theirs = new Set(
      truth.containerInstances().flatMap((one) => (one.status === 'DRAINING' ? [one.instanceId] : [])),
    );
    let stoppedMs = Number.POSITIVE_INFINITY;
    let isAskedAgain = false;
    account.observe((observation, atMs) => {
      mirror.observe(observation);
      if (observation.kind !== 'container-instance') return;
      const { instanceId, status } = observation;
      const known = statuses.get(instanceId) ?? [];
      if (known.at(-1) !== status) statuses.set(instanceId, [...known, status]);
      if (atMs > stoppedMs && status === 'ACTIVE' && !secondsUntilActive.has(instanceId))
        secondsUntilActive.set(instanceId, (atMs - stoppedMs) / 1000);
    });
    const isQuiet = account.isQuiet.bind(account);
    account.isQuiet = () => isAskedAgain && isQuiet();
    const stop = () => {
      drained = [...statuses].flatMap(([id, known]) =>
        known.at(-1) === 'DRAINING' && !theirs.has(id) ? [id] : [],
      );
      if (drained.length < DRAINING_AT_LEAST) return void clock.after(1000, stop);
      faults.board.dropsEvent = () => true;
      stoppedMs = clock.nowMs;
      stepFunctions.running()[0]?.stop('Stopped', 'by a test');
      acted = meanwhile(account, drained);
      // Told at the end, not in the middle of virtual time.
      acted.catch(() => {});
      clock.after(AGAIN_AFTER_SECONDS * 1000, () => {
        stepFunctions.start(stateMachineArn, JSON.stringify({ cluster: 'prod', reason: 'manual' }));
        isAskedAgain = true;
      });
    };
    clock.after(1000, stop);
  };
  const record = await rehearse(
    { ...scenario.value, capture: capture.ok, seed: 1, start: start.value },
    () => {},
    (account, { stateMachineArn }) => arrange(account, stateMachineArn),
  );
  await acted;
  return { record, statuses, drained, secondsUntilActive, claims: mirror.claims().length };
}
