/** Which clusters follow an image or a parameter: those that opted in and whose groups take their image from there. */
import type { Cluster } from '@aws-sdk/client-ecs';
import { autoScaling, ec2, ecs } from '../aws/clients.ts';
import { listClusters } from '../aws/clusters.ts';
import { tagsOf } from '../aws/facts/read-facts.ts';
import { readSources } from '../aws/facts/read-sources.ts';
import { imageSourceFor } from '../core/settings.ts';
import { environment } from '../edge/environment.ts';
import { clusterProblem, optInOf } from '../edge/guardrails.ts';
import { resolveSettings } from '../edge/settings.ts';

/** What one cluster takes its images from. */
export interface Follower {
  readonly cluster: string;
  /** Parameters by name, without version or label. */
  readonly parameters: readonly string[];
  /** Images that it names, or that its templates resolve to now. */
  readonly imageIds: readonly string[];
}

/** Every cluster that opted in and that the guardrails allow. */
export async function optedIn(): Promise<Cluster[]> {
  const { guardrails } = environment();
  return (await listClusters(ecs)).filter(
    (cluster) =>
      optInOf(tagsOf(cluster)) !== 'no' &&
      clusterProblem(guardrails, cluster.clusterName ?? '') === undefined,
  );
}

/** Settings with problems do not hide a cluster: the run that is started says what is wrong with them. */
export async function followerOf(cluster: Cluster): Promise<Follower> {
  const { settings: deployment, guardrails } = environment();
  const groups = await readSources({ ecs, autoScaling, ec2 }, cluster);
  const { settings } = resolveSettings(
    {
      deployment,
      clusterTags: tagsOf(cluster),
      groupTags: Object.fromEntries(groups.map((group) => [group.autoScalingGroupName, group.tags])),
    },
    guardrails,
  );
  const parameters = new Set<string>();
  const imageIds = new Set<string>();
  for (const group of groups) {
    const source = imageSourceFor(settings, group.autoScalingGroupName);
    const named =
      source === 'launch-template' ? group.templates.map((use) => use.imageReference ?? '') : [source];
    for (const reference of named) {
      const parameter = parameterIn(reference);
      if (parameter !== undefined) parameters.add(parameter);
      if (reference.startsWith('ami-')) imageIds.add(reference);
    }
    if (source === 'launch-template') {
      for (const { imageId } of group.templates) if (imageId !== undefined) imageIds.add(imageId);
    }
  }
  return { cluster: cluster.clusterName ?? '', parameters: [...parameters], imageIds: [...imageIds] };
}

/** `ssm:/a/b`, `resolve:ssm:/a/b:3`, `resolve:ssm:arn:aws:ssm:…:parameter/a/b`: the parameter's bare name. */
export function parameterIn(reference: string): string | undefined {
  const text = /^(?:resolve:)?ssm:(.+)$/.exec(reference)?.[1];
  if (text === undefined) return undefined;
  const named = text.startsWith('arn:') ? (text.split(':parameter')[1] ?? text) : text;
  return named.split(':')[0];
}
