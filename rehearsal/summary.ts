/** The end of a rehearsal in a few lines for a terminal. */
import { count, duration, round } from './format.ts';
import type { RehearsalRecord } from './record.ts';
import type { RehearsalResult } from './result.ts';

export function summaryText(record: RehearsalRecord, reportFile?: string): string {
  const { result } = record;
  const { instances, tasks, capacity, bound, cost } = result;
  const rows: [string, string][] = [
    [
      'hosts',
      `${instances.replaced} of ${instances.outdated} replaced, ${instances.held.length} held, ${instances.exempt.length} exempt`,
    ],
    [
      'tasks',
      `${count(tasks.total, 'task')}, ${count(tasks.moves, 'move')} (${round(tasks.movesPerTask, 3)} per task), ${tasks.killed} killed`,
    ],
    ['services', lowestText(result)],
    [
      'capacity',
      `${capacity.instancesBefore} before, ${capacity.peakInstances} at most, ${round(capacity.extraInstanceHours, 1)} extra instance-hours`,
    ],
    ['duration', `${duration(result.durationSeconds)}${boundText(bound)}`],
    [
      'cost',
      `${round(cost.usd, 4)} USD, ${cost.throttled} throttled answers, ${cost.stateTransitions} state transitions`,
    ],
    ['restored', result.restored ? 'yes, exactly' : `NO: ${count(result.leftovers.length, 'leftover')}`],
    ['violations', result.violations.length === 0 ? 'none' : String(result.violations.length)],
  ];
  const lines = [
    '',
    `${result.outcome}: ${result.reason}`,
    ...rows.map(([name, text]) => `  ${name.padEnd(11)}${text}`),
    ...result.findings
      .filter((finding) => finding.severity !== 'note')
      .map((finding) => `  ${finding.severity.padEnd(11)}${finding.message} → ${finding.remedy}`),
    ...instances.held.map((host) => `  held       ${host.instanceId}: ${host.reason}`),
    ...result.leftovers.map(
      (left) =>
        `  leftover   ${left.resource} ${left.knob}: was ${JSON.stringify(left.original)}, is ${JSON.stringify(left.now)}`,
    ),
    ...result.violations
      .slice(0, 20)
      .map(
        (violation) =>
          `  violation  ${violation.invariant} at ${duration(violation.atSeconds)}: ${violation.message}`,
      ),
    ...result.faults
      .filter((fault) => fault.firedAtSeconds.length === 0)
      .map((fault) => `  fault      ${fault.kind} never fired`),
    '',
    `  rehearsed ${duration(result.durationSeconds)} of cluster time in ${round(record.wallSeconds, 1)} s${reportFile ? `; report: ${reportFile}` : ''}`,
  ];
  return `${lines.join('\n')}\n`;
}

function boundText(bound: RehearsalResult['bound']): string {
  if (bound.durationSeconds === null || bound.ratio === null) return '';
  return `, ${round(bound.ratio)} × the shortest possible (${duration(bound.durationSeconds)})`;
}

/** The service that came closest to its minimum. */
function lowestText(result: RehearsalResult): string {
  const below = result.services.filter((service) => service.lowestHealthy < service.allowedMinimum);
  if (result.services.length === 0) return 'none';
  const isOurs = result.violations.some((violation) => violation.invariant === 'I2');
  if (below.length > 0) {
    const names = below.map((service) => service.serviceName).join(', ');
    return `${names} went below the allowed minimum${isOurs ? '' : ', not because of the rollover'}`;
  }
  return `${count(result.services.length, 'service')}, none below its allowed minimum`;
}
