/**
 * What the ledger remembers between two looks at the world: written before the act it describes, one item per host and
 * per group, and read back as facts. Times are epoch milliseconds.
 */
import type { Interruption } from './interruption.ts';
import type { Ending } from './outcome.ts';
import type { Provenance } from './provenance.ts';

/** A knob of a group as it stood before we touched it, and what we set it to. */
export interface GroupMemory {
  readonly autoScalingGroupName: string;
  /** As they stood when the run was prepared. */
  readonly original: {
    readonly minSize: number;
    readonly maxSize: number;
    readonly desiredCapacity: number;
    readonly suspendedProcesses: readonly string[];
    readonly newInstancesProtectedFromScaleIn: boolean;
    /** The group's LaunchTemplate or MixedInstancesPolicy as AWS gave it, JSON. */
    readonly launchSource: string;
    /** Its warm pool as PutWarmPool takes it, JSON; undefined where it has none. */
    readonly warmPool?: string;
  };
  /** The literal image that the group launches for the length of the run. */
  readonly targetImages: Readonly<Record<string, string>>;
  /** Instance type (or `*`) → target image, above; ids of every image that counts as the target. */
  readonly targetImageIds: readonly string[];
  /** Instance type (or `*`) → image of the hosts to be replaced: what a rollback brings back. */
  readonly imagesBefore?: Readonly<Record<string, string>>;
  /** What we set last, so that a value that differs is somebody else's. */
  readonly set: {
    readonly minSize?: number;
    readonly maxSize?: number;
    readonly desiredCapacity?: number;
    readonly launchSource?: string;
  };
  /** `<template id>:<source version>` → version number that we created for the run. */
  readonly createdVersions: Readonly<Record<string, number>>;
  /** Of these, source versions that brought the target by themselves, through `resolve:ssm:`: they are gone back to. */
  readonly resolvedItself?: readonly string[];
  /** Template id → `$Default` version before we touched it. */
  readonly defaultVersions: Readonly<Record<string, number>>;
  readonly suspendedByUs: readonly string[];
  /** We set NewInstancesProtectedFromScaleIn for the run, so the hosts launched in it carry the flag. */
  readonly protectedByUs?: boolean;
  /** Instances that were protected from scale-in before the run: their flag is their owner's. */
  readonly protectedBefore?: readonly string[];
  /** To what `restore` set its sizes: who changed them since then is somebody else. */
  readonly givenBack?: {
    readonly minSize: number;
    readonly maxSize: number;
    readonly desiredCapacity: number;
  };
  /** When that was: what was asked for before it is in it. */
  readonly givenBackAtMs?: number;
  /** Ahead of the call that gives sizes back, until it is answered: sizes that are still those before were not set. */
  readonly givingBack?: {
    readonly from: NonNullable<GroupMemory['givenBack']>;
    readonly to: NonNullable<GroupMemory['givenBack']>;
  };
  /** Policies on CloudWatch alarms change its desired capacity. */
  readonly scaledByAlarms?: boolean;
  /** Only the template reference moves; no host of the group is replaced. */
  readonly referenceOnly?: boolean;
  /** Hosts that desired should keep once the run is over: follows what others change (decisions.md rule 2). */
  readonly goal: number;
  /** Of the goal, hosts that stood above desired when the run began, all protected from scale-in by their owner. */
  readonly protectedAbove?: number;
  /** The last MinSize of ours that was read in force. */
  readonly floorSeen?: number;
  /** Changes by others that the goal took up, and how often the difference was seen; for rule 2's "on two reads". */
  readonly foreignBelow?: { readonly count: number; readonly sinceMs: number; readonly reads: number };
  /** Desired above what our ledger explains: somebody scaled out; taken into the goal when seen on two reads. */
  readonly foreignAbove?: { readonly count: number; readonly sinceMs: number; readonly reads: number };
  /** The group's template names an image that is not the target: somebody changed it. */
  readonly foreignTemplate?: { readonly imageId: string; readonly sinceMs: number; readonly reads: number };
  /** Scheduled actions seen ahead of their time: name → start (rule 2). */
  readonly scheduledSeen?: Readonly<Record<string, number>>;
  /** The last start of each that we took into the goal. */
  readonly scheduledDone?: Readonly<Record<string, number>>;
  /** What scheduled actions that fell due while they were suspended would have set: `restore` puts it. */
  readonly scheduledDue?: {
    readonly minSize?: number;
    readonly maxSize?: number;
    readonly desiredCapacity?: number;
  };
  readonly trialPassedAtMs?: number;
  readonly bakeStartedAtMs?: number;
  readonly launchesAskedAtMs?: number;
  /** When every host of the first wave was ready or given up: the first drain waits for it (rule 4). */
  readonly waveReadyAtMs?: number;
  /** Hosts of the surge that are asked for only once the zone in which they will come is certain (rule 19). */
  readonly heldBack?: number;
  /** More hosts than goal and outdated explain, since when (rule 18). */
  readonly surplusSinceMs?: number;
  /** How many hosts were swapped for zone balance (rule 19). */
  readonly zoneSwaps?: number;
  /** Hosts of each zone before the last swap, most first. */
  readonly zonesAtSwap?: readonly number[];
  /** New hosts that never became ready and were replaced. */
  readonly failedNew?: number;
}

