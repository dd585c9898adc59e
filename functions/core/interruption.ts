/**
 * Spot takes hosts back, two minutes after it says so. Meanwhile such a host is no room, and its tasks are in motion: what
 * else may move is less by them. It is left to AWS, and to its agent where that drains it by itself.
 *
 * Sources: Amazon EC2 user guide, spot-instance-termination-notices (two minutes, at best effort); Amazon ECS developer
 * guide, container-instance-spot (ECS_ENABLE_SPOT_INSTANCE_DRAINING: the agent sets the host to DRAINING on the notice).
 */

/** One item of the ledger each, beside the run's own. Times are epoch milliseconds. */
export interface Interruption {
  readonly instanceId: string;
  /** When EC2 gave notice. */
  readonly atMs: number;
}

/** Two minutes and what a shutdown takes; a host that stands after that was not taken. */
const OVER_AFTER_MS = 600_000;

/** Spot is about to take the host. */
export function isInterrupted(
  memory: { readonly interruptions?: readonly Interruption[] },
  instanceId: string,
  nowMs: number,
): boolean {
  const { interruptions = [] } = memory;
  return interruptions.some((one) => one.instanceId === instanceId && nowMs - one.atMs < OVER_AFTER_MS);
}
