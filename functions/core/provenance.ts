/** What, or who, made a run begin: recorded with the run, told in its notices, its status and its history. */

export interface Provenance {
  /**
   * `event` of AWS's or somebody's bus or topic · `schedule` · `poll`: the sweep saw a value change · `sweep`: it gives back
   * what a dead run left · `command`: somebody's `rollover` · `call`: a request handed to the trigger · `hand`: an execution
   * that somebody started in the console or through the API.
   */
  readonly kind: 'event' | 'schedule' | 'poll' | 'sweep' | 'command' | 'call' | 'hand';
  /** For people: `Parameter Store Change of aws.ssm`, `alice, with the rollover command`. */
  readonly by: string;
  /** The event's own id, the invocation's request id, or the execution's name: where an auditor looks next. */
  readonly id: string;
}

/** One line: who or what it was, and where to find it. */
export function provenanceText({ by, id }: Provenance): string {
  return `${by} (${id})`;
}
