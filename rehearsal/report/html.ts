/** The HTML report of a rehearsal: one page without scripts or links to elsewhere, so that it can be mailed and kept. */
import { count, duration, offset, round } from '../format.ts';
import type { MotionPoint, RehearsalRecord } from '../record.ts';
import { HOST_STAGES } from '../timeline.ts';
import { STAGE_COLORS, stepChart } from './charts.ts';
import { hostLanes, STAGE_NAMES } from './lanes.ts';
import { escapeHtml, section, table } from './markup.ts';
import { STYLE } from './style.ts';

export function reportHtml(record: RehearsalRecord): string {
  const { result } = record;
  const sections = [
    headline(record),
    ...troubles(record),
    section('Hosts over time', 'What each host of the cluster was, moment by moment.', hostsChart(record)),
    section(
      'Each host',
      'From launch to termination; times are since the start.',
      hostLanes(record.timeline.spans, record.result.durationSeconds) + hostsTable(record),
    ),
    section(
      'Healthy tasks and their minimum',
      'Dashed: the fewest healthy tasks that minimumHealthyPercent allows.',
      servicesCharts(record),
    ),
    section(
      'Tasks in motion',
      'Tasks on DRAINING hosts, or gone from one and not healthy again; services one above the other.',
      motionChart(record),
    ),
    section('Capacity', 'EC2 instances that run or start, and the desired capacity.', capacityChart(record)),
    section('Services', '', servicesTable(record)),
    section('Findings', 'What the plan saw before anything changed.', findingsTable(record)),
    section(
      'Decisions',
      'What each tick decided, and why. Ticks that repeat the one before are left out.',
      decisionsTable(record),
    ),
    section('Faults and notifications', '', faultsTable(record)),
    section('Cost', 'What orchestrating this run would ask of AWS.', costTable(record)),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Rehearsal of ${escapeHtml(record.cluster)}: ${result.outcome}</title><style>${STYLE}</style></head>
<body><main>${sections.join('\n')}</main></body></html>
`;
}

/** What an operator must know first: only where there is something. */
function troubles(record: RehearsalRecord): string[] {
  const { violations, leftovers, instances } = record.result;
  return [
    violations.length > 0
      ? section('Violations', 'Invariants that did not hold.', violationsTable(record))
      : '',
    leftovers.length > 0
      ? section('Not restored', 'Knobs that are not as they were.', leftoversTable(record))
      : '',
    instances.held.length + instances.exempt.length > 0
      ? section('Held and exempt hosts', 'Hosts that were not replaced, and why.', keptTable(record))
      : '',
  ].filter(Boolean);
}

function headline({ result, cluster }: RehearsalRecord): string {
  const { instances, tasks, bound, capacity, predicted } = result;
  const figures = [
    [
      'Hosts replaced',
      `${instances.replaced} of ${instances.outdated}`,
      count(instances.held.length, 'held host'),
    ],
    ['Duration', duration(result.durationSeconds), `predicted ${duration(predicted.durationSeconds)}`],
    [
      'Lower bound',
      bound.ratio === null ? '–' : `× ${round(bound.ratio)}`,
      bound.durationSeconds === null ? '' : duration(bound.durationSeconds),
    ],
    [
      'Moves per task',
      String(round(tasks.movesPerTask, 3)),
      `${tasks.moves} moves of ${count(tasks.total, 'task')}`,
    ],
    ['Tasks killed', String(tasks.killed), ''],
    ['Most instances', String(capacity.peakInstances), `${capacity.instancesBefore} before`],
    ['Restored', result.restored ? 'yes' : 'NO', count(result.leftovers.length, 'leftover')],
    ['Violations', String(result.violations.length), ''],
  ];
  const good =
    result.violations.length === 0 &&
    result.restored &&
    ['SUCCEEDED', 'NOTHING_TO_DO'].includes(result.outcome);
  return `<header><p class="kicker">Rehearsal of cluster ${escapeHtml(cluster)}, seed ${result.seed}, from ${escapeHtml(result.startedAt)}</p>
<h1 class="${good ? 'good' : 'bad'}">${result.outcome}</h1><p class="reason">${escapeHtml(result.reason)}</p>
<dl class="figures">${figures.map(([name, value, note]) => `<div><dt>${name}</dt><dd>${escapeHtml(value ?? '')}</dd><p>${escapeHtml(note ?? '')}</p></div>`).join('')}</dl></header>`;
}

function hostsChart({ timeline, result }: RehearsalRecord): string {
  const series = HOST_STAGES.filter((stage) => stage !== 'terminated').map((stage) => ({
    name: STAGE_NAMES[stage],
    color: STAGE_COLORS[stage],
    stacked: true,
    points: timeline.hosts.map((point) => [point.t, point.counts[stage]] as const),
  }));
  const terminated = {
    name: STAGE_NAMES.terminated,
    color: '#57606a',
    dashed: true,
    points: timeline.hosts.map((point) => [point.t, point.counts.terminated] as const),
  };
  return stepChart([...series, terminated], {
    height: 300,
    endSeconds: result.durationSeconds,
    markers: timeline.faults,
  });
}

function hostsTable({ timeline }: RehearsalRecord): string {
  const at = (span: (typeof timeline.spans)[number], stage: string) => {
    const found = span.stages.find((entry) => entry.stage === stage);
    return found ? offset(found.t) : '';
  };
  const head = ['Host', 'Zone', 'Part', 'Launched', 'Ready', 'DRAINING', 'Drained', 'Terminated'];
  const rows = timeline.spans.map((span) => [
    span.instanceId,
    span.zone,
    span.isNew ? 'new' : 'old',
    span.isNew ? at(span, 'launched') : '',
    span.isNew ? at(span, 'ready') : '',
    at(span, 'draining'),
    at(span, 'drained'),
    at(span, 'terminated'),
  ]);
  return table(head, rows);
}

function servicesCharts({ timeline, result }: RehearsalRecord): string {
  const charts = result.services.map((service) => {
    const points = timeline.services.get(service.serviceName) ?? [];
    const minimum = service.allowedMinimum;
    return `<div><h3>${escapeHtml(service.serviceName)}</h3>${stepChart(
      [
        {
          name: 'healthy',
          color: '#1a7f4b',
          points: points.map((point) => [point.t, point.healthy] as const),
        },
        {
          name: 'desired',
          color: '#9aa5b1',
          points: points.map((point) => [point.t, point.desired] as const),
        },
        { name: 'allowed minimum', color: '#b42318', dashed: true, points: [[0, minimum]] },
      ],
      { height: 170, width: 530, endSeconds: result.durationSeconds },
    )}</div>`;
  });
  return charts.length > 0 ? `<div class="pairs">${charts.join('')}</div>` : '<p>No service ran.</p>';
}

function motionChart({ inMotion, result }: RehearsalRecord): string {
  const moved = [...inMotion].filter(([, points]) => points.some((point) => point.tasks > 0));
  if (moved.length === 0) return '<p>No task moved.</p>';
  // One above the other needs a value of each at every moment.
  const times = [...new Set(moved.flatMap(([, points]) => points.map(({ t }) => t)))].sort((a, b) => a - b);
  const series = moved.map(([name, points]) => ({ name, stacked: true, points: heldAt(points, times) }));
  return stepChart(series, { height: 240, endSeconds: result.durationSeconds });
}

/** The value that holds at each of `times`, both in order. */
function heldAt(points: readonly MotionPoint[], times: readonly number[]): (readonly [number, number])[] {
  let next = 0;
  let tasks = 0;
  return times.map((t) => {
    for (let point = points[next]; point && point.t <= t; point = points[++next]) tasks = point.tasks;
    return [t, tasks];
  });
}

function capacityChart({ timeline, result }: RehearsalRecord): string {
  return stepChart(
    [
      {
        name: 'instances',
        color: '#2f6fde',
        points: timeline.capacity.map((p) => [p.t, p.instances] as const),
      },
      {
        name: 'desired capacity',
        color: '#57606a',
        dashed: true,
        points: timeline.capacity.map((p) => [p.t, p.desiredCapacity] as const),
      },
    ],
    { height: 200, endSeconds: result.durationSeconds },
  );
}

function servicesTable({ result }: RehearsalRecord): string {
  const rows = result.services.map((service) => [
    service.serviceName,
    String(service.desired),
    String(service.allowedMinimum),
    String(service.lowestHealthy),
    `${round(service.peakShareInMotion * 100, 1)} %`,
  ]);
  return table(['Service', 'Desired', 'Allowed minimum', 'Lowest healthy', 'Peak share in motion'], rows);
}

const SEVERITIES = ['blocks', 'outage', 'note'];

function findingsTable({ result }: RehearsalRecord): string {
  const worstFirst = [...result.findings].sort(
    (a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity),
  );
  const rows = worstFirst.map((finding) => [
    finding.severity,
    finding.instanceId ?? '',
    finding.service ?? '',
    finding.field,
    finding.message,
    finding.remedy,
  ]);
  return table(['Severity', 'Host', 'Service', 'Field', 'What', 'What to do'], rows);
}

function decisionsTable({ decisions }: RehearsalRecord): string {
  const telling = decisions.filter((decision, index) => {
    const before = decisions[index - 1];
    const hasActs = Object.keys(decision.acts).length > 0;
    return hasActs || !before || before.phase !== decision.phase || before.reason !== decision.reason;
  });
  const rows = telling.map((decision) => [
    offset(decision.t),
    decision.phase,
    Object.entries(decision.acts)
      .map(([act, hosts]) => `${act} ${hosts}`)
      .join(', '),
    decision.reason,
    decision.because.join('; '),
    decision.heldBack,
  ]);
  return table(['At', 'Phase', 'Acts', 'Where it stands', 'Why', 'Held back'], rows);
}

function keptTable({ result }: RehearsalRecord): string {
  const held = result.instances.held.map((host) => [
    host.instanceId,
    'held',
    host.reason,
    host.blockedBy?.message ?? '',
  ]);
  const exempt = result.instances.exempt.map((host) => [host.instanceId, 'exempt', host.reason, '']);
  return table(['Host', '', 'Why', "ECS's own words"], [...held, ...exempt]);
}

function faultsTable({ result }: RehearsalRecord): string {
  const faults = result.faults.flatMap((fault) =>
    fault.firedAtSeconds.length > 0
      ? fault.firedAtSeconds.map((t) => [offset(t), 'fault', fault.kind])
      : [['never', 'fault', fault.kind]],
  );
  const notifications = result.notifications.map((told) => [
    offset(told.atSeconds),
    'notification',
    told.kind,
  ]);
  return table(['At', '', 'What'], [...faults, ...notifications]);
}

function violationsTable({ result }: RehearsalRecord): string {
  const rows = result.violations.map((violation) => [
    offset(violation.atSeconds),
    violation.invariant,
    violation.message,
  ]);
  return table(['At', 'Invariant', 'What'], rows);
}

function leftoversTable({ result }: RehearsalRecord): string {
  const rows = result.leftovers.map(({ resource, knob, original, now }) => [
    resource,
    knob,
    JSON.stringify(original) ?? '',
    JSON.stringify(now) ?? '',
  ]);
  return table(['Resource', 'Knob', 'Was', 'Is'], rows);
}

function costTable({ result }: RehearsalRecord): string {
  const { cost } = result;
  const rows = [
    ['Step Functions state transitions', String(cost.stateTransitions)],
    ['Largest history of one execution, events', String(cost.historyEvents)],
    ['Largest payload, bytes', String(cost.largestPayloadBytes)],
    ['Lambda invocations', String(cost.lambdaInvocations)],
    ['Throttled answers', String(cost.throttled)],
    ['Bill, USD', String(cost.usd)],
    ...Object.entries(cost.apiCalls).map(([operation, calls]) => [operation, String(calls)]),
  ];
  return table(['What', 'How much'], rows);
}
