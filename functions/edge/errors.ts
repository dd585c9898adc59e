/**
 * The error taxonomy. Names are literals, shared by thrower, state machine and tests: bundling cannot change them, and
 * a test holds that each is matched in a Retry or Catch, and each matched one is thrown.
 */
export const ErrorName = {
  BadRequest: 'BadRequest',
  ClaimLost: 'ClaimLost',
  ClaimHeld: 'ClaimHeld',
  WorldChanged: 'WorldChanged',
  AwsBusy: 'AwsBusy',
} as const;

export type ErrorName = (typeof ErrorName)[keyof typeof ErrorName];

/** The request, a tag or a deployment setting cannot be used: the message names every problem. Never retried. */
export class BadRequest extends Error {
  override readonly name = ErrorName.BadRequest;
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** Another run owns the cluster now: this one must touch nothing more. Never retried. */
export class ClaimLost extends Error {
  override readonly name = ErrorName.ClaimLost;

  constructor(cluster: string, owner: string) {
    super(`${cluster} is claimed by ${owner}; this run stops without touching it`);
  }
}

/** Somebody else's live run holds the cluster, so this one does not begin. Never retried. */
export class ClaimHeld extends Error {
  override readonly name = ErrorName.ClaimHeld;

  constructor(cluster: string, owner: string) {
    super(`${cluster} is being rolled by ${owner}; one run at a time`);
  }
}

/** What an acting handler found is not what the step was decided on: look again, decide again. Answered by `assess`. */
export class WorldChanged extends Error {
  override readonly name = ErrorName.WorldChanged;
}

/** AWS throttled us or failed on its side longer than the SDK retries: the state machine tries again in minutes. */
export class AwsBusy extends Error {
  override readonly name = ErrorName.AwsBusy;
}
