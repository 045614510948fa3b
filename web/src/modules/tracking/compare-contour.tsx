import type { Run } from '@flyball/api';
import { Group, Select, Stack, Switch, Text } from '@mantine/core';
import { contours } from 'd3-contour';
import { color } from 'echarts/core';
import { useCallback, useMemo } from 'react';
import { ChartFrame } from '../../parts/chart-frame.tsx';
import { formatNumber } from '../../parts/format.ts';
import { Nothing } from '../../parts/query-state.tsx';
import { axesOf, axisName, isText, keysIn, runNumbers, useCompareAddress, valueOn } from './compare-address.ts';
import { runColour } from './run-colour.ts';
import { type Surface, type SurfacePoint, surfaceOf } from './surface.ts';

const STOPS = ['#4c8eda', '#8a6fd1', '#e8743b', '#d49f3d'];
const LEVELS = 12;

interface Wanted {
  readonly x: string;
  readonly y: string;
  readonly z: string;
  readonly logX: boolean;
  readonly logY: boolean;
}

interface Pen {
  coord(point: readonly [number, number]): number[];
}

/** One level of the surface as a path of the chart; holes turn the other way round, as d3-contour makes them. */
function levelSeries(surface: Surface, level: { value: number; coordinates: number[][][][] }, fill: string) {
  const draw = (_: unknown, pen: Pen) => {
    const rings = level.coordinates.flat();
    const path = rings.map((ring) => {
      const places = ring.map(([gx, gy]) =>
        pen
          .coord(surface.place(gx!, gy!))
          .map((at) => at.toFixed(1))
          .join(' '),
      );
      return `M${places.join('L')}Z`;
    });
    return { type: 'path', shape: { pathData: path.join('') }, style: { fill } };
  };
  const { x, y } = surface;
  return {
    type: 'custom',
    silent: true,
    clip: true,
    z: 0,
    tooltip: { show: false },
    renderItem: draw,
    encode: { x: [0, 1], y: [2, 3] },
    data: [[...x, ...y]],
  };
}

function contourOption(points: readonly SurfacePoint[], runs: readonly Run[], wanted: Wanted, dark: boolean) {
  const surface = surfaceOf(points, wanted.logX, wanted.logY);
  const [least, greatest] = surface.z;
  const text = dark ? '#c9c9c9' : '#495057';
  const span = greatest - least || 1;
  const thresholds = Array.from({ length: LEVELS }, (_, i) => least + (span * i) / LEVELS);
  const levels = contours().size([surface.size, surface.size]).thresholds(thresholds)(surface.values);
  const axis = (of: string, isLog: boolean) => ({
    type: isLog ? 'log' : 'value',
    name: axisName(of),
    nameLocation: 'middle',
    scale: true,
    nameTextStyle: { color: text },
    axisLabel: { color: text, hideOverlap: true },
    splitLine: { show: false },
  });
  return {
    animation: false,
    grid: { left: 80, right: 110, top: 24, bottom: 56 },
    tooltip: { confine: true },
    xAxis: { ...axis(wanted.x, wanted.logX), nameGap: 32, min: surface.x[0], max: surface.x[1] },
    yAxis: { ...axis(wanted.y, wanted.logY), nameGap: 56, min: surface.y[0], max: surface.y[1] },
    visualMap: {
      type: 'continuous',
      seriesIndex: LEVELS,
      dimension: 2,
      min: least,
      max: greatest,
      right: 0,
      top: 'middle',
      itemHeight: 200,
      precision: 4,
      text: [axisName(wanted.z), ''],
      textStyle: { color: text },
      inRange: { color: STOPS },
    },
    series: [
      ...levels.map((level, i) => levelSeries(surface, level, color.lerp(i / (LEVELS - 1), STOPS) ?? STOPS[0]!)),
      {
        type: 'scatter',
        symbolSize: 9,
        itemStyle: { borderColor: dark ? '#fff' : '#000', borderWidth: 1 },
        data: points.map(({ x, y, z }, i) => ({
          name: runs[i]?.name ?? '',
          value: [x, y, z],
          itemStyle: { borderColor: runs[i] === undefined ? text : runColour(runs[i]), borderWidth: 2 },
        })),
        tooltip: {
          valueFormatter: (value: unknown) => (typeof value === 'number' ? formatNumber(value, 6) : String(value)),
        },
      },
    ],
  };
}

