import type { Run } from '@flyball/api';
import { Group, MultiSelect, SegmentedControl, SimpleGrid, Slider, Stack, Switch, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Chart, type Series } from '../../parts/chart.tsx';
import { formatCount } from '../../parts/format.ts';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';
import { keysIn, namesOf, sharedBy, useCompareAddress } from './compare-address.ts';
import { curveBand } from './curve-bands.ts';
import { type CurveView, curvePoints, smoothed } from './curve-points.ts';
import { colourOfText, runColour } from './run-colour.ts';

const SHOWN_AT_FIRST = 4;
const MOST_POINTS = 600;
const LIVE_MS = 3000;

const xNames = { step: 'step', time: undefined, relative: 'seconds since the first point' } as const;

type Curves = Awaited<ReturnType<ReturnType<typeof server>['compareCurves']>>['curves'];

interface ChartedRuns {
  readonly curves: Curves;
  readonly runs: readonly Run[];
  readonly view: CurveView;
}

function runSeries({ curves, runs, view }: ChartedRuns): Series[] {
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
}

/** One line for all runs that share something, with what they differ by around it. */
function bandSeries({ curves, runs, view }: ChartedRuns, by: readonly string[]): Series[] {
  return sharedBy(runs, by).flatMap(({ name, runs: own }) => {
    const found = curves.filter(({ runId }) => own.some((run) => run.runId === runId));
    if (found.length === 0) return [];
    const drawn = found.map(({ points }) => {
      const own = curvePoints(points, view);
      return view.smooth === 0 ? own : smoothed(own, view.smooth);
    });
    const { mean, band } = curveBand(drawn);
    const positive = view.logY ? band.filter(([, low]) => low > 0) : band;
    return [{ name, colour: colourOfText(name), points: mean, band: positive }];
  });
}

/** What is drawn, as a table: bands with their ends. */
function numbersOf(series: readonly Series[], xName: string) {
  const isBanded = series.some(({ band }) => band !== undefined);
  if (!isBanded) return undefined;
  return {
    heads: ['Runs', xName, 'Mean', 'Mean − sd', 'Mean + sd'],
    rows: series.flatMap(({ name, points, band = [] }) => {
      const ends = new Map(band.map(([x, low, high]) => [x, [low, high] as const]));
      return points.map(([x, y]) => [name, x, y, ends.get(x)?.[0] ?? null, ends.get(x)?.[1] ?? null]);
    }),
  };
}

function MetricChart({ metric, curves, runs, view }: ChartedRuns & { metric: string }) {
  const [{ band }] = useCompareAddress();
  const by = JSON.stringify(band ?? []);
  const series = useMemo(() => {
    const fields = JSON.parse(by) as string[];
    return fields.length === 0 ? runSeries({ runs, curves, view }) : bandSeries({ runs, curves, view }, fields);
  }, [runs, curves, view, by]);
  const thinned = curves.filter(({ points, total }) => total > points.length);
  const most = Math.max(0, ...thinned.map(({ total }) => total));
  const xName = xNames[view.x];
  const numbers = numbersOf(series, xName ?? 'time in milliseconds');
  return (
    <div>
      <Chart
        title={metric}
        height={320}
        xType={view.x === 'time' ? 'time' : view.logX ? 'log' : 'value'}
        yType={view.logY ? 'log' : 'value'}
        {...(xName === undefined ? {} : { xName })}
        {...(numbers === undefined ? {} : { numbers })}
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

const differs = (runs: readonly Run[], part: 'params' | 'tags', key: string): boolean =>
  new Set(runs.map((run) => run[part][key])).size < runs.length;

/** What bands are drawn over: whatever some runs have in common. */
function BandSelect({ runs }: { runs: readonly Run[] }) {
  const [{ band = [] }, set] = useCompareAddress();
  const choices = (part: 'params' | 'tags') =>
    keysIn(runs, part)
      .filter((key) => differs(runs, part, key) && !key.startsWith('mlflow.'))
      .map((key) => ({ value: `${part}.${key}`, label: key }));
  return (
    <MultiSelect
      size="xs"
      miw={240}
      aria-label="Bands over runs that share"
      placeholder={band.length === 0 ? 'Bands over runs that share…' : ''}
      searchable
      clearable
      limit={200}
      maxValues={4}
      data={[
        { group: 'Params', items: choices('params') },
        { group: 'Tags', items: choices('tags') },
      ]}
      value={band}
      onChange={(next) => set({ band: next.length === 0 ? undefined : next })}
    />
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
      <Group>
        <ViewControls view={view} />
        <BandSelect runs={runs} />
      </Group>
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
