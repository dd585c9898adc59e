/** The report's charts: step lines over virtual time, drawn by ECharts on this side so that the page needs no script. */
import * as echarts from 'echarts';
import type { HostStage } from '../timeline.ts';

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [seconds: number, value: number])[];
  readonly color?: string;
  readonly dashed?: boolean;
  readonly stacked?: boolean;
}

export interface ChartOptions {
  readonly height: number;
  /** Of the drawing, in its own units; the page scales it. */
  readonly width?: number;
  readonly endSeconds: number;
  readonly markers?: readonly { readonly t: number; readonly text: string }[];
  readonly maximum?: number;
}

const WIDTH = 1080;

/** One colour a stage, the same wherever hosts are shown; readable for colour-blind eyes beside one another. */
export const STAGE_COLORS: Readonly<Record<HostStage, string>> = {
  serving: '#9aa5b1',
  draining: '#e08e0b',
  drained: '#f6d186',
  launched: '#a5c8f0',
  ready: '#2f6fde',
  terminated: '#d9d9d9',
};

/** A step chart as SVG: values hold until the next point. */
export function stepChart(series: readonly Series[], options: ChartOptions): string {
  const chart = echarts.init(null, null, {
    renderer: 'svg',
    ssr: true,
    width: options.width ?? WIDTH,
    height: options.height,
  });
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: 'system-ui, sans-serif' },
    grid: { left: 40, right: 24, top: options.markers?.length ? 52 : 36, bottom: 28 },
    legend: { top: 4, left: 32, itemHeight: 10, itemWidth: 14, icon: 'roundRect', itemGap: 18 },
    xAxis: {
      type: 'value',
      min: 0,
      max: Math.max(1, options.endSeconds),
      axisLabel: { formatter: (seconds: number) => clockText(seconds), showMaxLabel: false },
      splitLine: { show: false },
      interval: tickSeconds(options.endSeconds, options.width === undefined ? 11 : 6),
    },
    yAxis: {
      type: 'value',
      minInterval: 1,
      ...(options.maximum !== undefined && { max: options.maximum }),
    },
    series: series.map((line, index) => ({
      name: line.name,
      type: 'line',
      step: 'end',
      symbol: 'none',
      data: extended(line.points, options.endSeconds),
      lineStyle: { width: line.stacked ? 0.5 : 1.75, type: line.dashed ? 'dashed' : 'solid' },
      ...(line.color !== undefined && { itemStyle: { color: line.color } }),
      ...(line.stacked && { stack: 'all', areaStyle: { opacity: 0.85 } }),
      ...(index === 0 && markersOf(options.markers)),
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function markersOf(markers: ChartOptions['markers']): Record<string, unknown> {
  if (!markers?.length) return {};
  return {
    markLine: {
      silent: true,
      symbol: 'none',
      lineStyle: { color: '#b42318', type: 'dotted' },
      label: { formatter: (mark: { name: string }) => mark.name, fontSize: 10, color: '#b42318' },
      data: markers.map((marker) => ({ xAxis: marker.t, name: marker.text })),
    },
  };
}

/** Holds the last value to the end of the chart. */
function extended(points: Series['points'], endSeconds: number): (readonly [number, number])[] {
  const last = points.at(-1);
  return last && last[0] < endSeconds ? [...points, [endSeconds, last[1]]] : [...points];
}

/** The finest round step that makes no more than `most` of them. */
function tickSeconds(endSeconds: number, most: number): number {
  const round = [30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400];
  return round.find((step) => endSeconds / step <= most) ?? endSeconds / most;
}

/** Time on an axis. */
export function clockText(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  return minutes > 240 ? `${Number((minutes / 60).toFixed(1))} h` : `${minutes} min`;
}
