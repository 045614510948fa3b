import type { Run } from '@flyball/api';
import { Group, Select, Stack, Text } from '@mantine/core';
import { useCallback } from 'react';
import { ChartFrame } from '../../parts/chart-frame.tsx';
import { formatNumber } from '../../parts/format.ts';
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
import { runColour } from './run-colour.ts';

const colours = (dark: boolean) => (dark ? { text: '#c9c9c9', line: '#424242' } : { text: '#495057', line: '#dee2e6' });
const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const shown = (value: number | string | null): string =>
  typeof value === 'number' ? formatNumber(value, 6) : (value ?? '–');

function scatterOption(runs: readonly Run[], x: string, y: string, dark: boolean) {
  const { text, line } = colours(dark);
  const names = namesOf(runs);
  const axis = (of: string) => ({
    type: isText(runs, of) ? 'category' : 'value',
    name: axisName(of),
    nameLocation: 'middle',
    scale: true,
    nameTextStyle: { color: text },
    axisLabel: { color: text, hideOverlap: true },
    axisLine: { lineStyle: { color: line } },
    splitLine: { lineStyle: { color: line } },
  });
  return {
    animation: false,
    grid: { left: 80, right: 24, top: 24, bottom: 56 },
    tooltip: {
      confine: true,
      formatter: ({ dataIndex }: { dataIndex: number }) => {
        const run = runs[dataIndex];
        if (run === undefined) return '';
        const lines = [x, y].map((of) => `${escaped(axisName(of))}: ${escaped(shown(valueOn(run, of)))}`);
        return [`<b>${escaped(names.get(run.runId) ?? '')}</b>`, ...lines].join('<br>');
      },
    },
    xAxis: { ...axis(x), nameGap: 32 },
    yAxis: { ...axis(y), nameGap: 56 },
    series: [
      {
        type: 'scatter',
        symbolSize: 10,
        data: runs.map((run) => ({
          value: [valueOn(run, x), valueOn(run, y)],
          itemStyle: { color: runColour(run) },
        })),
      },
    ],
  };
}

/** Each run as a point over any two of its metrics and params. */
export function CompareScatter({ runs }: { runs: readonly Run[] }) {
  const [{ scatterX, scatterY }, set] = useCompareAddress();
  const metrics = keysIn(runs, 'metrics').map((key) => `metrics.${key}`);
  const params = keysIn(runs, 'params').map((key) => `params.${key}`);
  const x = scatterX ?? params[0] ?? metrics[1] ?? metrics[0] ?? 'attributes.duration';
  const y = scatterY ?? metrics[0] ?? 'attributes.duration';
  const complete = runs.filter((run) => valueOn(run, x) !== null && valueOn(run, y) !== null);
  const option = useCallback((dark: boolean) => scatterOption(complete, x, y, dark), [complete, x, y]);
  return (
    <Stack>
      <Group>
        <Select
          label="X"
          searchable
          data={axesOf(runs)}
          value={x}
          onChange={(to) => set({ scatterX: to ?? undefined })}
        />
        <Select
          label="Y"
          searchable
          data={axesOf(runs)}
          value={y}
          onChange={(to) => set({ scatterY: to ?? undefined })}
        />
      </Group>
      {complete.length === 0 ? (
        <Nothing title="No run has both" />
      ) : (
        <ChartFrame
          title={`${axisName(y)} over ${axisName(x)}`}
          height={460}
          optionOf={option}
          numbers={() => runNumbers(complete, [x, y])}
        />
      )}
      {complete.length < runs.length ? (
        <Text size="xs" c="dimmed">
          {runs.length - complete.length} runs have not both values.
        </Text>
      ) : null}
    </Stack>
  );
}
