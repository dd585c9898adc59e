/** The plan: what a rollover would do, as data that can be printed, compared and kept in the ledger. */
import type { ImageFacts, TemplateUse } from './facts.ts';
import type { Outcome } from './outcome.ts';

/** Something an operator should know before anything changes (public shape; see the result's `findings`). */
export interface Finding {
  /** `blocks` keeps a host out, or refuses the run where it concerns all; `outage` goes on and warns; `note` informs. */
  readonly severity: 'blocks' | 'outage' | 'note';
  /** Machine-readable, kebab-case: `service-stuck`, `no-room`, `image-architecture` … */
  readonly code: string;
  readonly instanceId?: string;
  readonly autoScalingGroupName?: string;
  readonly service?: string;
  /** The exact field to change, such as `deploymentConfiguration.maximumPercent`. */
  readonly field: string;
  readonly message: string;
  readonly remedy: string;
  /** `run`: concerns all hosts, the image or the cluster. */
  readonly scope: 'run' | 'group' | 'host' | 'service';
}

/** Where a group's image comes from, and what it came to. */
export interface GroupTarget {
  readonly source: string;
  /** Per template use (same order as the group's `templates`): the literal image that the run launches there. */
  readonly images: readonly { readonly use: TemplateUse; readonly image: ImageFacts }[];
  /** Every image id that counts as the target for this group. */
  readonly imageIds: readonly string[];
  /** The template already resolves to the target: nothing to write but the pin. */
  readonly resolvesAlready: boolean;
}

export interface GroupPlan {
  readonly autoScalingGroupName: string;
  readonly target: GroupTarget;
  /** Surge: how many hosts beside the old, at most. */
  readonly surge: number;
  /** Hosts to replace; those that a finding keeps out are not among them. */
  readonly outdated: readonly string[];
  /** Only the reference moves: no host needs replacing. */
  readonly referenceOnly: boolean;
}

/** A host that stays, and why. */
export interface Exemption {
  readonly instanceId: string;
  readonly reason: string;
  /** When the exemption ends by itself; most do not. */
  readonly untilMs?: number;
}

export interface Prediction {
  readonly durationSeconds: number;
  readonly moves: number;
  readonly extraInstanceHours: number;
}

export interface Plan {
  /** `roll` when there is something to do; else how the run ends at once. */
  readonly verdict: 'roll' | Extract<Outcome, 'NOTHING_TO_DO' | 'REFUSED'>;
  readonly reason: string;
  readonly groups: readonly GroupPlan[];
  /** Outdated hosts that `blocks` findings keep out. */
  readonly keptOut: readonly Exemption[];
  readonly exempt: readonly Exemption[];
  readonly findings: readonly Finding[];
  readonly predicted: Prediction;
  /** REPLICA tasks on outdated hosts. */
  readonly taskCount: number;
}
