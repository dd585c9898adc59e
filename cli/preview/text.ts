/** A plan in a few lines for a terminal. Pure. */
import { count, duration, round } from '../../rehearsal/format.ts';
import type { Preview } from './preview.ts';

const NAME_WIDTH = 12;
/** More of one kind are counted, not listed; `--json` has all. */
const LINES_MAX = 20;

export function previewText(preview: Preview): string {
  const { predicted } = preview;
  const line = (name: string, text: string) => `  ${name.padEnd(NAME_WIDTH)}${text}`;
  const hosts = preview.groups.reduce((sum, group) => sum + group.outdated.length, 0);
  return [
    `${preview.cluster}, as captured ${preview.capturedAt}`,
    `${preview.outcome}: ${preview.reason}`,
    ...(preview.optedIn ? [] : [line('note', 'the cluster has not opted in; this is the plan as if it had')]),
    ...preview.groups.map(({ autoScalingGroupName, outdated, imageIds, source, surge }) =>
      line(
        'group',
        `${autoScalingGroupName}: ${count(outdated.length, 'host')} to ${imageIds.join(', ') || 'no image'} (${source}), ${surge} beside the old at most`,
      ),
    ),
    ...(hosts === 0
      ? []
      : [
          line(
            'predicted',
            `${duration(predicted.durationSeconds)}, ${count(predicted.moves, 'move')} of ${count(preview.taskCount, 'task')}, ${round(predicted.extraInstanceHours, 1)} extra instance-hours`,
          ),
        ]),
    ...shortened(
      preview.findings.map(({ severity, message, remedy }) => line(severity, `${message} → ${remedy}`)),
    ),
    ...shortened(
      [...preview.keptOut, ...preview.exempt].map(({ instanceId, reason }) =>
        line('stays', `${instanceId}: ${reason}`),
      ),
    ),
    '',
  ].join('\n');
}

function shortened(lines: readonly string[]): string[] {
  const rest = lines.length - LINES_MAX;
  return rest > 0 ? [...lines.slice(0, LINES_MAX), `  … and ${rest} more (--json)`] : [...lines];
}
