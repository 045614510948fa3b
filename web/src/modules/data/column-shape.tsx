import type { ColumnProfile } from '@flyball/api';
import { Group, Popover, ScrollArea, Table, Text, UnstyledButton } from '@mantine/core';
import { formatCount, formatNumber } from '../../parts/format.ts';

interface Bar {
  readonly place: number;
  readonly label: string;
  readonly count: number;
}

const WIDEST = 30;

function barsOf({ histogram, top }: ColumnProfile): Bar[] {
  if (histogram.length === 0) return top.map(({ value, count }, place) => ({ place, label: value, count }));
  return histogram.map(({ low, high, count }, place) => ({
    place,
    label: `${formatNumber(low)} to ${formatNumber(high)}`,
    count,
  }));
}

function Numbers({ bars, total, isTop }: { bars: readonly Bar[]; total: number; isTop: boolean }) {
  return (
    <ScrollArea.Autosize mah={280}>
      <Table fz="xs" verticalSpacing={2} stickyHeader>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{isTop ? 'Value' : 'Range'}</Table.Th>
            <Table.Th ta="right">Rows</Table.Th>
            <Table.Th ta="right">Share</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {bars.map(({ place, label, count }) => (
            <Table.Tr key={place}>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{label}</Table.Td>
              <Table.Td ta="right">{formatCount(count)}</Table.Td>
              <Table.Td ta="right">{((100 * count) / Math.max(1, total)).toFixed(1)} %</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea.Autosize>
  );
}

/** The shape of a column at a glance, bars as high as their share; its numbers are one click away. */
export function ColumnShape({ column }: { column: ColumnProfile }) {
  const bars = barsOf(column);
  if (bars.length === 0) {
    return (
      <Text size="xs" c="dimmed" h={32}>
        No values
      </Text>
    );
  }
  const most = Math.max(1, ...bars.map(({ count }) => count));
  return (
    <Popover withArrow shadow="md" position="bottom-start" trapFocus returnFocus>
      <Popover.Target>
        <UnstyledButton aria-label={`Show the numbers of ${column.name}`} title="Show the numbers" display="block">
          <Group gap={1} align="flex-end" h={32} wrap="nowrap" aria-hidden>
            {bars.slice(0, WIDEST).map(({ place, count }) => (
              <div
                key={place}
                style={{
                  width: 5,
                  height: `${Math.max(4, (100 * count) / most)}%`,
                  background: 'var(--mantine-primary-color-filled)',
                }}
              />
            ))}
          </Group>
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown maw={360}>
        <Numbers bars={bars} total={column.count} isTop={column.histogram.length === 0} />
      </Popover.Dropdown>
    </Popover>
  );
}