function AxisSelect({ label, axis, choices, set }: AxisSelectProps) {
  return <Select label={label} searchable data={choices} value={axis} onChange={(to) => set(to ?? undefined)} />;
}

interface AxisSelectProps {
  readonly label: string;
  readonly axis: string;
  readonly choices: ReturnType<typeof axesOf>;
  readonly set: (axis: string | undefined) => void;
}

const isUsable = (value: number | string | null, isLog: boolean): value is number =>
  typeof value === 'number' && Number.isFinite(value) && (!isLog || value > 0);

function pointsOf(runs: readonly Run[], { x, y, z, logX, logY }: Wanted) {
  const complete: Run[] = [];
  const points: SurfacePoint[] = [];
  for (const run of runs) {
    const [at, up, value] = [valueOn(run, x), valueOn(run, y), valueOn(run, z)];
    if (!isUsable(at, logX) || !isUsable(up, logY) || !isUsable(value, false)) continue;
    complete.push(run);
    points.push({ x: at, y: up, z: value });
  }
  return { complete, points };
}

const isFlat = (points: readonly SurfacePoint[]): boolean =>
  new Set(points.map(({ x }) => x)).size < 2 || new Set(points.map(({ y }) => y)).size < 2;

function useWanted(runs: readonly Run[]): Wanted {
  const [{ contourX, contourY, contourZ, logX = false, logY = false }] = useCompareAddress();
  const params = keysIn(runs, 'params').map((key) => `params.${key}`);
  const metrics = keysIn(runs, 'metrics').map((key) => `metrics.${key}`);
  const varied = [...params, ...metrics].filter(
    (axis) => !isText(runs, axis) && new Set(runs.map((run) => valueOn(run, axis))).size > 1,
  );
  const z = contourZ ?? metrics[0] ?? 'attributes.duration';
  const others = varied.filter((axis) => axis !== z);
  const x = contourX ?? others[0] ?? 'attributes.duration';
  return { x, y: contourY ?? others.find((axis) => axis !== x) ?? 'attributes.duration', z, logX, logY };
}

/** A metric over two params or metrics: between the runs it is estimated, and said so. */
export function CompareContour({ runs }: { runs: readonly Run[] }) {
  const [, set] = useCompareAddress();
  const { x, y, z, logX, logY } = useWanted(runs);
  const { wanted, complete, points } = useMemo(() => {
    const axes = { x, y, z, logX, logY };
    return { wanted: axes, ...pointsOf(runs, axes) };
  }, [runs, x, y, z, logX, logY]);
  const option = useCallback(
    (dark: boolean) => contourOption(points, complete, wanted, dark),
    [points, complete, wanted],
  );
  const choices = axesOf(runs);
  return (
    <Stack>
      <Group align="flex-end">
        <AxisSelect label="X" axis={x} choices={choices} set={(contourX) => set({ contourX })} />
        <AxisSelect label="Y" axis={y} choices={choices} set={(contourY) => set({ contourY })} />
        <AxisSelect label="Colour" axis={z} choices={choices} set={(contourZ) => set({ contourZ })} />
        <Switch label="Log x" checked={logX} onChange={() => set({ logX: logX ? undefined : true })} />
        <Switch label="Log y" checked={logY} onChange={() => set({ logY: logY ? undefined : true })} />
      </Group>
      {points.length < 3 || isFlat(points) ? (
        <Nothing title="Too few runs for a surface">
          It takes three runs with numbers on all three axes, and two different numbers on X and Y.
        </Nothing>
      ) : (
        <ChartFrame
          title={`${axisName(z)} over ${axisName(x)} and ${axisName(y)}`}
          height={480}
          optionOf={option}
          numbers={() => runNumbers(complete, [x, y, z])}
        />
      )}
      <Text size="xs" c="dimmed">
        {points.length} of {runs.length} runs have all three. Between them the colour is a mean of the runs, weighted by
        the inverse square of their distance (Shepard 1968): a picture of what was tried, not a prediction.
      </Text>
    </Stack>
  );
}
