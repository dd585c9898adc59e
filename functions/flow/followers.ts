/** Which clusters follow an image or a parameter: those that opted in and whose groups take their image from there. */
import type { Cluster } from '@aws-sdk/client-ecs';
import { autoScaling, ec2, ecs, ssm } from '../aws/clients.ts';
import { listClusters } from '../aws/clusters.ts';
import { tagsOf } from '../aws/facts/read-facts.ts';
import { readSources } from '../aws/facts/read-sources.ts';
import { type LaunchSource, specificationsOf } from '../aws/launch-sources.ts';
import { readClaim } from '../aws/ledger/claims.ts';
import { readRun } from '../aws/ledger/runs.ts';
import { readParameters } from '../aws/parameters.ts';
import { readParameterValue } from '../core/images/parameter.ts';
import type { GroupMemory } from '../core/memory.ts';
import { imageSourceFor, type Settings } from '../core/settings.ts';
import { environment } from '../edge/environment.ts';
import { clusterProblem, optInOf } from '../edge/guardrails.ts';
import { resolveSettings } from '../edge/settings.ts';
import { ledger } from './claim.ts';

/** What one cluster takes its images from. */
export interface Follower {
  readonly cluster: string;
  /** Parameters by name, without version or label. */
  readonly parameters: readonly string[];
  /** Images that it names, or that its templates resolve to now. */
  readonly imageIds: readonly string[];
  /** Parameters that settings name as image source, as written, version or label included. */
  readonly parameterSources: readonly string[];
  /** What cannot be read of its tags, or of the deployment's settings. */
  readonly problems: readonly string[];
}

/** Every cluster that opted in and that the guardrails allow. */
export async function optedIn(): Promise<Cluster[]> {
  return amongThese(await allClusters());
}

/** Every cluster of the Region, opted in or not. */
export function allClusters(): Promise<Cluster[]> {
  return listClusters(ecs);
}

/** Those of them that opted in and that the guardrails allow. */
export function amongThese(clusters: readonly Cluster[]): Cluster[] {
  const { guardrails } = environment();
  return clusters.filter(
    (cluster) =>
      optInOf(tagsOf(cluster), guardrails) !== 'no' &&
      clusterProblem(guardrails, cluster.clusterName ?? '') === undefined,
  );
}

/** What deployment and tags say for this cluster, or for none; layers with problems are left out. */
export function settingsOfCluster(cluster?: Cluster): Settings {
  const { settings: deployment, guardrails } = environment();
  const tags = cluster === undefined ? {} : { clusterTags: tagsOf(cluster) };
  return resolveSettings({ deployment, ...tags }, guardrails).settings;
}

/** Settings with problems do not hide a cluster: the run that is started says what is wrong with them. */
export async function followerOf(cluster: Cluster): Promise<Follower> {
  const { settings: deployment, guardrails } = environment();
  const originals = await originalSources(cluster.clusterName ?? '');
  const groups = await readSources({ ecs, autoScaling, ec2 }, cluster, originals);
  const { settings, problems } = resolveSettings(
    {
      deployment,
      clusterTags: tagsOf(cluster),
      groupTags: Object.fromEntries(groups.map((group) => [group.autoScalingGroupName, group.tags])),
    },
    guardrails,
  );
  const parameters = new Set<string>();
  const imageIds = new Set<string>();
  const parameterSources = new Set<string>();
  for (const group of groups) {
    const source = imageSourceFor(settings, group.autoScalingGroupName);
    const named =
      source === 'launch-template' ? group.templates.map((use) => use.imageReference ?? '') : [source];
    if (source.startsWith('ssm:')) parameterSources.add(source.slice(4));
    for (const reference of named) {
      const parameter = parameterIn(reference);
      if (parameter !== undefined) parameters.add(parameter);
      if (reference.startsWith('ami-')) imageIds.add(reference);
    }
    if (source === 'launch-template') {
      for (const { imageId } of group.templates) if (imageId !== undefined) imageIds.add(imageId);
    }
  }
  return {
    cluster: cluster.clusterName ?? '',
    parameters: [...parameters],
    imageIds: [...imageIds],
    parameterSources: [...parameterSources],
    problems,
  };
}

/**
 * Every image that the cluster's groups should launch as things stand: what a plan made now would aim at. `image`: the one
 * that a request names for all of them.
 */
export async function imagesWanted(cluster: Cluster, image?: string): Promise<readonly string[]> {
  if (image?.startsWith('ami-')) return [image];
  const { imageIds, parameterSources } =
    image === undefined ? await followerOf(cluster) : { imageIds: [], parameterSources: [image.slice(4)] };
  const parameters = await readParameters(ssm, parameterSources);
  const named = [...parameters.values()].flatMap(({ Value }) => {
    const read = readParameterValue(Value ?? '');
    return 'imageId' in read ? [read.imageId] : [];
  });
  return [...imageIds, ...named];
}

/** A run pins its groups to literal images: what their owners wrote is in the ledger until it is over. */
async function originalSources(cluster: string): Promise<ReadonlyMap<string, LaunchSource>> {
  const table = ledger();
  const claim = await readClaim(table, cluster);
  const run = claim === undefined ? undefined : await readRun(table, claim.runId);
  return new Map(
    (run?.memory?.groups ?? []).map((group) => [group.autoScalingGroupName, originalSource(group)]),
  );
}

/** `$Latest` is our own version for now: it is read as the one that ours was made from. */
function originalSource({ original, createdVersions }: GroupMemory): LaunchSource {
  const source = JSON.parse(original.launchSource) as LaunchSource;
  const madeFrom = Object.keys(createdVersions).map((key) => key.split(':'));
  for (const { specification } of specificationsOf(source)) {
    if (specification.Version !== '$Latest') continue;
    const numbers = madeFrom
      .filter(([id]) => id === specification.LaunchTemplateId)
      .map(([, n]) => Number(n));
    if (numbers.length > 0) specification.Version = String(Math.max(...numbers));
  }
  return source;
}

/** `ssm:/a/b`, `resolve:ssm:/a/b:3`, `resolve:ssm:arn:aws:ssm:…:parameter/a/b`: the parameter's bare name. */
export function parameterIn(reference: string): string | undefined {
  const text = /^(?:resolve:)?ssm:(.+)$/.exec(reference)?.[1];
  if (text === undefined) return undefined;
  const named = text.startsWith('arn:') ? (text.split(':parameter')[1] ?? text) : text;
  return named.split(':')[0];
}
