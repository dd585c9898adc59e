/**
 * Hosts that are no longer what their image made them: agent or Docker differ from what most hosts of that image run, so
 * somebody, or a patch tool, changed them in place. They are replaced like any other; people should know of them, because
 * what restarts Docker under running tasks ends them.
 *
 * AWS keeps no record of what an image shipped with: what most of its hosts run is what stands for it, so with fewer than
 * three hosts of an image, or without a majority, nothing is said. Source: Amazon ECS API reference, VersionInfo. The
 * kernel is not told by any API of ours.
 */
import type { HostFacts } from '../facts.ts';
import type { Finding } from '../plan.ts';

/** Of fewer hosts of one image none can be told to be the odd one. */
const ENOUGH_HOSTS = 3;

const PARTS = [
  { field: 'versionInfo.agentVersion', what: 'the ECS agent', of: (host: HostFacts) => host.agentVersion },
  { field: 'versionInfo.dockerVersion', what: 'Docker', of: (host: HostFacts) => host.dockerVersion },
] as const;

export function inPlaceFindings(hosts: readonly HostFacts[]): Finding[] {
  const byImage = Map.groupBy(hosts, ({ imageId = '' }) => imageId);
  return [...byImage].flatMap(([imageId, likes]) =>
    imageId === '' ? [] : PARTS.flatMap((part) => oddOnes(imageId, likes, part)),
  );
}

function oddOnes(imageId: string, likes: readonly HostFacts[], part: (typeof PARTS)[number]): Finding[] {
  const told = likes.flatMap((host) => {
    const version = part.of(host);
    return version === undefined ? [] : [{ host, version }];
  });
  const counts = Map.groupBy(told, ({ version }) => version);
  const usual = [...counts].find(([, some]) => some.length * 2 > told.length)?.[0];
  if (usual === undefined || told.length < ENOUGH_HOSTS) return [];
  return told
    .filter(({ version }) => version !== usual)
    .map(({ host, version }) => ({
      severity: 'note',
      scope: 'host',
      code: 'patched-in-place',
      instanceId: host.instanceId,
      ...(host.autoScalingGroupName !== undefined && { autoScalingGroupName: host.autoScalingGroupName }),
      field: part.field,
      message: `${host.instanceId} runs ${part.what} ${version}, where other hosts of ${imageId} run ${usual}: it was changed in place`,
      remedy:
        'keep patch tools off the hosts: restarting Docker ends their tasks; put what they need into the image',
    }));
}
