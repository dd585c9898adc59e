/** Evidence as one HTML page without scripts or links to elsewhere, to be kept, mailed and printed. */

import { provenanceText } from '../../functions/core/provenance.ts';
import { count } from '../../rehearsal/format.ts';
import { escapeHtml, section, table } from '../../rehearsal/report/markup.ts';
import { STYLE } from '../../rehearsal/report/style.ts';
import type {
  ClusterEvidence,
  Evidence,
  HostEvidence,
  ImageEvidence,
  NoticeEvidence,
  RunEvidence,
} from './evidence.ts';

/** Short values stay on one line, sentences break; on paper each cluster begins a page. */
const OWN_STYLE = `
main { max-width: 1400px; } .scroll { max-height: none; } th { position: static; }
.good { color: #1a7f4b; } .bad { color: #b42318; } .cluster { margin: 32px 0 8px; font-size: 24px; }
td { white-space: nowrap; } td.text { white-space: normal; min-width: 11em; overflow-wrap: break-word; }
@page { size: A4 landscape; margin: 10mm; }
@media print {
  body { background: #fff; font-size: 12px; } main { padding: 0; max-width: none; }
  header, section { border: 0; padding: 4px 0; margin: 0; }
  table { font-size: 9px; } th, td { padding-right: 6px; } td.text { min-width: 10em; }
  tr { break-inside: avoid; } thead { display: table-header-group; } h2, h3 { break-after: avoid; }
  .cluster { break-before: page; }
}
`;

