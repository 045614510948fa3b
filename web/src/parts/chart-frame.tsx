import { ActionIcon, Group, Menu, ScrollArea, Table, Text, Tooltip } from '@mantine/core';
import { IconChartLine, IconDownload, IconPhotoDown, IconTable } from '@tabler/icons-react';
import type { ECharts, EChartsCoreOption } from 'echarts/core';
import { useCallback, useRef, useState } from 'react';
import { saveCsv, saveFile } from './csv.ts';
import { formatNumber } from './format.ts';
import { Plot, pngOf, svgOf } from './plot.tsx';

export interface NumbersTable {
  readonly heads: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

const SHOWN_ROWS = 1000;

function Numbers({ numbers, height }: { numbers: NumbersTable; height: number }) {
  const { heads, rows } = numbers;
  const numbered = rows.slice(-SHOWN_ROWS).map((row, place) => ({ row, place }));
  const columns = heads.map((head, column) => ({
    head,
    column,
    side: rows.every((row) => typeof row[column] !== 'string') ? ('right' as const) : ('left' as const),
  }));
  return (
    <ScrollArea h={height}>
      {rows.length > SHOWN_ROWS ? (
        <Text size="xs" c="dimmed">
          The last {SHOWN_ROWS} of {rows.length}; the CSV file holds all.
        </Text>
      ) : null}
      <Table stickyHeader fz="sm" verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            {columns.map(({ head, column, side }) => (
              <Table.Th key={column} ta={side}>
                {head}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {numbered.map(({ row, place }) => (
            <Table.Tr key={place}>
              {columns.map(({ column, side }) => (
                <Table.Td key={column} ta={side}>
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

const fileName = (title: string, ending: string): string =>
  `${title.replace(/[^\w.-]+/g, '-').slice(0, 100) || 'chart'}.${ending}`;

function PictureMenu({ title, chart }: { title: string; chart: () => ECharts | null }) {
  const save = (ending: 'png' | 'svg'): void => {
    const drawn = chart();
    if (drawn !== null) saveFile(fileName(title, ending), ending === 'png' ? pngOf(drawn) : svgOf(drawn));
  };
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <ActionIcon variant="subtle" aria-label="Download picture" title="Download picture">
          <IconPhotoDown size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => save('png')}>PNG</Menu.Item>
        <Menu.Item onClick={() => save('svg')}>SVG</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

interface ToolsProps {
  readonly title: string;
  readonly isNumbers: boolean;
  readonly toggle: () => void;
  readonly numbers: () => NumbersTable;
  /** Null where there is no chart to take a picture of. */
  readonly chart: (() => ECharts | null) | null;
}

function ChartTools({ title, isNumbers, toggle, numbers, chart }: ToolsProps) {
  const label = isNumbers ? 'Show the chart' : 'Show the numbers';
  const saveNumbers = (): void => {
    const { heads, rows } = numbers();
    saveCsv(fileName(title, 'csv'), [heads, ...rows]);
  };
  return (
    <Group gap={4} wrap="nowrap">
      <Tooltip label={label}>
        <ActionIcon variant="subtle" aria-label={label} onClick={toggle}>
          {isNumbers ? <IconChartLine size={16} /> : <IconTable size={16} />}
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Download CSV">
        <ActionIcon variant="subtle" aria-label="Download CSV" onClick={saveNumbers}>
          <IconDownload size={16} />
        </ActionIcon>
      </Tooltip>
      {chart === null ? null : <PictureMenu title={title} chart={chart} />}
    </Group>
  );
}

export interface ChartFrameProps {
  readonly title: string;
  readonly height?: number;
  readonly optionOf: (dark: boolean) => EChartsCoreOption;
  readonly numbers: () => NumbersTable;
  readonly isEmpty?: boolean;
  /** For those who listen to the chart. */
  readonly onDrawn?: (chart: ECharts) => void;
}

/** What is drawn, its numbers one click away, and both to be taken: as PNG, SVG and CSV. */
export function ChartFrame({ title, height = 280, optionOf, numbers, isEmpty = false, onDrawn }: ChartFrameProps) {
  const [isNumbers, setNumbers] = useState(false);
  const drawn = useRef<ECharts | null>(null);
  const keep = useCallback(
    (chart: ECharts) => {
      drawn.current = chart;
      onDrawn?.(chart);
    },
    [onDrawn],
  );
  const isDrawn = !isEmpty && !isNumbers;
  return (
    <div>
      <Group justify="space-between" align="flex-start" wrap="nowrap" mb={4}>
        <Text fw={600} size="sm">
          {title}
        </Text>
        <ChartTools
          title={title}
          isNumbers={isNumbers}
          toggle={() => setNumbers(!isNumbers)}
          numbers={numbers}
          chart={isDrawn ? () => drawn.current : null}
        />
      </Group>
      {isEmpty ? (
        <Text c="dimmed" size="sm" h={height} ta="center" pt={80}>
          No values yet
        </Text>
      ) : isNumbers ? (
        <Numbers numbers={numbers()} height={height} />
      ) : (
        <Plot title={title} height={height} optionOf={optionOf} onDrawn={keep} />
      )}
    </div>
  );
}
