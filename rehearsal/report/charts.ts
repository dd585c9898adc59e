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
  readonly endSeconds: number;
  readonly unit?: string;
  readonly markers?: readonly { readonly t: number; readonly text: string }[];
  readonly maximum?: number;
}

const WIDTH = 1080;

/** One colour a stage, the same wherever hosts are shown; readable for colour-blind eyes beside one another. */
export const STAGE_COLORS: Readonly<Record<HostStage, string>> = {
  serving: '#9aa5b1',
  draining: '#e08e0b',
  launched: '#a5c8f0',
  ready: '#2f6fde',
  terminated: '#d9d9d9',
};

/** A step chart as SVG: values hold until the next point. */
export function stepChart(series: readonly Series[], options: ChartOptions): string {
  const chart = echarts.init(null, null, {
    renderer: 'svg',
    ssr: true,
    width: WIDTH,
    height: options.height,
  });
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: 'system-ui, sans-serif' },
    grid: { left: 56, right: 24, top: 36, bottom: 36 },
    legend: { top: 4, left: 48, itemHeight: 10, itemWidth: 14 },
    xAxis: {
      type: 'value',
      min: 0,
      max: Math.max(1, options.endSeconds),
      axisLabel: { formatter: (seconds: number) => clockText(seconds) },
      splitLine: { show: false },
    },
    yAxis: {
      type: 'value',
      minInterval: 1,
      name: options.unit ?? '',
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

function clockText(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  return minutes >= 120 ? `${(minutes / 60).toFixed(1)} h` : `${minutes} min`;
}