export function evidenceHtml(evidence: Evidence): string {
  const { clusters, since, until } = evidence;
  const parts = [
    headline(evidence),
    section('Clusters', '', overview(clusters)),
    ...(evidence.quarantine.length > 0
      ? [
          section(
            'Images in quarantine',
            'Judged bad by a run; nothing tries them by itself until then.',
            table(
              ['Image', 'Since', 'Until', 'Reason'],
              evidence.quarantine.map((one) => [one.imageId, one.since, one.until, one.reason]),
              ['Reason'],
            ),
          ),
        ]
      : []),
    ...(evidence.otherNotices.length > 0
      ? [section('Notices of no cluster here', '', noticesTable(evidence.otherNotices))]
      : []),
    ...clusters.map(clusterPart),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Evidence ${escapeHtml(since)} to ${escapeHtml(until)}</title><style>${STYLE}${OWN_STYLE}</style></head>
<body><main>${parts.join('\n')}</main></body></html>
`;
}

function headline({ compliant, clusters, madeAt, since, until, maxLagDays }: Evidence): string {
  const hosts = clusters.flatMap((cluster) => cluster.hosts);
  const images = hosts.flatMap(({ image }) => image?.ageDays ?? []);
  const inState = (state: HostEvidence['state']) => hosts.filter((host) => host.state === state).length;
  const figures = [
    ['Hosts', String(hosts.length), count(clusters.length, 'cluster')],
    ['On their target', String(inState('current')), `${inState('outdated')} outdated`],
    ['Held or kept out', String(inState('held') + inState('kept-out')), `${inState('exempt')} exempt`],
    [
      'Oldest image',
      images.length === 0 ? '–' : count(Math.max(...images), 'day'),
      `lag accepted: ${count(maxLagDays, 'day')}`,
    ],
  ];
  const open = clusters.reduce((sum, { attention }) => sum + attention.length, 0);
  return (
    `<header><p class="kicker">Hosts of Amazon ECS: evidence of ${escapeHtml(since)} to ${escapeHtml(until)}, hosts as of ${escapeHtml(madeAt)}</p>` +
    `<h1 class="${compliant ? 'good' : 'bad'}">${compliant ? 'Nothing needs attention' : `${count(open, 'point needs', 'points need')} attention`}</h1>` +
    `<dl class="figures">${figures.map(([name, value, below]) => `<div><dt>${escapeHtml(name ?? '')}</dt><dd>${escapeHtml(value ?? '')}</dd><p>${escapeHtml(below ?? '')}</p></div>`).join('')}</dl></header>`
  );
}

function overview(clusters: readonly ClusterEvidence[]): string {
  return table(
    [
      'Cluster',
      'Opted in',
      'Hosts',
      'Outdated',
      'Held',
      'Kept out',
      'Exempt',
      'Oldest image',
      'Greatest lag',
      'Runs',
      'Attention',
    ],
    clusters.map(({ cluster, optIn, hosts, runs, attention }) => {
      const inState = (state: HostEvidence['state']) =>
        String(hosts.filter((host) => host.state === state).length);
      return [
        cluster,
        optIn === 'roll' ? 'to be rolled' : 'observed only',
        String(hosts.length),
        inState('outdated'),
        inState('held'),
        inState('kept-out'),
        inState('exempt'),
        most(hosts.map(({ image }) => image?.ageDays)),
        most(hosts.map(({ lagDays }) => lagDays)),
        String(runs.length),
        String(attention.length),
      ];
    }),
  );
}

function clusterPart(cluster: ClusterEvidence): string {
  const { attention, running, waiting } = cluster;
  return [
    `<h2 class="cluster">${escapeHtml(cluster.cluster)} <span class="${cluster.compliant ? 'good' : 'bad'}">${cluster.compliant ? 'nothing needs attention' : count(attention.length, 'point')}</span></h2>`,
    attention.length > 0
      ? section(
          'Needs attention',
          '',
          table(
            ['What', 'Why'],
            attention.map(({ code, message }) => [code, message]),
            ['Why'],
          ),
        )
      : '',
    section('Policy and target', cluster.clusterArn, policyTable(cluster)),
    section(
      'Hosts',
      'Lag: days since the target image was created, for a host that does not run it.',
      hostsTable(cluster.hosts),
    ),
    running === undefined && waiting.length === 0
      ? ''
      : section(
          'Now',
          '',
          table(['What', 'Since', 'Not before', 'Begun by', 'Approved by'], nowRows(cluster), ['Begun by']),
        ),
    section('Runs of the period', '', runsTable(cluster.runs)),
    section('Notices of AWS', '', noticesTable(cluster.notices)),
  ].join('\n');
}

function policyTable({ policy, groups }: ClusterEvidence): string {
  const rules =
    policy === undefined
      ? []
      : [
          [
            'Greatest age of a host',
            policy.maxInstanceAgeDays === undefined
              ? 'no limit'
              : `${count(policy.maxInstanceAgeDays, 'day')}, spread over ${count(policy.instanceAgeSpreadDays, 'day')} before`,
          ],
          ['Images of', policy.imageOwners.join(', ')],
          ['Youngest image', count(policy.minImageAgeHours, 'hour')],
          ['Approval', policy.approval],
          ['Windows', policy.windows.join(' · ') || 'always open'],
          ['Freezes', policy.freezes.join(' · ') || 'none'],
          ...(policy.after
            ? [['After', `${policy.after.cluster}, ${count(policy.after.soakHours, 'hour')}`]]
            : []),
        ];
  const targets = groups.map(({ autoScalingGroupName, imageSource = '', targetImages, problem }) => [
    `Target of ${autoScalingGroupName}`,
    problem ?? `${targetImages.map(imageText).join(', ')}, from ${imageSource}`,
  ]);
  return table(['Rule', 'In force'], [...rules, ...targets], ['In force']);
}

function hostsTable(hosts: readonly HostEvidence[]): string {
  return table(
    [
      'Host',
      'State',
      'Group',
      'Image',
      'Image created',
      'Image age',
      'Host age',
      'Lag',
      'Outdated since',
      'Why',
      'Exempt until',
    ],
    hosts.map((host) => [
      host.instanceId,
      host.state,
      host.autoScalingGroupName ?? '',
      host.image === undefined ? 'unknown' : [host.image.imageId, host.image.name].filter(Boolean).join(' '),
      day(host.image?.createdAt),
      days(host.image?.ageDays),
      days(host.ageDays),
      days(host.lagDays),
      day(host.outdatedSince),
      host.reason ?? '',
      exemptUntil(host),
    ]),
    ['Image', 'Why', 'Exempt until'],
  );
}

function exemptUntil({ state, exemptUntil: until, patchedElsewhere }: HostEvidence): string {
  if (state !== 'exempt') return '';
  if (until) return until;
  return patchedElsewhere === true ? 'another service replaces it' : 'does not expire';
}

function nowRows({ running, waiting }: ClusterEvidence): string[][] {
  return [
    ...(running === undefined
      ? []
      : [
          [
            `run ${running.runId}`,
            running.startedAt,
            '',
            running.triggeredBy ? provenanceText(running.triggeredBy) : '',
            approvalText(running.approvedBy),
          ],
        ]),
    ...waiting.map(({ waitsFor, since, notBefore = '', triggeredBy }) => [
      `a request waits for: ${waitsFor}`,
      since,
      notBefore,
      triggeredBy ? provenanceText(triggeredBy) : '',
      '',
    ]),
  ];
}

function runsTable(runs: readonly RunEvidence[]): string {
  return table(
    [
      'Ended',
      'Outcome',
      'Begun by',
      'For',
      'Approved by',
      'Replaced',
      'Held',
      'Kept out',
      'Moves',
      'Images',
      'How it ended',
      'Run',
    ],
    runs.map((run) => [
      run.endedAt,
      run.outcome,
      run.triggeredBy ? provenanceText(run.triggeredBy) : 'not recorded',
      run.reason ?? '',
      approvalText(run.approvedBy),
      run.counts ? `${run.counts.replaced} of ${run.counts.outdated}` : '',
      number(run.counts?.held),
      number(run.counts?.keptOut),
      number(run.counts?.moves),
      run.imageIds.join(', '),
      run.ending,
      run.runId,
    ]),
    ['Begun by', 'Approved by', 'How it ended'],
  );
}

function noticesTable(notices: readonly NoticeEvidence[]): string {
  return table(
    ['Names', 'State', 'Notice', 'Announced', 'AWS acts', 'Proof', 'Event'],
    notices.map((one) => [
      one.names,
      one.state,
      one.code,
      one.announcedAt,
      one.actsAt ?? '',
      one.proof,
      one.eventArn,
    ]),
    ['Proof', 'Event'],
  );
}

const approvalText = (approval: { readonly by: string; readonly at: string } | undefined): string =>
  approval === undefined ? '' : `${approval.by}, ${approval.at}`;
const imageText = ({ imageId, name, createdAt }: ImageEvidence): string =>
  [imageId, name, createdAt && `of ${day(createdAt)}`].filter(Boolean).join(' ');
const day = (time: string | undefined): string => time?.slice(0, 10) ?? '';
const days = (value: number | undefined): string => (value === undefined ? '' : count(value, 'day'));
const number = (value: number | undefined): string => (value === undefined ? '' : String(value));

function most(values: readonly (number | undefined)[]): string {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? '–' : count(Math.max(...known), 'day');
}
