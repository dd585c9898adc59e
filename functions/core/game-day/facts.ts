/** What is known of the services of a game day at one look, and what its run remembers. Times are epoch milliseconds. */

/** A task of the service that is to run. */
export interface GameDayTask {
  readonly taskArn: string;
  /** Availability Zone; empty where ECS does not say (yet). */
  readonly zone: string;
  /** Container instance; the task itself on Fargate, where each is a host of its own. */
  readonly host: string;
  readonly createdAtMs: number;
  /** By ECS's own rule, its targets included (`functions/aws/facts/tasks.ts`). */
  readonly healthy: boolean;
  readonly isProtected: boolean;
  /** Its host is DRAINING. */
  readonly leaves: boolean;
}

/** A service as ECS describes it. */
export interface GameDayService {
  /** Tag `rollover:game-day` is `true`. */
  readonly optedIn: boolean;
  readonly schedulingStrategy: 'REPLICA' | 'DAEMON';
  readonly desiredCount: number;
  readonly runningCount: number;
  readonly pendingCount: number;
  readonly minimumHealthyPercent: number;
  /** A deployment is in progress, or another one is not gone yet. */
  readonly deploying: boolean;
  /** ECS's words of a deployment that failed; absent: none did. */
  readonly deploymentFailed?: string;
  /** Messages of its scheduler that tell of trouble, none older than its last steady state. */
  readonly trouble: readonly { readonly atMs: number; readonly message: string }[];
  /** An image that its tasks run and that is gone from its registry: no replacement could start. */
  readonly imageGone?: string;
  readonly tasks: readonly GameDayTask[];
}

/** What the request asks of one service: how many tasks, or which. */
export interface GameDayAsk {
  readonly serviceName: string;
  readonly tasks: number | readonly string[];
}

/** A task as ECS describes it once it was told to stop. */
export interface StoppedTask {
  readonly taskArn: string;
  readonly desiredStatus: 'RUNNING' | 'STOPPED';
  /** `UserInitiated` where somebody called StopTask. */
  readonly stopCode?: string;
  readonly stoppedReason?: string;
}

/** One task that this run stops, or stopped. */
export interface Stop {
  readonly taskArn: string;
  readonly zone: string;
  readonly host: string;
  /** When StopTask was about to be called, the last time. */
  readonly askedAtMs: number;
  readonly firstAskedAtMs: number;
  /** Tasks that the service wanted, and the fewest healthy ones that were seen since. */
  readonly desired: number;
  readonly lowestHealthy: number;
  /** Since when the service is seen whole again. */
  readonly wholeSinceMs?: number;
  /** Since when it is, proved by a second look. */
  readonly recoveredAtMs?: number;
  /** Why it does not count: the task went by itself, or the call came to nothing. */
  readonly void?: string;
}

export type GameDayOutcome =
  /** Each task that was stopped was replaced, and the service whole again. */
  | 'recovered'
  | 'not-recovered'
  /** Nothing of it was stopped. */
  | 'skipped';

export interface GameDayVerdict {
  readonly outcome: GameDayOutcome;
  /** All that was asked was done. */
  readonly isComplete: boolean;
  readonly reason: string;
  readonly atMs: number;
}

export interface GameDayMemory {
  /** Since when it is seen steady, before the next stop. */
  readonly steadySinceMs?: number;
  readonly stops: readonly Stop[];
  readonly verdict?: GameDayVerdict;
}

export const NO_MEMORY: GameDayMemory = { stops: [] };

/** A service of the game day at one look. */
export interface GameDayLook {
  readonly ask: GameDayAsk;
  /** Undefined: there is no such service in the cluster. `unread`: its turn is later. */
  readonly now: GameDayService | 'unread' | undefined;
  readonly memory: GameDayMemory;
  /** The task of the stop that is not over, where ECS still describes it. */
  readonly stopped?: StoppedTask;
}

/** One whose turn it is. */
export type GameDayRead = GameDayLook & { readonly now: GameDayService | undefined };

/** The stop that is not over: written down, and the service not seen whole since. */
export function openStop({ stops }: GameDayMemory): Stop | undefined {
  return stops.find((stop) => stop.recoveredAtMs === undefined && stop.void === undefined);
}

/** A stop of ours after which the service was whole again. */
export type RecoveredStop = Stop & { readonly recoveredAtMs: number };

export function recoveredStops({ stops }: GameDayMemory): RecoveredStop[] {
  return stops.filter((stop): stop is RecoveredStop => stop.recoveredAtMs !== undefined);
}

/** From the call to the first look at which the service was whole. */
export function secondsToHealthy({ askedAtMs, recoveredAtMs }: RecoveredStop): number {
  return Math.round((recoveredAtMs - askedAtMs) / 1000);
}
