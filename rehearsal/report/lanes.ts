/** One lane a host: which stage it was in, when. Plain SVG, since it is rectangles and text. */
import { HOST_STAGES, type HostSpan, type HostStage } from '../timeline.ts';
import { clockText, STAGE_COLORS } from './charts.ts';
import { escapeHtml } from './markup.ts';

/** More lanes than this are no picture any more; the table has every host. */
const MOST_LANES = 160;

const LANE = 14;
const TOP = 22;
const LEFT = 190;
const RIGHT = 1060;

export function hostLanes(spans: readonly HostSpan[], endSeconds: number): string {
  if (spans.length > MOST_LANES) return '';
  const x = (t: number) => LEFT + ((RIGHT - LEFT) * Math.min(t, endSeconds)) / Math.max(1, endSeconds);
  const lanes = spans.map((span, index) => {
    const y = TOP + index * LANE;
    const name = `<text x="0" y="${y + 10}">${escapeHtml(`${span.instanceId} ${span.zone.slice(-1)}`)}</text>`;
    const bars = span.stages.flatMap(({ stage, t }, at) => {
      if (stage === 'terminated') return [];
      const from = x(t);
      const to = x(span.stages[at + 1]?.t ?? endSeconds);
      return [
        `<rect x="${from.toFixed(1)}" y="${y + 2}" width="${Math.max(1, to - from).toFixed(1)}" height="${LANE - 4}" fill="${STAGE_COLORS[stage]}"/>`,
      ];
    });
    return name + bars.join('');
  });
  const height = TOP + spans.length * LANE + 4;
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = x(share * endSeconds);
    return (
      `<line x1="${at}" x2="${at}" y1="16" y2="${height}" stroke="#d8dee4"/>` +
      `<text x="${at}" y="12" text-anchor="middle">${clockText(share * endSeconds)}</text>`
    );
  });
  return (
    `<p class="key">${HOST_STAGES.filter((stage) => stage !== 'terminated')
      .map(keyOf)
      .join('')}</p>` +
    `<svg viewBox="0 0 1080 ${height}" width="1080" height="${height}" font-size="11" font-family="system-ui, sans-serif" fill="#57606a">${grid.join('')}${lanes.join('')}</svg>`
  );
}

function keyOf(stage: HostStage): string {
  return `<span><i style="background:${STAGE_COLORS[stage]}"></i>${STAGE_NAMES[stage]}</span>`;
}

export const STAGE_NAMES: Readonly<Record<HostStage, string>> = {
  serving: 'old, serving',
  draining: 'DRAINING',
  drained: 'drained',
  launched: 'launched',
  ready: 'ready',
  terminated: 'terminated',
};
