import { Button, Group, ScrollArea, Table, Text, UnstyledButton } from '@mantine/core';
import { formatCount } from './format.ts';
import { Nothing } from './query-state.tsx';

const moment = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.000)?(\.\d+)?Z$/;

const show = (value: unknown): string => {
  if (value === null || value === undefined) return '';
  // Data are shown to their last digit: of a moment only what says nothing goes.
  return typeof value === 'object' ? JSON.stringify(value) : String(value).replace(moment, '$1 $2$3');
};

/** Columns that are sorted descending are called so with a minus. */
function nextOrder(name: string, order: string | undefined): string {
  return order === name ? `-${name}` : name;
}

function Head({
  column: { name, type },
  numeric,
  order,
  onOrder,
}: {
  column: { readonly name: string; readonly type: string };
  numeric: boolean;
  order: string | undefined;
  onOrder: ((order: string) => void) | undefined;
}) {
  const arrow = order === name ? ' ↑' : order === `-${name}` ? ' ↓' : '';
  const sorted = arrow === '' ? 'none' : arrow === ' ↑' ? 'ascending' : 'descending';
  return (
    <Table.Th ta={numeric ? 'right' : 'left'} aria-sort={sorted}>
      {onOrder === undefined ? (
        name
      ) : (
        <UnstyledButton fz="sm" fw={700} onClick={() => onOrder(nextOrder(name, order))}>
          {name}
          {arrow}
        </UnstyledButton>
      )}
      <Text size="xs" c="dimmed">
        {type}
      </Text>
    </Table.Th>
  );
}

/** Rows of data as they are; the server pages and sorts them. */
export function RowsTable({
  columns,
  rows,
  total,
  offset = 0,
  pageRows = rows.length,
  onOffset,
  order,
  onOrder,
}: {
  columns: readonly { readonly name: string; readonly type: string }[];
  rows: readonly Record<string, unknown>[];
  total: number;
  offset?: number;
  pageRows?: number;
  onOffset?: (offset: number) => void;
  order?: string | undefined;
  onOrder?: (order: string) => void;
}) {
  if (rows.length === 0 && offset === 0) return <Nothing title="No rows" />;
  const numbered = rows.map((row, place) => ({ row, place }));
  const isNumeric = (name: string): boolean => rows.some((row) => typeof row[name] === 'number');
  const last = offset + rows.length;
  return (
    <div>
      <ScrollArea>
        <Table stickyHeader striped verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              {columns.map((column) => (
                <Head
                  key={column.name}
                  column={column}
                  numeric={isNumeric(column.name)}
                  order={order}
                  onOrder={onOrder}
                />
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {numbered.map(({ row, place }) => (
              <Table.Tr key={place}>
                {columns.map(({ name }) => (
                  <Table.Td key={name} ta={isNumeric(name) ? 'right' : 'left'}>
                    {show(row[name])}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea>
      <Group justify="flex-end" mt="xs" gap="xs">
        <Text size="xs" c="dimmed">
          {formatCount(rows.length === 0 ? 0 : offset + 1)} … {formatCount(last)} of {formatCount(total)} rows
        </Text>
        {onOffset === undefined ? null : (
          <>
            <Button
              size="xs"
              variant="default"
              disabled={offset === 0}
              onClick={() => onOffset(Math.max(0, offset - pageRows))}
            >
              Previous
            </Button>
            <Button size="xs" variant="default" disabled={last >= total} onClick={() => onOffset(offset + pageRows)}>
              Next
            </Button>
          </>
        )}
      </Group>
    </div>
  );
}
