/**
 * The account's capacity providers, and which cluster uses which.
 * Source: Amazon ECS API reference, CapacityProvider and PutClusterCapacityProviders.
 */
import type {
  AutoScalingGroupProvider,
  AutoScalingGroupProviderUpdate,
  CapacityProvider,
  CapacityProviderStrategyItem,
} from '@aws-sdk/client-ecs';
import type { Capture } from '../../capture/capture.ts';
import type { VirtualClock } from '../../kernel/clock.ts';
import { LaggingStore, Remembered } from '../../kernel/lagging-store.ts';
import { groupName, idOf } from '../arn.ts';
import type { ClusterRecord } from '../records.ts';

/** Default of managed scaling. Source: Amazon ECS API reference, ManagedScaling. */
const DEFAULT_TARGET_PERCENT = 100;
const DEFAULT_WARMUP_SECONDS = 300;
const DEFAULT_SMALLEST_STEP = 1;
const DEFAULT_LARGEST_STEP = 10_000;

export interface ScalingSettings {
  readonly targetPercent: number;
  readonly smallestStep: number;
  readonly largestStep: number;
  readonly warmupSeconds: number;
}

export class ProviderRecord {
  #source: CapacityProvider;
  readonly #changed: (record: ProviderRecord) => void;

  constructor(source: CapacityProvider, changed: (record: ProviderRecord) => void) {
    this.#source = source;
    this.#changed = changed;
  }

  /** Changed as a whole. */
  get source(): CapacityProvider {
    return this.#source;
  }

  set source(source: CapacityProvider) {
    this.#source = source;
    this.#changed(this);
  }

  get name(): string {
    return this.source.name ?? '';
  }

  /** Its Auto Scaling group; null for Managed Instances. */
  get group(): string | null {
    const arn = this.settings?.autoScalingGroupArn;
    return arn === undefined ? null : groupName(arn);
  }

  get settings(): AutoScalingGroupProvider | undefined {
    return this.source.autoScalingGroupProvider;
  }

  /** Null when managed scaling is off. */
  get scaling(): ScalingSettings | null {
    const managed = this.settings?.managedScaling;
    if (managed?.status !== 'ENABLED') return null;
    return {
      targetPercent: managed.targetCapacity ?? DEFAULT_TARGET_PERCENT,
      smallestStep: managed.minimumScalingStepSize ?? DEFAULT_SMALLEST_STEP,
      largestStep: managed.maximumScalingStepSize ?? DEFAULT_LARGEST_STEP,
      warmupSeconds: managed.instanceWarmupPeriod ?? DEFAULT_WARMUP_SECONDS,
    };
  }

  /** Works only together with managed scaling. Source: API reference, AutoScalingGroupProvider. */
  get protects(): boolean {
    return this.scaling !== null && this.settings?.managedTerminationProtection === 'ENABLED';
  }

  get drains(): boolean {
    return this.settings?.managedDraining === 'ENABLED';
  }

  /** What is not said stays as it is. */
  update(change: AutoScalingGroupProviderUpdate): void {
    const { settings } = this;
    if (!settings) return;
    const { managedScaling, managedTerminationProtection, managedDraining } = change;
    this.source = {
      ...this.source,
      updateStatus: 'UPDATE_COMPLETE',
      autoScalingGroupProvider: {
        ...settings,
        ...(managedScaling && { managedScaling: { ...settings.managedScaling, ...managedScaling } }),
        ...(managedTerminationProtection && { managedTerminationProtection }),
        ...(managedDraining && { managedDraining }),
      },
    };
  }
}

interface Association {
  readonly names: readonly string[];
  readonly defaultStrategy: readonly CapacityProviderStrategyItem[];
}

export class CapacityProviders {
  readonly #clock: VirtualClock;
  readonly #providers = new Map<string, ProviderRecord>();
  readonly #associations = new Map<ClusterRecord, Remembered<Association>>();
  /** What reads see, by name. */
  readonly #pictures: LaggingStore<CapacityProvider>;

  constructor(capture: Capture, clock: VirtualClock) {
    this.#clock = clock;
    this.#pictures = new LaggingStore(clock);
    for (const source of capture.ecs.capacityProviders) this.add(source);
  }

  all(): readonly ProviderRecord[] {
    return [...this.#providers.values()];
  }

  add(source: CapacityProvider): ProviderRecord {
    const provider = new ProviderRecord(source, (changed) => this.#picture(changed));
    this.#providers.set(provider.name, provider);
    this.#picture(provider);
    return provider;
  }

  remove(provider: ProviderRecord): void {
    this.#providers.delete(provider.name);
    this.#pictures.remove(provider.name);
  }

  /** As a read of that age sees one, by name or ARN. */
  described(nameOrArn: string, lagMs: number): CapacityProvider | undefined {
    return this.#pictures.get(idOf(nameOrArn), lagMs);
  }

  allDescribed(lagMs: number): CapacityProvider[] {
    return this.#pictures.list(lagMs);
  }

  #picture(provider: ProviderRecord): void {
    // What a caller still holds of a deleted one is no longer listed.
    if (this.#providers.get(provider.name) === provider) this.#pictures.put(provider.name, provider.source);
  }

  find(nameOrArn: string | undefined): ProviderRecord | undefined {
    return nameOrArn === undefined ? undefined : this.#providers.get(idOf(nameOrArn));
  }

  namesOf(cluster: ClusterRecord): readonly string[] {
    return this.#associationOf(cluster).names;
  }

  /** For services and tasks that name neither a launch type nor a strategy. */
  defaultStrategyOf(cluster: ClusterRecord): readonly CapacityProviderStrategyItem[] {
    return this.#associationOf(cluster).defaultStrategy;
  }

  associate(cluster: ClusterRecord, association: Association): void {
    const known = this.#associations.get(cluster);
    if (known) known.now = association;
    else this.#associations.set(cluster, new Remembered(this.#clock, association));
  }

  /** Names and default strategy as a read of that age sees them. */
  associationAsOf(cluster: ClusterRecord, lagMs: number): Association {
    return this.#associations.get(cluster)?.asOf(lagMs) ?? capturedAssociation(cluster);
  }

  /** The provider of the cluster that this Auto Scaling group's hosts join. */
  ofGroup(group: string, cluster: ClusterRecord): string | undefined {
    for (const name of this.namesOf(cluster)) if (this.#providers.get(name)?.group === group) return name;
    return undefined;
  }

  /**
   * Whether tasks wait in PROVISIONING for the provider's next hosts: only with managed scaling; otherwise those that
   * find no room fail at once, as without a provider. Source: AWS containers blog,
   * deep-dive-on-amazon-ecs-cluster-auto-scaling.
   */
  letsWait(name: string | undefined): boolean {
    return (this.find(name)?.scaling ?? null) !== null;
  }

  #associationOf(cluster: ClusterRecord): Association {
    return this.#associations.get(cluster)?.now ?? capturedAssociation(cluster);
  }
}

function capturedAssociation({ source }: ClusterRecord): Association {
  const { capacityProviders = [], defaultCapacityProviderStrategy = [] } = source;
  return { names: capacityProviders, defaultStrategy: defaultCapacityProviderStrategy };
}
