/** The deployment's word to its functions, read when asked for: a rehearsal sets it after the modules are loaded. */
import { BadRequest } from './errors.ts';
import { type Guardrails, parseGuardrails } from './guardrails.ts';

export interface Environment {
  readonly tableName: string;
  /** Undefined: nobody asked to be told. */
  readonly notificationTopicArn: string | undefined;
  readonly stateMachineArn: string;
  /** Of the machine that answers Fargate's task retirement. */
  readonly retirementStateMachineArn: string;
  /** Undefined: the default bus. */
  readonly eventBusName: string | undefined;
  /** The deployment's layer of settings, as written. */
  readonly settings: unknown;
  readonly guardrails: Guardrails;
  /** History events after which a run goes on in another execution. */
  readonly historyEventsMax: number;
}

/** Step Functions fails an execution at 25,000 events; the rest is for restore, report and retries. */
const HISTORY_EVENTS_MAX = 18_000;

/** @throws BadRequest with every problem of ROLLOVER_SETTINGS and ROLLOVER_GUARDRAILS. */
export function environment(): Environment {
  const problems: string[] = [];
  const json = (name: string): unknown => {
    const text = process.env[name]?.trim();
    if (!text) return {};
    try {
      return JSON.parse(text) as unknown;
    } catch {
      problems.push(`${name}: must be JSON`);
      return {};
    }
  };
  const settings = json('ROLLOVER_SETTINGS');
  const guardrails = parseGuardrails(json('ROLLOVER_GUARDRAILS'));
  if (!guardrails.ok)
    problems.push(...guardrails.problems.map((problem) => `ROLLOVER_GUARDRAILS: ${problem}`));
  if (problems.length > 0 || !guardrails.ok) throw new BadRequest(problems);
  return {
    tableName: process.env.TABLE_NAME ?? '',
    notificationTopicArn: process.env.NOTIFICATION_TOPIC_ARN || undefined,
    stateMachineArn: process.env.STATE_MACHINE_ARN ?? '',
    retirementStateMachineArn: process.env.RETIREMENT_STATE_MACHINE_ARN ?? '',
    eventBusName: process.env.EVENT_BUS_NAME || undefined,
    settings,
    guardrails: guardrails.value,
    historyEventsMax: Number(process.env.HISTORY_EVENTS_MAX || HISTORY_EVENTS_MAX),
  };
}
