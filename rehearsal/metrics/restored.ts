/**
 * `restored` and `leftovers` (design.md §7.6): every knob that an orchestrator could touch, compared with how it stood,
 * measured from the account. What somebody else changed meanwhile is the new original; at SUCCEEDED and PARTIAL the
 * target image may stay behind the group's form of reference.
 */
import type { CallObservation, Observation } from '../../simulator/observation.ts';
import type { ContainerInstanceTruth, GroupTruth, Truth } from '../../simulator/truth.ts';
import { actionOf, inputOf, isMutating, texts } from '../checkers/calls.ts';
import { isOurs, type JudgedRun, tookEffect } from '../checkers/checker.ts';
import type { Leftover } from '../result.ts';
import { isSameForm } from './launch-source.ts';

type Sizes = 'minSize' | 'maxSize' | 'desiredCapacity';

/** A group as it should stand at the end; more than one size is right where others changed it during a surge. */
interface Original {
  /** Others changed sizes at this moment, and before that these were right. */
  unseen?: { readonly sizes: Record<Sizes, Set<number>>; readonly atMs: number };
  readonly sizes: Record<Sizes, Set<number>>;
  /** What scheduled actions would set, and what that came to where others changed it after one fell due. */
  readonly scheduled: Record<Sizes, Set<number>>;
  group: GroupTruth;
  /** Undefined: what its reference resolves to was changed by others while it was pinned, so nobody can tell. */
  launchImages: readonly string[] | undefined;
}

const SIZE_KNOBS: readonly (readonly [Sizes, string])[] = [
  ['minSize', 'MinSize'],
  ['maxSize', 'MaxSize'],
  ['desiredCapacity', 'DesiredCapacity'],
];
/** Faults that change what a template or parameter resolves to; their line comes before their effect. */
const IMAGE_FAULTS = new Set(['change-launch-template', 'publish-image']);

export class Originals {
  readonly #run: JudgedRun;
  readonly #groups = new Map<string, Original>();
  /** As last seen, to know what a change changed. */
  readonly #seen = new Map<string, GroupTruth>();
  readonly #defaultVersions = new Map<string, number | undefined>();
  readonly #protected = new Map<string, boolean>();
  /** Container instance → tags as they were when it was first seen. */
  readonly #tags = new Map<string, ReadonlyMap<string, string>>();
  /** Container instance → keys that a call of ours set or took away. */
  readonly #taggedByUs = new Map<string, Set<string>>();
  #imagesChanged = false;

