import { ScrollArea, Table, Text } from '@mantine/core';
import { Nothing } from './query-state.tsx';

const show = (value: unknown): string =>
  value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);

/** Rows of data as they are. */
export function RowsTable({
  columns,
  rows,
  total,
}: {
  columns: readonly { readonly name: string; readonly type: string }[];
  rows: readonly Record<string, unknown>[];
  total: number;
}) {
  if (rows.length === 0) return <Nothing title="No rows" />;
  const numbered = rows.map((row, place) => ({ row, place }));
  return (
    <ScrollArea>
      <Table stickyHeader striped verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            {columns.map(({ name, type }) => (
              <Table.Th key={name}>
                {name}
                <Text size="xs" c="dimmed">
                  {type}
                </Text>
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {numbered.map(({ row, place }) => (
            <Table.Tr key={place}>
              {columns.map(({ name }) => (
                <Table.Td key={name}>{show(row[name])}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Text size="xs" c="dimmed" mt="xs">
        {rows.length} of {total} rows
      </Text>
    </ScrollArea>
  );
}