/** What became of asking ECS to drain one host, when it would not. */
export interface DrainRefusal {
  /** Of so many steps; a second delivery of one step counts once. */
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  /** AWS's own word of the last one. */
  readonly reason: string;
}

/** One host that the run plans to replace, launched, or drains. */
export interface HostMemory {
  readonly instanceId: string;
  readonly autoScalingGroupName?: string;
  readonly role: 'outdated' | 'new';
  readonly zone?: string;
  /** When our UpdateContainerInstancesState(DRAINING) was about to be sent. */
  readonly drainingSinceMs?: number;
  /** Per service, when one of its tasks last became healthy elsewhere. */
  readonly lastProgressMs?: Readonly<Record<string, number>>;
  /** First of the reads that found it drained (rule 16 wants two, 15 s apart). */
  readonly emptySinceMs?: number;
  /** First of the reads that found nothing but daemons. */
  readonly daemonsOnlySinceMs?: number;
  readonly terminateIntentMs?: number;
  readonly terminateDecrement?: boolean;
  /** Intents up to this moment came to nothing: AWS refused the call, or it was lost. */
  readonly intentsLostUntilMs?: number;
  /** How many. */
  readonly intentsLost?: number;
  /** The last reads of `agentConnected`, newest first, at most three, at least 20 s apart (rule 4). */
  readonly agentReads?: readonly { readonly atMs: number; readonly connected: boolean }[];
  readonly readySinceMs?: number;
  readonly runningSinceMs?: number;
  readonly held?: {
    readonly reason: string;
    readonly sinceMs: number;
    readonly attempts: number;
    readonly service?: string;
    readonly message?: string;
    /** Tasks of this kind keep it: it is tried once more only when they are gone. */
    readonly because?: 'standalone' | 'protected';
    /** No further try in this run. */
    readonly final?: boolean;
  };
  /** Tries that ended in a hold, before the one that runs now, and when the first of them did. */
  readonly triedBefore?: number;
  readonly firstHeldMs?: number;
  /** When protected tasks first kept it from being drained, in this run or an earlier window of the same work. */
  readonly protectedSinceMs?: number;
  /** Its protected tasks were asked to take no new work, and when that was taken back. */
  readonly quiesce?: {
    readonly askedAtMs: number;
    readonly taskArns: readonly string[];
    readonly overAtMs?: number;
  };
  readonly bouncedAtMs?: number;
  /** Time that rule 14's back-off took from the drain clock. */
  readonly clockStoppedMs?: number;
  /** We meant to drain it as one of its group's trial hosts. */
  readonly trial?: boolean;
  /** REPLICA services that had tasks on it when we drained it (rule 17 asks for their health before terminating). */
  readonly served?: readonly string[];
  /** Replica tasks on it when we drained it, and at the last look. */
  readonly tasksAtDrain?: number;
  readonly tasksLeft?: number;
  /** When we asked for ACTIVE again; until it shows, the host is ours to set back. */
  readonly activatedAtMs?: number;
  /** ECS answered our calls for DRAINING and named this host among the failures; `drain` writes it, in an item of its own. */
  readonly drainRefused?: DrainRefusal;
  /** DRAINING was really seen after we asked: ACTIVE from then on is somebody else's doing. */
  readonly drainingSeenAtMs?: number;
  /** Reads since `terminateIntentMs` that still said InService, and whether its decrement is in the books. */
  readonly readsAfterIntent?: number;
  readonly decrementCounted?: boolean;
  readonly agentGoneSinceMs?: number;
  /** EC2 says terminated, or Auto Scaling has let go of it, since when. */
  readonly goneSinceMs?: number;
  /** Surplus: drained and removed without being outdated (rules 18, 19, 23). */
  readonly surplus?: 'remove' | 'swap';
  /** How often we tried to go back to ACTIVE or to take a surplus host away in vain. */
  readonly givenUp?: boolean;
  /** Before this moment somebody wants it replaced: it is tried before the others (rule 10). */
  readonly deadlineMs?: number;
}

/** Named hosts that a request with a deadline hands to the run that has the cluster; one item of the ledger each. */
export interface Join {
  /** Of the request, by which it waits for what the run does not take. */
  readonly purpose: string;
  readonly deadlineMs: number;
  /** Group and target image of those that the run's plan did not have. */
  readonly hosts: readonly {
    readonly instanceId: string;
    readonly autoScalingGroupName?: string;
    readonly imageIds?: readonly string[];
  }[];
  readonly atMs: number;
  readonly by: string;
  /** When the run read it. */
  readonly takenAtMs?: number;
}