  constructor(run: JudgedRun) {
    this.#run = run;
    for (const group of run.truth.groups()) {
      const { minSize, maxSize, desiredCapacity } = group;
      const sizes = {
        minSize: new Set([minSize]),
        maxSize: new Set([maxSize]),
        desiredCapacity: new Set([desiredCapacity]),
      };
      this.#groups.set(group.group, {
        group: snapshotOf(group),
        sizes,
        scheduled: {
          minSize: this.#scheduled(group.group, 'minSize'),
          maxSize: this.#scheduled(group.group, 'maxSize'),
          desiredCapacity: this.#scheduled(group.group, 'desiredCapacity'),
        },
        launchImages: [...group.launchImages],
      });
      this.#seen.set(group.group, snapshotOf(group));
    }
    for (const template of run.truth.launchTemplates())
      this.#defaultVersions.set(template.launchTemplateId, template.defaultVersion);
    for (const host of run.truth.hosts()) this.#protected.set(host.instanceId, host.protectedFromScaleIn);
    for (const host of run.truth.containerInstances()) this.#takeUpTags(host);
  }

  /** Takes up what others change. Call for each observation, in order. */
  observe(observation: Observation): void {
    if (this.#imagesChanged) this.#takeUpImages();
    if (observation.kind === 'group') this.#takeUpGroup(observation.group, isOurs(observation.actor));
    if (observation.kind === 'container-instance') {
      const host = this.#run.truth.containerInstanceOf(observation.instanceId);
      if (host) this.#takeUpTags(host);
    }
    if (observation.kind === 'call') {
      this.#takeUpTagging(observation);
      this.#overwrite(observation);
    }
    const isForeignCall =
      observation.kind === 'call' && observation.function === 'outside' && isMutating(observation.operation);
    if (observation.kind === 'fault' ? IMAGE_FAULTS.has(observation.fault) : isForeignCall)
      this.#imagesChanged = true;
  }

  leftovers(truth: Truth, outcome: string): Leftover[] {
    const mayResolveToTarget = outcome === 'SUCCEEDED' || outcome === 'PARTIAL';
    const groups = truth.groups();
    return [
      ...groups.flatMap((group) => this.#groupLeftovers(group, mayResolveToTarget)),
      ...this.#templateLeftovers(truth, groups, mayResolveToTarget),
      ...this.#hostLeftovers(truth),
      ...this.#tagLeftovers(truth),
    ];
  }

  #takeUpTags({ containerInstanceArn, tags }: ContainerInstanceTruth): void {
    if (!this.#tags.has(containerInstanceArn)) this.#tags.set(containerInstanceArn, tagsByKey(tags));
  }

  /** An answer that was lost may have had its effect: whatever we asked for is looked at. */
  #takeUpTagging(call: CallObservation): void {
    if (!TAGGING.has(actionOf(call.operation))) return;
    if (!isOurs({ kind: 'function', name: call.function })) return;
    const { resourceArn, tags, tagKeys } = inputOf(call);
    const set = Array.isArray(tags) ? tags.map(({ key }) => key) : [];
    for (const arn of texts(resourceArn)) {
      const known = this.#taggedByUs.get(arn) ?? new Set();
      this.#taggedByUs.set(arn, new Set([...known, ...texts(set), ...texts(tagKeys)]));
    }
  }

  /** An action may fall due at any moment: changes before it do not count with what it sets. */
  #scheduled(group: string, size: Sizes): Set<number> {
    return new Set(
      this.#run.scheduledActions
        .filter((action) => action.group === group)
        .flatMap((action) => action[size] ?? []),
    );
  }

  #takeUpGroup(name: string, isOurChange: boolean): void {
    const now = this.#run.truth.groups().find((group) => group.group === name);
    const before = this.#seen.get(name);
    const original = this.#groups.get(name);
    if (!now) return;
    this.#seen.set(name, snapshotOf(now));
    if (isOurChange || !before || !original) return;
    const isSizeChange = SIZE_KNOBS.some(([size]) => now[size] !== before[size]);
    if (isSizeChange) original.unseen = { sizes: { ...original.sizes }, atMs: this.#run.truth.nowMs };
    for (const [size] of SIZE_KNOBS) {
      const by = now[size] - before[size];
      if (by === 0) continue;
      // Added to a surge, or set outright: either is what the other one wanted.
      const wanted = [...original.sizes[size]].map((value) => value + by);
      original.sizes[size] = new Set([...wanted, now[size]]);
      const after = [...original.scheduled[size]].map((value) => value + by);
      original.scheduled[size] = new Set([...this.#scheduled(name, size), ...after]);
    }
    const changed = KNOBS.filter(([knob]) => textOf(now[knob]) !== textOf(before[knob])).filter(
      ([knob]) => knob !== 'warmPool' || !isEndOfOurs(before, now, original.group),
    );
    original.group = {
      ...original.group,
      ...Object.fromEntries(changed.map(([knob]) => [knob, now[knob]])),
    };
    if (now.launchSource !== before.launchSource) original.launchImages = now.launchImages;
  }

  /**
   * A size that others changed so shortly before our call that no read of ours could show it, and which the call set anew:
   * UpdateAutoScalingGroup knows no condition, so what was right before is right as well. Whoever still wants it asks again.
   */
  #overwrite(call: CallObservation): void {
    const { AutoScalingGroupName, DesiredCapacity } = inputOf(call);
    if (actionOf(call.operation) !== 'UpdateAutoScalingGroup' || DesiredCapacity === undefined) return;
    const original = this.#groups.get(String(AutoScalingGroupName));
    if (!original?.unseen || !tookEffect(call.answer) || !isOurs({ kind: 'function', name: call.function }))
      return;
    const { unseen } = original;
    delete original.unseen;
    if (this.#run.truth.nowMs - unseen.atMs > this.#run.graceMs) return;
    for (const [size] of SIZE_KNOBS)
      original.sizes[size] = new Set([...original.sizes[size], ...unseen.sizes[size]]);
  }

  /** Somebody else published an image or changed a template: the new original, where we have not pinned anything. */
  #takeUpImages(): void {
    this.#imagesChanged = false;
    for (const now of this.#run.truth.groups()) {
      const original = this.#groups.get(now.group);
      if (!original) continue;
      original.launchImages = now.launchSource === original.group.launchSource ? now.launchImages : undefined;
    }
    for (const { launchTemplateId, defaultVersion } of this.#run.truth.launchTemplates()) {
      const known = this.#defaultVersions.get(launchTemplateId);
      if (known !== undefined && known !== defaultVersion)
        this.#defaultVersions.set(launchTemplateId, undefined);
    }
  }

  #groupLeftovers(now: GroupTruth, mayResolveToTarget: boolean): Leftover[] {
    const original = this.#groups.get(now.group);
    if (!original) return [];
    const resource = `AutoScalingGroup ${now.group}`;
    const found: Leftover[] = [];
    for (const [size, knob] of SIZE_KNOBS) {
      // Growth by others above the MaxSize that is theirs cannot stay: it ends at that.
      const fitting = [...original.sizes[size]].map((value) => Math.min(value, now.maxSize));
      if ([...original.sizes[size], ...fitting, ...original.scheduled[size]].includes(now[size])) continue;
      found.push({ resource, knob, original: [...original.sizes[size]][0], now: now[size] });
    }
    for (const [knob, name] of KNOBS) {
      if (knob === 'launchSource' || textOf(now[knob]) === textOf(original.group[knob])) continue;
      found.push({ resource, knob: name, original: original.group[knob], now: now[knob] });
    }
    return [...found, ...this.#launchLeftovers(now, original, mayResolveToTarget)];
  }

  #launchLeftovers(now: GroupTruth, original: Original, mayResolveToTarget: boolean): Leftover[] {
    const resource = `AutoScalingGroup ${now.group}`;
    const isTarget =
      now.launchImages.length > 0 && now.launchImages.every((image) => this.#run.targetImages.has(image));
    if (mayResolveToTarget && isTarget && isSameForm(original.group.launchSource, now.launchSource))
      return [];
    if (now.launchSource !== original.group.launchSource) {
      const { launchSource } = original.group;
      return [{ resource, knob: 'LaunchTemplate', original: launchSource, now: now.launchSource }];
    }
    if (original.launchImages === undefined || textOf(original.launchImages) === textOf(now.launchImages))
      return [];
    return [{ resource, knob: 'ImageId', original: original.launchImages, now: now.launchImages }];
  }

  #templateLeftovers(truth: Truth, groups: readonly GroupTruth[], mayResolveToTarget: boolean): Leftover[] {
    return truth.launchTemplates().flatMap(({ launchTemplateId, defaultVersion }) => {
      const original = this.#defaultVersions.get(launchTemplateId);
      if (original === undefined || original === defaultVersion) return [];
      const followers = groups.filter(
        ({ launchSource }) => launchSource.includes(launchTemplateId) && launchSource.includes('$Default'),
      );
      const isWanted = followers.some(({ launchImages }) =>
        launchImages.every((image) => this.#run.targetImages.has(image)),
      );
      if (mayResolveToTarget && isWanted) return [];
      const resource = `LaunchTemplate ${launchTemplateId}`;
      return [{ resource, knob: 'DefaultVersion', original, now: defaultVersion }];
    });
  }

  /** Tags go with the container instance; of one that stays, those that we touched are as they were. */
  #tagLeftovers(truth: Truth): Leftover[] {
    return truth.containerInstances().flatMap(({ containerInstanceArn, instanceId, status, tags }) => {
      if (status === 'INACTIVE') return [];
      const before = this.#tags.get(containerInstanceArn);
      const now = tagsByKey(tags);
      return [...(this.#taggedByUs.get(containerInstanceArn) ?? [])]
        .filter((key) => before?.get(key) !== now.get(key))
        .map((key) => ({
          resource: `ContainerInstance ${instanceId}`,
          knob: `tag ${key}`,
          original: before?.get(key) ?? null,
          now: now.get(key) ?? null,
        }));
    });
  }

  #hostLeftovers(truth: Truth): Leftover[] {
    return truth.hosts().flatMap((host) => {
      if (host.state !== 'running' || host.group === null) return [];
      const group = this.#groups.get(host.group)?.group;
      // Where the group protects new hosts, flags belong to ECS's managed termination protection.
      if (!group || group.newInstancesProtectedFromScaleIn) return [];
      const original = this.#protected.get(host.instanceId) ?? false;
      if (original === host.protectedFromScaleIn) return [];
      const resource = `Instance ${host.instanceId}`;
      return [{ resource, knob: 'ProtectedFromScaleIn', original, now: host.protectedFromScaleIn }];
    });
  }
}

