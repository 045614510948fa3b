import { ActionIcon, Group, ScrollArea, Table, Text, Tooltip, useComputedColorScheme } from '@mantine/core';
import { IconChartLine, IconDownload, IconTable } from '@tabler/icons-react';
import { BarChart, LineChart, ScatterChart } from 'echarts/charts';
import {
  DataZoomComponent,
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TooltipComponent,
} from 'echarts/components';
import { type ECharts, type EChartsCoreOption, init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useRef, useState } from 'react';
import { formatNumber } from './format.ts';

use([
  LineChart,
  BarChart,
  ScatterChart,
  GridComponent,
  TooltipComponent,
  LegendComponent,
  DataZoomComponent,
  MarkLineComponent,
  MarkAreaComponent,
  CanvasRenderer,
]);

export interface Series {
  readonly name: string;
  readonly kind?: 'line' | 'bar' | 'scatter';
  readonly points: readonly (readonly [x: number, y: number | null])[];
  readonly dashed?: boolean;
  readonly step?: boolean;
}

export interface ChartProps {
  readonly title: string;
  readonly series: readonly Series[];
  readonly xType?: 'time' | 'value' | 'log';
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

export interface NumbersTable {
  readonly heads: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
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

function optionOf(
  { series: given, xType = 'time', xName, yName, bounds = [], spans = [] }: ChartProps,
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
    color: ['#d49f3d', '#4c8eda', '#40a070', '#c2559d', '#8a6fd1', '#e8743b', '#3aa6a6', '#999999'],
    textStyle: { color: text },
    grid: { left: 56, right: 24, top: 36, bottom: xName === undefined ? 32 : 56 },
    legend: { top: 0, type: 'scroll', textStyle: { color: text } },
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
      type: 'value',
      name: yName,
      scale: true,
      splitLine: { lineStyle: { color: line } },
      axisLabel: { color: text, showMinLabel: levels.length === 0, showMaxLabel: levels.length === 0 },
      ...ends,
    },
    series: series.map(({ name, kind = 'line', points, dashed, step }, i) => ({
      name,
      type: kind,
      // A line of one point can only be seen as a point.
      showSymbol: (points.length < 60 && dashed !== true) || points.filter(([, y]) => y !== null).length === 1,
      symbolSize: kind === 'scatter' ? 8 : 5,
      sampling: 'minmax',
      ...(step === true ? { step: 'end' } : {}),
      lineStyle: { width: 2, type: dashed === true ? 'dashed' : 'solid' },
      data: points,
      ...(i === 0 && bounds.length > 0 ? { markLine } : {}),
      ...(i === 0 && spans.length > 0 ? { markArea } : {}),
    })),
  };
}

// A formula in a cell must not run in the spreadsheet that opens the file.
const cell = (text: string): string =>
  `"${(/^[=+\-@]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text).replaceAll('"', '""')}"`;

function numbersOf({ series, xType = 'time', xName, yName, numbers }: ChartProps): NumbersTable {
  if (numbers !== undefined) return numbers;
  return {
    heads: ['Series', xType === 'time' ? 'Time' : (xName ?? 'x'), yName ?? 'Value'],
    rows: series.flatMap(({ name, points }) => points.map(([x, y]) => [name, showX(x, xType), y])),
  };
}

function downloadCsv(props: ChartProps): void {
  const { heads, rows } = numbersOf(props);
  const lines = [heads, ...rows].map((row) => row.map((value) => cell(String(value ?? ''))).join(','));
  const url = URL.createObjectURL(new Blob([lines.join('\n')], { type: 'text/csv' }));
  Object.assign(document.createElement('a'), { href: url, download: `${props.title}.csv` }).click();
  URL.revokeObjectURL(url);
}

const SHOWN_ROWS = 1000;

function Numbers(props: ChartProps) {
  const { heads, rows } = numbersOf(props);
  const numbered = rows.slice(-SHOWN_ROWS).map((row, place) => ({ row, place }));
  const isNumber = heads.map((_, column) => rows.every((row) => typeof row[column] !== 'string'));
  const side = (column: number) => (isNumber[column] === true ? 'right' : 'left');
  return (
    <ScrollArea h={props.height ?? 280}>
      {rows.length > SHOWN_ROWS ? (
        <Text size="xs" c="dimmed">
          The last {SHOWN_ROWS} of {rows.length}; the CSV file holds all.
        </Text>
      ) : null}
      <Table stickyHeader fz="sm" verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            {heads.map((head, column) => (
              <Table.Th key={head} ta={side(column)}>
                {head}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {numbered.map(({ row, place }) => (
            <Table.Tr key={place}>
              {heads.map((head, column) => (
                <Table.Td key={head} ta={side(column)}>
                  {typeof row[column] === 'number' ? formatNumber(row[column], 6) : (row[column] ?? '–')}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea>
  );
}

function Canvas(props: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const dark = useComputedColorScheme('light') === 'dark';
  const drawn = useRef<ECharts | null>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const chart = init(element);
    drawn.current = chart;
    const resize = new ResizeObserver(() => chart.resize());
    resize.observe(element);
    return () => {
      resize.disconnect();
      chart.dispose();
    };
  }, []);
  useEffect(() => {
    drawn.current?.setOption(optionOf(props, dark), { replaceMerge: ['series'] });
  }, [props, dark]);
  return <div ref={place} style={{ height: props.height ?? 280 }} role="img" aria-label={props.title} />;
}

/** A chart whose numbers are one click away, and another click away as a file. */
export function Chart(props: ChartProps) {
  const [numbers, setNumbers] = useState(false);
  const empty = props.series.every(({ points }) => points.length === 0);
  return (
    <div>
      <Group justify="space-between" align="flex-start" wrap="nowrap" mb={4}>
        <Text fw={600} size="sm">
          {props.title}
        </Text>
        <Group gap={4} wrap="nowrap">
          <Tooltip label={numbers ? 'Show the chart' : 'Show the numbers'}>
            <ActionIcon
              variant="subtle"
              aria-label={numbers ? 'Show the chart' : 'Show the numbers'}
              onClick={() => setNumbers(!numbers)}
            >
              {numbers ? <IconChartLine size={16} /> : <IconTable size={16} />}
            </ActionIcon>
          </Tooltip>
          <Tooltip label="Download CSV">
            <ActionIcon variant="subtle" aria-label="Download CSV" onClick={() => downloadCsv(props)}>
              <IconDownload size={16} />
            </ActionIcon>
          </Tooltip>
        </Group>
      </Group>
      {empty ? (
        <Text c="dimmed" size="sm" h={props.height ?? 280} ta="center" pt={80}>
          No values yet
        </Text>
      ) : numbers ? (
        <Numbers {...props} />
      ) : (
        <Canvas {...props} />
      )}
    </div>
  );
}
