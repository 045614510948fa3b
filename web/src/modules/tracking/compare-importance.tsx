import type { Run, RunImportance } from '@flyball/api';
import { Group, Select, Stack, Switch, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useCallback } from 'react';
import { ChartFrame } from '../../parts/chart-frame.tsx';
import { formatCount, formatNumber, formatPercent } from '../../parts/format.ts';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';
import { keysIn, useCompareAddress } from './compare-address.ts';

type Params = RunImportance['params'];

/** Bars of a chart; the table beside it has all. */
const MOST_SHOWN = 40;
const RISES = '#d49f3d';
const FALLS = '#4c8eda';
const NO_ORDER = '#999999';

const colourOf = (correlation: number | null): string =>
  correlation === null ? NO_ORDER : correlation >= 0 ? RISES : FALLS;

function importanceOption(params: Params, dark: boolean) {
  const text = dark ? '#c9c9c9' : '#495057';
  const line = dark ? '#424242' : '#dee2e6';
  const shown = params.slice(0, MOST_SHOWN).reverse();
  return {
    animation: false,
    grid: { left: 180, right: 60, top: 8, bottom: 40 },
    tooltip: { confine: true, valueFormatter: (value: unknown) => formatNumber(Number(value), 3) },
    xAxis: {
      type: 'value',
      name: 'importance',
      nameLocation: 'middle',
      nameGap: 26,
      nameTextStyle: { color: text },
      axisLabel: { color: text },
      splitLine: { lineStyle: { color: line } },
    },
    yAxis: {
      type: 'category',
      data: shown.map(({ key }) => key),
      axisLabel: { color: text, width: 160, overflow: 'truncate' },
    },
    series: [
      {
        type: 'bar',
        data: shown.map(({ importance, correlation }) => ({
          value: importance,
          itemStyle: { color: colourOf(correlation) },
        })),
      },
    ],
  };
}

/** What was left out, if anything. */
function limitsOf({ params, runs, differing, isOfNewest }: RunImportance): string[] {
  return [
    ...(isOfNewest ? [`Only the newest ${formatCount(runs)} runs with the metric are looked at.`] : []),
    ...(differing > params.length
      ? [`Of ${formatCount(differing)} params that differ, the ${params.length} are ranked that most runs have.`]
      : []),
    ...(params.length > MOST_SHOWN ? [`The ${MOST_SHOWN} most important are drawn; the table has all.`] : []),
  ];
}

function Ranked({ found, metric }: { found: RunImportance; metric: string }) {
  const { params, runs, explained } = found;
  const option = useCallback((dark: boolean) => importanceOption(params, dark), [params]);
  if (params.length === 0) {
    return (
      <Nothing title="The runs do not tell">
        {formatCount(runs)} of them have {metric}. It takes five, and params that differ between them.
      </Nothing>
    );
  }
  return (
    <>
      <ChartFrame
        title={`What changes ${metric}`}
        height={Math.max(140, 26 * Math.min(params.length, MOST_SHOWN) + 60)}
        optionOf={option}
        numbers={() => ({
          heads: ['Param', 'Importance', 'Rank correlation', 'Different values'],
          rows: params.map(({ key, importance, correlation, values }) => [key, importance, correlation, values]),
        })}
      />
      {limitsOf(found).map((limit) => (
        <Text key={limit} size="sm">
          {limit}
        </Text>
      ))}
      <Text size="sm" {...(explained !== null && explained < 0.3 ? { c: 'orange' } : {})}>
        {explained === null
          ? 'With so few runs it is not known how well the params explain the metric.'
          : `In runs that were not learned from, the params explain ${formatPercent(Math.max(0, Math.round(100 * explained) / 100))} of the variance${explained < 0.3 ? ': take the order with care' : ''}.`}
      </Text>
      <Text size="xs" c="dimmed">
        From {formatCount(runs)} runs. Importance: mean size of the SHAP values of gradient boosted trees that predict
        the metric from the params (Friedman 2001; Lundberg et al. 2020), as shares of their sum. Bars are amber where
        the metric rises with the param, blue where it falls (Spearman’s rank correlation), grey where the param is no
        number.
      </Text>
    </>
  );
}

/** Which params matter for a metric. */
export function CompareImportance({ runs }: { runs: readonly Run[] }) {
  const [{ target, wide = false }, set] = useCompareAddress();
  const metrics = keysIn(runs, 'metrics');
  const metric = target ?? metrics[0];
  const runIds = runs.map(({ runId }) => runId);
  const experimentIds = [...new Set(runs.map(({ experimentId }) => experimentId))];
  const query = useQuery({
    queryKey: ['run-importance', metric, wide ? experimentIds : runIds],
    enabled: metric !== undefined,
    queryFn: () =>
      server().rankParams({ body: wide ? { metric: metric!, experimentIds } : { metric: metric!, runIds } }),
  });
  if (metric === undefined) return <Nothing title="These runs have no metrics" />;
  return (
    <Stack>
      <Group align="flex-end">
        <Select
          label="Metric"
          searchable
          allowDeselect={false}
          data={metrics}
          value={metric}
          onChange={(to) => set({ target: to ?? undefined })}
        />
        <Switch
          mb={8}
          label="All runs of their experiments, the newest 10,000"
          checked={wide}
          onChange={() => set({ wide: wide ? undefined : true })}
        />
      </Group>
      <QueryState query={query} height={300}>
        {(found) => <Ranked found={found} metric={metric} />}
      </QueryState>
    </Stack>
  );
}
