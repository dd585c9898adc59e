/** What is known of the services whose Fargate tasks a notice names, at one look. Times are epoch milliseconds. */
import type { WindowState } from '../windows.ts';

/** Whose code a forced deployment would start, of all containers of the service's tasks. */
export type CodeToStart =
  /** Each container's image is pinned by digest, or its tag still names what runs. */
  | { readonly is: 'same' }
  /** The tag names another image now: a forced deployment would bring it in. */
  | { readonly is: 'moved'; readonly image: string }
  /** The image that runs is gone from the registry: no replacement can start, whoever replaces. */
  | { readonly is: 'gone'; readonly image: string }
  /** The registry is not ECR, of another Region, or may not be read. */
  | { readonly is: 'unreadable'; readonly image: string };

/** A service as ECS describes it. */
export interface ServiceNow {
  /** ECS's own rolling update may be forced; others are told. */
  readonly deploymentController: 'ECS' | 'CODE_DEPLOY' | 'EXTERNAL';
  /** `ROLLING`, or a strategy that shifts traffic (`BLUE_GREEN`, `LINEAR`, `CANARY`). */
  readonly deploymentStrategy: string;
  readonly desiredCount: number;
  readonly minimumHealthyPercent: number;
  readonly deployment: {
    readonly id: string;
    readonly rolloutState: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED';
    /** ECS's own words of a failure. */
    readonly reason: string;
  };
  readonly deploymentsCount: number;
  /** Tasks that are to run, on Fargate and Fargate Spot. */
  readonly tasks: readonly FargateTask[];
  /** Of the service's target groups; null without any. */
  readonly healthyTargets: number | null;
  readonly code: CodeToStart;
  /** Only capacity provider is FARGATE_SPOT. */
  readonly isSpotOnly: boolean;
  /** Ranges in which Fargate replaces its tasks are configured for it. */
  readonly hasEventWindow: boolean;
}

export interface FargateTask {
  readonly taskArn: string;
  readonly createdAtMs: number;
  readonly isRunning: boolean;
  /** UNKNOWN where it has no health check. */
  readonly isUnhealthy: boolean;
}

/** A service that a notice names, and what this run remembers of it. */
export interface AffectedService {
  readonly serviceName: string;
  /** Since when the notice is announced: a task that was created later is on a newer revision. */
  readonly announcedMs: number;
  /** From when on Fargate replaces the tasks by itself, and when it should have. */
  readonly startMs?: number;
  readonly endMs?: number;
  /** When a deployment of it may begin; its date overrides the settings' windows. */
  readonly window: WindowState;
  /** `never rehearsed`, or when it had its last game day and how that went. */
  readonly rehearsed: string;
  /** Undefined: there is no such service in the cluster, or no more. */
  readonly now: ServiceNow | undefined;
  readonly memory: RedeployMemory;
}

export interface RedeployMemory {
  /** When we forced a deployment of it; written before the call. */
  readonly forcedAtMs?: number;
  /** Its primary deployment when we were about to force another. */
  readonly deploymentBefore?: string;
  /** Since when no task of before the notice is seen. */
  readonly movedSinceMs?: number;
  /** What was seen of it when it last moved on, and when. */
  readonly progress?: string;
  readonly progressAtMs?: number;
  /** Where it ended, in this run. */
  readonly verdict?: { readonly outcome: RedeployOutcome; readonly reason: string; readonly atMs: number };
}

/** How a service came off: `proof` or reason beside it. */
export type RedeployOutcome =
  /** By a deployment of ours: no task of before the notice is left. */
  | 'moved'
  /** No task of before the notice was left. */
  | 'already-new'
  | 'gone'
  /** Not ours to redeploy: its owner is told. */
  | 'told'
  /** Fargate replaces the tasks itself from its date on, or in its event window. */
  | 'left-to-aws'
  | 'failed'
  /** Its end came and tasks of before the notice are left. */
  | 'missed';