/** A service as it was when the run was planned. */
export interface ServiceMemory {
  readonly serviceName: string;
  readonly healthyAtPlan: number;
  readonly desiredAtPlan: number;
  /** Tasks of it on outdated hosts at plan. */
  readonly tasksOnOutdated: number;
  readonly unplacedAtPlan: number;
  /** Tasks by capacity provider, where its strategy spans several. */
  readonly providersAtPlan?: Readonly<Record<string, number>>;
  /** Unplaced demand, since when (rule 13). */
  readonly unplacedSinceMs?: number;
  /** When a task of it last became healthy elsewhere or left a draining host: the drain clock starts anew (rule 11). */
  readonly lastProgressMs?: number;
  /** What it ran when we first looked: tasks of another definition die of their owner's deployment, not of the image. */
  readonly taskDefinitionArn?: string;
  /** When it was last seen deploying: tasks created up to then may have died of that deployment. */
  readonly deployedAtMs?: number;
  /** A service that may stop first: the zone of the host whose drain set it in motion; means nothing at rest (rule 7). */
  readonly motionZone?: string;
  /** Of its tasks that died by themselves since our first drain the last one: when it was made, and of what it died. */
  readonly lastDeath?: { readonly words: string; readonly createdAtMs: number };
  /** At the last look: its tasks on draining hosts, and its healthy ones elsewhere. */
  readonly unmoved?: number;
  readonly healthyElsewhere?: number;
}

/** What runs did before this one, which ended because their window closed or somebody said `pause`. */
export interface Earlier {
  /** The first of them. */
  readonly startedAtMs: number;
  readonly windows: number;
  readonly replaced: number;
  readonly moves: number;
  /** Their target: the same work is only what brings the same. */
  readonly imageIds: readonly string[];
  /** What, or who, made the first begin. */
  readonly triggeredBy?: Provenance;
  /** EC2 instance id → since when its protected tasks are waited for, where they still were at the end. */
  readonly protectedSinceMs?: Readonly<Record<string, number>>;
}

/** The run as a whole. */
export interface RunMemory {
  readonly runId: string;
  readonly startedAtMs: number;
  /** It goes on with work that earlier windows began. */
  readonly earlier?: Earlier;
  /** `rolling` until an end is decided; `closing` while surplus and DRAINING hosts are given back. */
  readonly phase: 'rolling' | 'closing' | 'closed';
  readonly ending?: Ending;
  readonly firstDrainAtMs?: number;
  /** When a host last became ready, drained or was terminated, or a task moved (rule 24). */
  readonly lastProgressAtMs: number;
  /** Daemon services that were healthy on old hosts at plan time. */
  readonly daemonsAtPlan: readonly string[];
  /** What somebody asked of the running run: abort, pause, rollback. */
  readonly control?: {
    readonly mode: 'pause' | 'abort' | 'rollback';
    readonly atMs: number;
    readonly by: string;
    /** With abort: how the run ended already, where an execution gives back what a dead one left. */
    readonly ending?: Ending;
  };
  readonly groups: readonly GroupMemory[];
  readonly hosts: readonly HostMemory[];
  readonly services: readonly ServiceMemory[];
  /** When the trials had passed and somebody was asked to approve the rest (setting `approval`). */
  readonly approvalWantedAtMs?: number;
  /** Items of their own in the ledger, like `control`. */
  readonly joins?: readonly Join[];
  /** The same: hosts that Spot said it takes back. */
  readonly interruptions?: readonly Interruption[];
  /** The same: hosts that are to stay after all, since AWS called off what they were to be replaced for. */
  readonly spared?: readonly { readonly instanceId: string; readonly atMs: number }[];
  /** An item of its own in the ledger, like `control`. */
  readonly approved?: { readonly atMs: number; readonly by: string };
  /** Where the run stood at its last look, for people. */
  readonly said?: { readonly phase: string; readonly reason: string; readonly heldBack: string };
  /** The run ends because of the image: `report` puts it in quarantine. */
  readonly imageJudgedBad?: boolean;
  /** Because it silences the agents of its hosts, and of no others: they are as good as dead, whatever EC2 says. */
  readonly imageSilencesAgents?: boolean;
  /** A rollback after hosts had gone: the groups are to be pinned to what ran before, are, or cannot have it. */
  readonly goBack?: 'asked' | 'pinned' | 'given-up';
  readonly closingSinceMs?: number;
  /** Since when nothing at all might be done (rule 5), and at which look that was last so. */
  readonly frozen?: { readonly sinceMs: number; readonly lastMs: number };
  /** The last look that found many agents away at once: no clock of a host counts what went before. */
  readonly agentsAwayAtMs?: number;
  /** Since when `restore` waits for the end of somebody's instance refresh, or of a launch. */
  readonly restoreAwaitedSinceMs?: number;
  /** Before this moment the hosts must be replaced; windows give way when it comes near (design: retirement notices). */
  readonly deadlineMs?: number;
  /** The step before this one looked at this moment. */
  readonly lookedAtMs?: number;
  /** Notices already told: `kind` or `kind instance`. */
  readonly told?: readonly string[];
  /** Replica tasks that left an old host, as counted from differences between looks. */
  readonly movesSeen: number;
}
