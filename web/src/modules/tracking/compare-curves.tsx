import type { Run } from '@flyball/api';
import { Group, MultiSelect, SegmentedControl, SimpleGrid, Slider, Stack, Switch, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Chart } from '../../parts/chart.tsx';
import { formatCount } from '../../parts/format.ts';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';
import { keysIn, namesOf, useCompareAddress } from './compare-address.ts';
import { type CurveView, curvePoints, smoothed } from './curve-points.ts';
import { runColour } from './run-colour.ts';

const SHOWN_AT_FIRST = 4;
const MOST_POINTS = 600;
const LIVE_MS = 3000;

const xNames = { step: 'step', time: undefined, relative: 'seconds since the first point' } as const;

type Curves = Awaited<ReturnType<ReturnType<typeof server>['compareCurves']>>['curves'];

function MetricChart({
  metric,
  curves,
  runs,
  view,
}: {
  metric: string;
  curves: Curves;
  runs: readonly Run[];
  view: CurveView;
}) {
  const series = useMemo(() => {
    const names = namesOf(runs);
    return runs.flatMap((run) => {
      const curve = curves.find(({ runId }) => runId === run.runId);
      if (curve === undefined) return [];
      const points = curvePoints(curve.points, view);
      const own = { name: names.get(run.runId) ?? run.runId, colour: runColour(run) };
      if (view.smooth === 0) return [{ ...own, points }];
      return [
        { ...own, name: `${own.name} (as logged)`, points, faint: true },
        { ...own, points: smoothed(points, view.smooth) },
      ];
    });
  }, [runs, curves, view]);
  const thinned = curves.filter(({ points, total }) => total > points.length);
  const most = Math.max(0, ...thinned.map(({ total }) => total));
  const xName = xNames[view.x];
  return (
    <div>
      <Chart
        title={metric}
        height={320}
        xType={view.x === 'time' ? 'time' : view.logX ? 'log' : 'value'}
        yType={view.logY ? 'log' : 'value'}
        {...(xName === undefined ? {} : { xName })}
        series={series}
      />
      {most === 0 ? null : (
        <Text size="xs" c="dimmed">
          Long curves (up to {formatCount(most)} points) are drawn by their minima and maxima.
        </Text>
      )}
    </div>
  );
}

function MetricCurves({ metric, runs, view }: { metric: string; runs: readonly Run[]; view: CurveView }) {
  const runIds = runs.filter(({ metrics }) => metrics[metric] !== undefined).map(({ runId }) => runId);
  const query = useQuery({
    queryKey: ['runs', 'curves', metric, runIds],
    enabled: runIds.length > 0,
    queryFn: () => server().compareCurves({ body: { runIds, key: metric, maxPoints: MOST_POINTS } }),
    refetchInterval: runs.some(({ status }) => status === 'RUNNING') ? LIVE_MS : false,
  });
  if (runIds.length === 0) return <Nothing title={`No run has ${metric}`} />;
  return (
    <QueryState query={query} height={350}>
      {({ curves }) => <MetricChart metric={metric} curves={curves} runs={runs} view={view} />}
    </QueryState>
  );
}

function ViewControls({ view }: { view: CurveView }) {
  const [, set] = useCompareAddress();
  return (
    <Group gap="lg">
      <SegmentedControl
        aria-label="Horizontal axis"
        size="xs"
        data={[
          { value: 'step', label: 'Step' },
          { value: 'time', label: 'Wall time' },
          { value: 'relative', label: 'Relative time' },
        ]}
        value={view.x}
        onChange={(x) => set({ x: x as CurveView['x'] })}
      />
      <Group gap="xs" wrap="nowrap">
        <Text size="sm">Smoothing</Text>
        <Slider
          w={160}
          min={0}
          max={0.99}
          step={0.01}
          thumbLabel="Smoothing"
          defaultValue={view.smooth}
          onChangeEnd={(smooth) => set({ smooth: smooth === 0 ? undefined : smooth })}
        />
      </Group>
      <Switch
        size="xs"
        label="Log x"
        disabled={view.x === 'time'}
        checked={view.logX}
        onChange={() => set({ logX: view.logX ? undefined : true })}
      />
      <Switch
        size="xs"
        label="Log y"
        checked={view.logY}
        onChange={() => set({ logY: view.logY ? undefined : true })}
      />
    </Group>
  );
}

/** One chart for each metric, one line for each run. */
export function CompareCurves({ runs }: { runs: readonly Run[] }) {
  const [{ keys, x = 'step', smooth = 0, logX = false, logY = false }, set] = useCompareAddress();
  const all = keysIn(runs, 'metrics');
  const view = useMemo(() => ({ x, smooth, logX, logY }), [x, smooth, logX, logY]);
  if (all.length === 0) return <Nothing title="These runs have no metrics" />;
  const shown = keys ?? all.slice(0, SHOWN_AT_FIRST);
  return (
    <Stack>
      <ViewControls view={view} />
      <MultiSelect
        aria-label="Metrics"
        placeholder="Metrics"
        searchable
        clearable
        limit={200}
        maxValues={24}
        data={all}
        value={shown}
        onChange={(next) => set({ keys: next })}
      />
      {shown.length === 0 ? <Nothing title="Choose a metric" /> : null}
      <SimpleGrid cols={{ base: 1, lg: shown.length === 1 ? 1 : 2 }}>
        {shown.map((metric) => (
          <MetricCurves key={metric} metric={metric} runs={runs} view={view} />
        ))}
      </SimpleGrid>
    </Stack>
  );
}