/** Calls that change tags of ECS's resources. */
const TAGGING = new Set(['TagResource', 'UntagResource']);

function tagsByKey(tags: ContainerInstanceTruth['tags']): ReadonlyMap<string, string> {
  return new Map(tags.map(({ key = '', value = '' }) => [key, value]));
}

const KNOBS = [
  ['suspendedProcesses', 'SuspendedProcesses'],
  ['newInstancesProtectedFromScaleIn', 'NewInstancesProtectedFromScaleIn'],
  ['launchSource', 'LaunchTemplate'],
  ['warmPool', 'WarmPoolConfiguration'],
  ['tags', 'Tags'],
] as const satisfies readonly (readonly [keyof GroupTruth, string])[];

/** AWS takes a warm pool away once its instances have ended: whoever asked for that changed it then, not now. */
function isEndOfOurs(before: GroupTruth, now: GroupTruth, original: GroupTruth): boolean {
  const isEnd = now.warmPool === null && (before.warmPool?.includes('PendingDelete') ?? false);
  return isEnd && !(original.warmPool?.includes('PendingDelete') ?? false);
}

/** What truth gives may be live. */
function snapshotOf(group: GroupTruth): GroupTruth {
  const { minSize, maxSize, desiredCapacity, newInstancesProtectedFromScaleIn, launchSource, warmPool } =
    group;
  return {
    group: group.group,
    minSize,
    maxSize,
    desiredCapacity,
    newInstancesProtectedFromScaleIn,
    launchSource,
    warmPool,
    suspendedProcesses: [...group.suspendedProcesses],
    launchImages: [...group.launchImages],
    tags: { ...group.tags },
    instanceIds: [...group.instanceIds],
  };
}

/** For comparison: lists as sets, objects without the order of their keys. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return JSON.stringify([...value].sort());
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
