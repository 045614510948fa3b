import type { EChartsCoreOption } from 'echarts/core';
import { useCallback } from 'react';
import { ChartFrame, type NumbersTable } from './chart-frame.tsx';
import { palette } from './plot.tsx';

export interface Series {
  readonly name: string;
  readonly kind?: 'line' | 'bar' | 'scatter';
  readonly points: readonly (readonly [x: number, y: number | null])[];
  readonly dashed?: boolean;
  readonly step?: boolean;
  /** As CSS says it; the place in the palette unless given. */
  readonly colour?: string;
  /** In the background and not in the legend. */
  readonly faint?: boolean;
  /** A stretch of y around each point, drawn behind the line. */
  readonly band?: readonly (readonly [x: number, low: number, high: number])[];
}

export interface ChartProps {
  readonly title: string;
  readonly series: readonly Series[];
  readonly xType?: 'time' | 'value' | 'log';
  readonly yType?: 'value' | 'log';
  readonly xName?: string;
  readonly yName?: string;
  readonly height?: number;
  /** Horizontal lines: what is allowed, what is expected. */
  readonly bounds?: readonly { readonly name: string; readonly y: number }[];
  /** Stretches of x in which something was the case. */
  readonly spans?: readonly { readonly name: string; readonly from: number; readonly until: number }[];
  /** The numbers, where they are more than the points that are drawn. */
  readonly numbers?: NumbersTable;
}

const showX = (x: number, xType: ChartProps['xType']): string =>
  xType === 'time' ? new Date(x).toISOString().slice(0, 16).replace('T', ' ') : String(x);

function boundLines(bounds: NonNullable<ChartProps['bounds']>, text: string) {
  return {
    silent: true,
    symbol: 'none',
    lineStyle: { type: 'dashed', color: '#e03131' },
    label: { formatter: '{b}', color: text },
    // Names of near bounds stand on two sides, so that each can be read.
    data: bounds.map(({ name, y }, i) => ({
      name,
      yAxis: y,
      label: { position: i % 2 === 0 ? 'insideEndTop' : 'insideStartBottom' },
    })),
  };
}

function drawnSeries({ name, kind = 'line', points, dashed, step, colour, faint }: Series, place: number) {
  return {
    name,
    type: kind,
    // A line of one point can only be seen as a point.
    showSymbol:
      (points.length < 60 && dashed !== true && faint !== true) || points.filter(([, y]) => y !== null).length === 1,
    symbolSize: kind === 'scatter' ? 8 : 5,
    sampling: 'minmax',
    ...(step === true ? { step: 'end' } : {}),
    color: colour ?? palette[place % palette.length],
    lineStyle: { width: 2, type: dashed === true ? 'dashed' : 'solid', opacity: faint === true ? 0.25 : 1 },
    ...(faint === true ? { silent: true, z: 1, tooltip: { show: false } } : {}),
    data: points,
  };
}

/** What the drawing of a band asks the chart for. */
interface BandPen {
  coord(point: readonly [number, number]): number[];
}

function bandSeries({ name, band, colour }: Series, place: number) {
  if (band === undefined || band.length === 0) return [];
  const fill = colour ?? palette[place % palette.length];
  const draw = (_: unknown, pen: BandPen) => {
    const lows = band.map(([x, low]) => pen.coord([x, low]));
    const highs = band.map(([x, , high]) => pen.coord([x, high]));
    return {
      type: 'polygon',
      shape: { points: [...highs, ...lows.reverse()] },
      style: { fill, opacity: 0.18 },
    };
  };
  const [xs, ends] = [band.map(([x]) => x), band.flatMap(([, low, high]) => [low, high])];
  // One item for all of the band; its dimensions are the ranges that the axes must show.
  return [
    {
      type: 'custom',
      name,
      silent: true,
      z: 0,
      clip: true,
      color: fill,
      tooltip: { show: false },
      renderItem: draw,
      encode: { x: [0, 1], y: [2, 3] },
      data: [[Math.min(...xs), Math.max(...xs), Math.min(...ends), Math.max(...ends)]],
    },
  ];
}

function optionOf(
  { series: given, xType = 'time', yType = 'value', xName, yName, bounds = [], spans = [] }: ChartProps,
  dark: boolean,
): EChartsCoreOption {
  const series = given.filter(({ points }) => points.some(([, y]) => y !== null));
  const text = dark ? '#c9c9c9' : '#495057';
  const line = dark ? '#424242' : '#dee2e6';
  const markLine = boundLines(bounds, text);
  const markArea = {
    silent: true,
    itemStyle: { color: 'rgba(224, 49, 49, 0.15)' },
    label: { color: text, fontSize: 10 },
    data: spans.map(({ name, from, until }) => [{ name, xAxis: from }, { xAxis: until }]),
  };
  const levels = bounds.map(({ y }) => y);
  // Bounds stay in sight, however far the values are from them.
  const ends =
    levels.length === 0
      ? {}
      : {
          min: ({ min, max }: { min: number; max: number }) => Math.min(min, ...levels) - 0.05 * Math.abs(max - min),
          max: ({ min, max }: { min: number; max: number }) => Math.max(max, ...levels) + 0.05 * Math.abs(max - min),
        };
  return {
    animation: false,
    color: palette,
    textStyle: { color: text },
    grid: { left: 56, right: 24, top: 36, bottom: xName === undefined ? 32 : 56 },
    legend: {
      top: 0,
      type: 'scroll',
      textStyle: { color: text },
      data: [...new Set(series.filter(({ faint }) => faint !== true).map(({ name }) => name))],
    },
    tooltip: { trigger: 'axis', confine: true },
    dataZoom: [{ type: 'inside' }],
    xAxis: {
      type: xType,
      name: xName,
      nameLocation: 'middle',
      nameGap: 30,
      axisLabel: {
        color: text,
        hideOverlap: true,
        ...(xType === 'time' ? { formatter: { day: '{d} {MMM}' } } : {}),
      },
      axisLine: { lineStyle: { color: line } },
      splitLine: { lineStyle: { color: line } },
    },
    yAxis: {
      type: yType,
      name: yName,
      scale: true,
      splitLine: { lineStyle: { color: line } },
      axisLabel: { color: text, showMinLabel: levels.length === 0, showMaxLabel: levels.length === 0 },
      ...ends,
    },
    series: [
      ...series.map((one, i) => ({
        ...drawnSeries(one, i),
        ...(i === 0 && bounds.length > 0 ? { markLine } : {}),
        ...(i === 0 && spans.length > 0 ? { markArea } : {}),
      })),
      ...series.flatMap(bandSeries),
    ],
  };
}

function numbersOf({ series, xType = 'time', xName, yName, numbers }: ChartProps): NumbersTable {
  if (numbers !== undefined) return numbers;
  return {
    heads: ['Series', xType === 'time' ? 'Time' : (xName ?? 'x'), yName ?? 'Value'],
    rows: series.flatMap(({ name, points }) => points.map(([x, y]) => [name, showX(x, xType), y])),
  };
}

/** A chart whose numbers are one click away, and another click away as a file. */
export function Chart(props: ChartProps) {
  const option = useCallback((dark: boolean) => optionOf(props, dark), [props]);
  return (
    <ChartFrame
      title={props.title}
      optionOf={option}
      numbers={() => numbersOf(props)}
      isEmpty={props.series.every(({ points }) => points.length === 0)}
      {...(props.height === undefined ? {} : { height: props.height })}
    />
  );
}
