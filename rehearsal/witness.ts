/**
 * Writes down what happened: the log's lines, the decisions of each tick, what people were told. A watcher of the
 * account and of its Lambda functions' answers; it judges nothing.
 */
import type { Account } from '../simulator/account.ts';
import type { Observation } from '../simulator/observation.ts';
import { count } from './format.ts';
import type { LedgerMirror } from './ledger-mirror.ts';
import { type LogLine, logLineOf, violationLine } from './log.ts';
import type { Progress } from './progress.ts';
import type { DecisionRecord } from './record.ts';
import type { RehearsalResult, Violation } from './result.ts';

export interface WitnessParts {
  readonly account: Account;
  readonly mirror: LedgerMirror;
  readonly progress: Progress;
}

/** What the answers of the handlers are read for; anything else in them is theirs. */
interface Answer {
  readonly summary?: Readonly<Record<string, string | number | boolean>>;
  readonly step?: Readonly<Record<string, readonly unknown[] | string>>;
  readonly ending?: { readonly outcome: string; readonly reason: string };
  readonly reason?: string;
  readonly next?: string;
}

export class Witness {
  /** Empty once somebody else takes the lines. */
  readonly log: LogLine[] = [];
  readonly decisions: DecisionRecord[] = [];
  readonly notifications: RehearsalResult['notifications'][number][] = [];
  /** When the last execution ended, epoch milliseconds. */
  lastEndMs = 0;
  /** Why the trigger started nothing. */
  noOp: string | undefined;
  readonly #parts: WitnessParts;
  #take: (line: LogLine) => void = (line) => this.log.push(line);
  #onPlanned: () => void = () => {};
  #isPlanned = false;

  constructor(parts: WitnessParts) {
    this.#parts = parts;
    const { lambda } = parts.account;
    lambda.onAnswer((name, _payload, answer) => this.#answered(name, answer as Answer | null));
    lambda.onFailure((name, _payload, error) => this.#failed(name, error));
  }

  /** Hands over the log's lines so far and each one to come; they are not kept here any more. */
  handLinesTo(take: (line: LogLine) => void): void {
    for (const line of this.log.splice(0)) take(line);
    this.#take = take;
  }

  /** Called once, when a plan stands in the ledger. */
  onPlanned(listener: () => void): void {
    this.#onPlanned = listener;
  }

  /** What became of an event. */
  triggered(answer: unknown): void {
    const { reason } = answer as Answer;
    this.noOp = reason;
    this.#parts.progress.say(this.#parts.account.clock.elapsedSeconds, `trigger: ${reason ?? 'started'}`);
  }

  observe(observation: Observation, t: number): void {
    const line = logLineOf(observation, t);
    if (line) this.#take(line);
    if (observation.kind === 'execution' && observation.status !== 'RUNNING') {
      this.lastEndMs = this.#parts.account.clock.nowMs;
    }
    if (observation.kind === 'notification') this.#notified(observation.message, t);
    if (observation.kind === 'fault') {
      this.#parts.progress.say(t, `fault: ${observation.fault} ${observation.instanceId ?? ''}`.trimEnd());
    }
  }

  violated(violation: Violation): void {
    this.#take(violationLine(violation));
  }

  #notified(message: string, t: number): void {
    const told = readNotice(message);
    this.notifications.push({ atSeconds: t, kind: told.kind });
    this.#parts.progress.say(t, `told: ${told.message}`);
  }

  #answered(name: string, answer: Answer | null): void {
    if (!answer) return;
    const t = this.#parts.account.clock.elapsedSeconds;
    // Of a queue's records each is told by itself.
    if (name === 'trigger' && 'reason' in answer) this.triggered(answer);
    if (name === 'plan') this.#planned(answer, t);
    if (name === 'prepare') this.#planStands();
    if (name === 'assess') this.#assessed(answer, t);
  }

  /** A handler that failed shows in its execution; one that nobody waits for would be silent. */
  #failed(name: string, error: { readonly name: string; readonly message: string }): void {
    const t = this.#parts.account.clock.elapsedSeconds;
    this.#parts.progress.say(t, `${name} failed: ${error.name}: ${error.message}`);
    if (name === 'trigger') this.noOp = `trigger failed: ${error.message}`;
  }

  #planned(answer: Answer, t: number): void {
    const plan = this.#parts.mirror.runs().at(-1)?.plan;
    if (!plan) {
      this.#parts.progress.say(t, `plan: ${answer.ending?.reason ?? 'no plan'}`);
      return;
    }
    this.#planStands();
    const hosts = plan.keptOut.length + plan.groups.reduce((sum, group) => sum + group.outdated.length, 0);
    this.#parts.progress.planned(hosts);
    const kept = plan.keptOut.length > 0 ? ` (${plan.keptOut.length} kept out)` : '';
    const findings = plan.findings.length > 0 ? `, ${count(plan.findings.length, 'finding')}` : '';
    this.#parts.progress.say(
      t,
      `plan: ${count(hosts, 'outdated host')}${kept}, ${count(plan.taskCount, 'task')} on them${findings}`,
    );
  }

  #planStands(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#onPlanned();
  }

  #assessed(answer: Answer, t: number): void {
    const acts = Object.fromEntries(
      Object.entries(answer.step ?? {}).flatMap(([act, hosts]) =>
        Array.isArray(hosts) && hosts.length > 0 ? [[act, hosts.length]] : [],
      ),
    );
    const { phase, reason, holding, heldBack } = answer.summary ?? {};
    const decision: DecisionRecord = {
      t,
      phase: String(phase ?? answer.next ?? ''),
      reason: answer.ending?.reason ?? String(reason ?? ''),
      acts,
      because: reasonsOf(answer.step),
      holding: Number(holding ?? 0),
      heldBack: String(heldBack ?? ''),
    };
    this.decisions.push(decision);
    this.#take({ ...decision, kind: 'decision' });
    this.#parts.progress.decided(decision);
  }
}

/** A few hundred hosts may drain at once, mostly for the same reason. */
const REASONS_SHOWN = 4;

function reasonsOf(step: Answer['step']): string[] {
  const acts = Object.values(step ?? {}).flatMap((list) => (Array.isArray(list) ? list : []));
  const reasons = acts.map((act: { readonly reason?: string }) => act.reason ?? '').filter(Boolean);
  return [...new Set(reasons)].slice(0, REASONS_SHOWN);
}

function readNotice(message: string): { kind: string; message: string } {
  try {
    const { kind, message: text } = JSON.parse(message) as { kind?: string; message?: string };
    return { kind: kind ?? 'message', message: text ?? message };
  } catch {
    return { kind: 'message', message };
  }
}
