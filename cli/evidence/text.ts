/** Evidence in a few lines, for a terminal: what needs attention, and how many hosts stand how. */
import { count } from '../../rehearsal/format.ts';
import type { ClusterEvidence, Evidence } from './evidence.ts';

export function evidenceText({ compliant, clusters, since, until, quarantine }: Evidence): string {
  const lines = [
    `${since} – ${until}: ${compliant ? 'nothing needs attention' : 'see what needs attention'}`,
    ...clusters.flatMap(clusterLines),
    ...quarantine.map(
      ({ imageId, until: end, reason }) => `${imageId} is in quarantine until ${end}: ${reason}`,
    ),
  ];
  if (clusters.length === 0) lines.push('no cluster of this account and Region has opted in');
  return `${lines.join('\n')}\n`;
}

function clusterLines({ cluster, hosts, runs, attention }: ClusterEvidence): string[] {
  const states = (['current', 'outdated', 'held', 'kept-out', 'exempt'] as const)
    .map((state) => [state, hosts.filter((host) => host.state === state).length] as const)
    .filter(([, hostCount]) => hostCount > 0)
    .map(([state, hostCount]) => `${hostCount} ${state}`);
  return [
    `${cluster}: ${count(hosts.length, 'host')} (${states.join(', ') || 'none'}), ${count(runs.length, 'run')}`,
    ...attention.map(({ code, message }) => `  ${code}: ${message}`),
  ];
}
