/**
 * What the account tells its watchers, in the order in which it happens: the truth, not what an API would answer. The
 * rehearsal's log is these lines with `t`, seconds since the start; checkers read them beside `Truth`.
 */

/** Who is behind a change. */
export type Actor =
  /** A Lambda function of the product (or whoever called inside `asCaller`), by function name. */
  | { readonly kind: 'function'; readonly name: string }
  /** A scripted or drawn fault, by kind. */
  | { readonly kind: 'fault'; readonly name: string }
  /** AWS itself: a scheduler, a group, a health check. */
  | { readonly kind: 'aws'; readonly name: string };

/**
 * Why a task stops, with the chain behind it: `drain` names the host and who set it to DRAINING; `host-terminated` and
 * `deregistered` name who ended the host. I2 and I13 rest on it.
 */
export interface StopCause {
  readonly because:
    | 'drain'
    | 'host-terminated'
    | 'host-stopped'
    | 'deregistered'
    | 'stop-task'
    | 'deployment'
    | 'scale-in'
    | 'rebalance'
    | 'unhealthy'
    | 'exit'
    | 'start-failed'
    | 'protection-ended'
    | 'maintenance'
    | 'fault';
  readonly actor: Actor;
  readonly instanceId?: string;
  readonly exitCode?: number;
  /** AWS's own `stoppedReason`. */
  readonly text: string;
}

export interface HostObservation {
  readonly kind: 'host';
  readonly instanceId: string;
  readonly image: string;
  readonly group: string | null;
  readonly zone: string;
  readonly state: 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated';
  /** Who caused a change towards the end; absent on the way up. */
  readonly actor?: Actor;
}

/** A group's record of a host changed its lifecycle state. */
export interface LifecycleObservation {
  readonly kind: 'lifecycle';
  readonly instanceId: string;
  readonly group: string;
  readonly lifecycleState: string;
}

/** A knob of a group: sizes, suspended processes, template, protection, warm pool. */
export interface GroupObservation {
  readonly kind: 'group';
  readonly group: string;
  readonly minSize: number;
  readonly maxSize: number;
  readonly desiredCapacity: number;
  readonly actor: Actor;
}

export interface ContainerInstanceObservation {
  readonly kind: 'container-instance';
  readonly instanceId: string;
  readonly containerInstanceArn: string;
  readonly cluster: string;
  readonly status: string;
  readonly agentConnected: boolean;
  /** Who changed its status, when that is what changed. */
  readonly actor?: Actor;
}

export interface TaskObservation {
  readonly kind: 'task';
  readonly taskArn: string;
  /** `service:NAME` or `family:NAME`, as ECS says. */
  readonly group: string;
  readonly cluster: string;
  readonly instanceId: string | null;
  readonly lastStatus: string;
  readonly desiredStatus: string;
  readonly healthy: boolean;
  readonly daemon: boolean;
  /** Present from the moment its desired status is STOPPED. */
  readonly cause?: StopCause;
  /** The task that this one was started to replace, when the scheduler knows. */
  readonly replaces?: string;
}

export interface ServiceObservation {
  readonly kind: 'service';
  readonly serviceName: string;
  readonly cluster: string;
  readonly desired: number;
  readonly healthy: number;
}

export interface CallObservation {
  readonly kind: 'call';
  /** Function that called; `outside` when nobody said. */
  readonly function: string;
  /** `ECS.DescribeTasks` … */
  readonly operation: string;
  /** `ok`, `partial` (a 200 with failures), `lost` (done, but the answer never arrived), or the error's name. */
  readonly answer: string;
  /** The input, for checkers; not part of the log. */
  readonly input?: unknown;
  /** What was answered (tokens of next pages, `failures[]`), for checkers; not part of the log. */
  readonly output?: unknown;
}

export interface StateObservation {
  readonly kind: 'state';
  readonly execution: string;
  readonly name: string;
}

/** An execution began or ended. */
export interface ExecutionObservation {
  readonly kind: 'execution';
  readonly execution: string;
  readonly stateMachine: string;
  readonly status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'ABORTED' | 'TIMED_OUT';
  readonly error?: string;
  readonly cause?: string;
}

/** An AWS event or a custom one reached the bus. */
export interface EventObservation {
  readonly kind: 'event';
  readonly source: string;
  readonly detailType: string;
  readonly detail: unknown;
}

export interface FaultObservation {
  readonly kind: 'fault';
  readonly fault: string;
  readonly instanceId?: string;
}

/** A message published on a topic. */
export interface NotificationObservation {
  readonly kind: 'notification';
  readonly topic: string;
  readonly subject?: string;
  readonly message: string;
}

export type Observation =
  | HostObservation
  | LifecycleObservation
  | GroupObservation
  | ContainerInstanceObservation
  | TaskObservation
  | ServiceObservation
  | CallObservation
  | StateObservation
  | ExecutionObservation
  | EventObservation
  | FaultObservation
  | NotificationObservation;

export type Observer = (observation: Observation, atMs: number) => void;
