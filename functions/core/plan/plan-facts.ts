/**
 * What planning needs to know beside the `Facts` of a tick: read once per run, by the plan and prepare handlers. Where
 * AWS does not say, the field is left out or the item is absent: unknown is a `note`, never a guess.
 */
import type { ImageFacts, InstanceTypeFacts } from '../facts.ts';
import type { PastRun } from '../images/soak.ts';

/** A Systems Manager parameter that an image source names. */
export interface ParameterFacts {
  /** As written after `ssm:`: a name, `name:version`, `name:label` or an ARN. */
  readonly name: string;
  /** Its value as stored: JSON with `image_id`, or the plain id. Undefined: it does not exist or cannot be read. */
  readonly value?: string;
  readonly version?: number;
  readonly lastModifiedMs?: number;
  /** AWS's own words when it could not be read. */
  readonly problem?: string;
}

/** What a launch template version says beside its image, and where the template's pointers stand. */
export interface TemplateDetails {
  readonly launchTemplateId: string;
  /** The resolved version number these details are of. */
  readonly version: number;
  readonly latestVersion: number;
  readonly defaultVersion: number;
  readonly blockDevices: readonly { readonly deviceName: string; readonly sizeGiB?: number }[];
  /** `MetadataOptions.HttpPutResponseHopLimit`; undefined: the image or account decides. */
  readonly metadataHopLimit?: number;
  readonly metadataTokens?: 'required' | 'optional';
  /** The image written in the newest version, where it differs from this one: what `$Latest` will bring. */
  readonly latestImageReference?: string;
}

/** Another group, outside the cluster's scope, that launches from one of our templates. */
export interface SharedTemplate {
  readonly launchTemplateId: string;
  readonly autoScalingGroupName: string;
  /** As written there: a number, `$Latest` or `$Default`. */
  readonly version: string;
}

/** A vCPU limit on running instances of some families, and how much of it is taken. Source: Service Quotas, `ec2`. */
export interface VcpuQuota {
  /** First letters of instance types it counts, such as `a`, `c`, `m`, `g`, `vt`; lower case. */
  readonly families: readonly string[];
  readonly purchase: 'on-demand' | 'spot';
  readonly quotaCode: string;
  readonly limit: number;
  /** vCPUs running in the account; undefined: unknown, then only the cluster's own hosts are counted. */
  readonly inUse?: number;
}

/** Targets registered with a target group and how many it may hold (Elastic Load Balancing's quota), where known. */
export interface TargetGroupUse {
  readonly targetGroupArn: string;
  readonly registered: number;
  readonly limit?: number;
}

/** An image that a run judged bad: no trigger tries it again until somebody lifts it. */
export interface Quarantine {
  readonly imageId: string;
  readonly reason: string;
  readonly atMs: number;
}

export interface PlanFacts {
  readonly accountId: string;
  /** Every image named by a source, a template or a running host, as DescribeImages gives it, deprecated ones included. */
  readonly images: readonly ImageFacts[];
  readonly instanceTypes: readonly InstanceTypeFacts[];
  /** One item per `ssm:` source that settings or the request name. */
  readonly parameters: readonly ParameterFacts[];
  readonly templates: readonly TemplateDetails[];
  readonly sharedTemplates: readonly SharedTemplate[];
  /** Undefined: Service Quotas cannot be read. */
  readonly quotas?: readonly VcpuQuota[];
  readonly targetGroups: readonly TargetGroupUse[];
  /**
   * Container images by reference as tasks run them (`…dkr.ecr…@sha256:…`): still in ECR or not; absent: unknown, not
   * in ECR or not readable. Keys are `<repository URI>@<digest>`.
   */
  readonly digests: Readonly<Record<string, 'present' | 'missing'>>;
  /** Per service: the `<repository URI>@<digest>` of its tasks' containers on hosts of this cluster. */
  readonly serviceDigests: Readonly<Record<string, readonly string[]>>;
  readonly quarantine: readonly Quarantine[];
  /** Runs of this and other clusters, for `after`. */
  readonly pastRuns: readonly PastRun[];
  /** Names of capacity providers of type MANAGED_INSTANCES: ECS patches their hosts itself. */
  readonly managedInstanceProviders: readonly string[];
  /** The deployment's guardrails leave groups with a warm pool alone. */
  readonly refusesWarmPools?: boolean;
  /** Instances waiting in warm pools, by id. */
  readonly warmPoolInstanceIds: readonly string[];
  /** Account setting `awsvpcTrunking`; undefined: unknown. */
  readonly awsvpcTrunking?: boolean;
}
