/**
 * What `rollover report` writes, as data: the schema of its JSON (docs/audit.md), version 1. Times are ISO 8601 in UTC, ages
 * whole days, rounded down. A field that nobody knows is absent, never guessed.
 */
import type { HistoryCounts } from '../../functions/aws/ledger/notes.ts';
import type { NoticeState } from '../../functions/core/notices/entry.ts';
import type { Outcome } from '../../functions/core/outcome.ts';
import type { Provenance } from '../../functions/core/provenance.ts';

export const EVIDENCE_VERSION = 1;

export interface Evidence {
  readonly version: typeof EVIDENCE_VERSION;
  readonly madeAt: string;
  /** The period of runs and notices; hosts are as they stood at `madeAt`. */
  readonly since: string;
  readonly until: string;
  /** An outdated host needs attention once the target image has been there for more days than this. */
  readonly maxLagDays: number;
  /** Nothing in any cluster needs attention. */
  readonly compliant: boolean;
  readonly clusters: readonly ClusterEvidence[];
  /** Images that no trigger tries, of the whole deployment. */
  readonly quarantine: readonly QuarantineEvidence[];
  /** Notices of AWS in the period that concern no cluster here, or not yet. */
  readonly otherNotices: readonly NoticeEvidence[];
}

export interface ClusterEvidence {
  readonly cluster: string;
  readonly clusterArn: string;
  readonly optIn: 'observe' | 'roll';
  readonly compliant: boolean;
  /** Empty where `compliant`. */
  readonly attention: readonly Attention[];
  /** What was in force for the cluster; groups may have their own by tag. */
  readonly policy: PolicyEvidence | undefined;
  readonly groups: readonly GroupEvidence[];
  readonly hosts: readonly HostEvidence[];
  /** The run that holds the cluster now. */
  readonly running?: {
    readonly runId: string;
    readonly startedAt: string;
    readonly triggeredBy?: Provenance;
    readonly approvedBy?: ApprovalEvidence;
  };
  readonly waiting: readonly WaitingEvidence[];
  /** Runs that ended in the period, the newest first. */
  readonly runs: readonly RunEvidence[];
  readonly notices: readonly NoticeEvidence[];
}

export type AttentionCode =
  | 'host-outdated'
  | 'host-too-old'
  | 'host-held'
  | 'host-kept-out'
  | 'exemption-without-end'
  | 'target-quarantined'
  | 'target-unknown'
  | 'run-ended-badly'
  | 'notice-missed'
  | 'notice-overdue'
  | 'cluster-unreadable';

export interface Attention {
  readonly code: AttentionCode;
  readonly instanceId?: string;
  readonly message: string;
}

export interface PolicyEvidence {
  readonly maxInstanceAgeDays?: number;
  readonly instanceAgeSpreadDays: number;
  readonly minImageAgeHours: number;
  readonly imageOwners: readonly string[];
  readonly approval: string;
  readonly windows: readonly string[];
  readonly freezes: readonly string[];
  readonly after?: { readonly cluster: string; readonly soakHours: number };
}

export interface GroupEvidence {
  readonly autoScalingGroupName: string;
  /** `launch-template`, `ssm:…` or `ami-…`. */
  readonly imageSource?: string;
  readonly targetImages: readonly ImageEvidence[];
  /** Why no target is known. */
  readonly problem?: string;
}

export interface ImageEvidence {
  readonly imageId: string;
  readonly name?: string;
  readonly ownerId?: string;
  /** EC2's CreationDate: for lag it counts as the day of publication. */
  readonly createdAt?: string;
  readonly ageDays?: number;
}

export interface HostEvidence {
  readonly instanceId: string;
  readonly autoScalingGroupName?: string;
  /**
   * `current` · `outdated`: to be replaced · `held`: the last run tried and could not · `kept-out`: a finding keeps it out ·
   * `exempt`: not ours to replace, or exempted by tag.
   */
  readonly state: 'current' | 'outdated' | 'held' | 'kept-out' | 'exempt';
  readonly image?: ImageEvidence;
  readonly launchedAt?: string;
  readonly ageDays?: number;
  /** What it should run; empty where unknown. */
  readonly targetImageIds: readonly string[];
  /** Days since the target image was created; 0 on the target; absent where either is unknown. */
  readonly lagDays?: number;
  /** The later of its launch and the target's creation, or when it passed the age limit: not before then. */
  readonly outdatedSince?: string;
  /** Why it stands as it stands, in the sentence that `rollover explain` says. */
  readonly reason?: string;
  readonly blockedBy?: { readonly service: string; readonly message: string };
  /** Of an exempt host: when that ends. `null`: it does not end by itself. */
  readonly exemptUntil?: string | null;
  /** Of an exempt host: another service replaces it. */
  readonly patchedElsewhere?: boolean;
}

export interface ApprovalEvidence {
  readonly by: string;
  readonly at: string;
}

export interface RunEvidence {
  readonly runId: string;
  readonly startedAt: string;
  readonly endedAt: string;
  /** The request's word: `image`, `age`, `retirement` … */
  readonly reason?: string;
  readonly triggeredBy?: Provenance;
  readonly approvedBy?: ApprovalEvidence;
  readonly outcome: Outcome;
  readonly ending: string;
  readonly imageIds: readonly string[];
  readonly counts?: HistoryCounts;
}

export interface WaitingEvidence {
  readonly waitsFor: string;
  readonly since: string;
  readonly notBefore?: string;
  readonly triggeredBy?: Provenance;
}

export interface QuarantineEvidence {
  readonly imageId: string;
  readonly reason: string;
  readonly since: string;
  readonly until: string;
}

export interface NoticeEvidence {
  readonly eventArn: string;
  readonly code: string;
  readonly kind: string;
  /** The host, service or task that it names. */
  readonly names: string;
  readonly state: NoticeState;
  /** Why it is in that state; for `done`, what proves it. */
  readonly proof: string;
  readonly announcedAt: string;
  readonly updatedAt: string;
  /** When AWS acts. */
  readonly actsAt?: string;
}
