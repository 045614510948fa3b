import type { Run } from '@flyball/api';
import { Button, Group, MultiSelect, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ECharts } from 'echarts/core';
import { useCallback, useMemo, useState } from 'react';
import { ChartFrame } from '../../parts/chart-frame.tsx';
import { linkTo } from '../../parts/go.tsx';
import { Nothing } from '../../parts/query-state.tsx';
import {
  axesOf,
  axisName,
  isText,
  keysIn,
  namesOf,
  runNumbers,
  useCompareAddress,
  valueOn,
} from './compare-address.ts';

const differs = (runs: readonly Run[], axis: string): boolean =>
  new Set(runs.map((run) => valueOn(run, axis))).size > 1;

/** Params that differ, then metrics: the last axis is what the colour tells. */
function usualAxes(runs: readonly Run[]): string[] {
  const params = keysIn(runs, 'params').map((key) => `params.${key}`);
  const metrics = keysIn(runs, 'metrics').map((key) => `metrics.${key}`);
  return [...params.filter((axis) => differs(runs, axis)).slice(0, 6), ...metrics.slice(0, 2)];
}

function colourOf(runs: readonly Run[], axes: readonly string[], text: string) {
  const last = axes.at(-1) ?? '';
  const values = runs.map((run) => valueOn(run, last)).filter((value) => typeof value === 'number');
  if (values.length === 0 || isText(runs, last)) return {};
  return {
    visualMap: {
      type: 'continuous',
      dimension: axes.length - 1,
      min: Math.min(...values),
      max: Math.max(...values),
      right: 0,
      top: 'middle',
      itemHeight: 160,
      precision: 4,
      textStyle: { color: text },
      inRange: { color: ['#4c8eda', '#8a6fd1', '#e8743b', '#d49f3d'] },
    },
  };
}

function parallelOption(runs: readonly Run[], axes: readonly string[], dark: boolean) {
  const text = dark ? '#c9c9c9' : '#495057';
  const names = namesOf(runs);
  return {
    animation: false,
    tooltip: { confine: true, formatter: '{b}' },
    parallel: { left: 60, right: 110, top: 48, bottom: 24 },
    parallelAxis: axes.map((axis, dim) => ({
      dim,
      name: axisName(axis).length > 24 ? `${axisName(axis).slice(0, 23)}…` : axisName(axis),
      type: isText(runs, axis) ? 'category' : 'value',
      scale: true,
      ...(isText(runs, axis)
        ? { data: [...new Set(runs.map((run) => valueOn(run, axis)).filter((value) => value !== null))].map(String) }
        : {}),
      nameTextStyle: { color: text },
      axisLabel: { color: text },
      axisLine: { lineStyle: { color: text } },
      areaSelectStyle: { width: 18, opacity: 0.35, color: '#d49f3d', borderColor: '#d49f3d' },
    })),
    ...colourOf(runs, axes, text),
    series: [
      {
        type: 'parallel',
        inactiveOpacity: 0.08,
        lineStyle: { width: 2, opacity: 0.85 },
        smooth: false,
        data: runs.map((run) => ({
          name: names.get(run.runId),
          value: axes.map((axis) => {
            const value = valueOn(run, axis);
            return value === null ? '-' : isText(runs, axis) ? String(value) : value;
          }),
        })),
      },
    ],
  };
}

/** The part of the chart's model that tells which lines are inside all brushes. */
interface BrushModel {
  getModel(): { getSeriesByIndex(place: number): { getRawIndicesByActiveState(state: string): number[] } | undefined };
}

function Brushed({ runs, inside }: { runs: readonly Run[]; inside: readonly number[] | null }) {
  if (inside === null) {
    return (
      <Text size="sm" c="dimmed">
        Drag along an axis to choose a range; click the axis to drop it.
      </Text>
    );
  }
  const names = namesOf(runs);
  const found = inside.flatMap((place) => runs[place] ?? []);
  return (
    <Group gap="xs">
      <Text size="sm" aria-live="polite">
        {found.length} of {runs.length} runs:{' '}
        {found
          .slice(0, 8)
          .map(({ runId }) => names.get(runId))
          .join(', ')}
        {found.length > 8 ? ' …' : ''}
      </Text>
      {found.length === 0 || found.length === runs.length ? null : (
        <Button
          size="compact-xs"
          variant="default"
          component={Link}
          {...linkTo('/runs/compare', { runs: found.map(({ runId }) => runId), tab: 'parallel' })}
        >
          Compare these alone
        </Button>
      )}
    </Group>
  );
}

/** Each run as a line across its params and metrics; ranges of the axes choose among them. */
export function CompareParallel({ runs }: { runs: readonly Run[] }) {
  const [{ axes }, set] = useCompareAddress();
  const [inside, setInside] = useState<readonly number[] | null>(null);
  const shown = useMemo(() => axes ?? usualAxes(runs), [axes, runs]);
  const option = useCallback((dark: boolean) => parallelOption(runs, shown, dark), [runs, shown]);
  const listen = useCallback((chart: ECharts) => {
    setInside(null);
    chart.off('axisareaselected');
    chart.on('axisareaselected', () => {
      const series = (chart as unknown as BrushModel).getModel().getSeriesByIndex(0);
      const active = series?.getRawIndicesByActiveState('active') ?? [];
      const dropped = series?.getRawIndicesByActiveState('inactive') ?? [];
      setInside(active.length + dropped.length === 0 ? null : active);
    });
  }, []);
  return (
    <Stack>
      <MultiSelect
        label="Axes"
        description="The last one gives the lines their colour"
        searchable
        maxValues={20}
        data={axesOf(runs)}
        value={shown}
        onChange={(next) => set({ axes: next })}
      />
      {shown.length < 2 ? (
        <Nothing title="Choose two axes or more" />
      ) : (
        <>
          <ChartFrame
            title="Parallel coordinates"
            height={460}
            optionOf={option}
            onDrawn={listen}
            numbers={() => runNumbers(runs, shown)}
          />
          <Brushed runs={runs} inside={inside} />
        </>
      )}
    </Stack>
  );
}
