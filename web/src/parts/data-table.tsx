import { Button, Group, ScrollArea, Table, Text, TextInput, UnstyledButton } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconSearch } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { Nothing } from './query-state.tsx';

export interface Column<T> {
  readonly title: string;
  readonly cell: (row: T) => ReactNode;
  /** Gives the column an order; the rows of the page are sorted by it. */
  readonly sort?: (row: T) => string | number | null;
  readonly numeric?: boolean;
}

type Sorting = { readonly column: number; readonly ascending: boolean } | null;

function sorted<T>(rows: readonly T[], columns: readonly Column<T>[], sorting: Sorting): readonly T[] {
  const by = sorting === null ? undefined : columns[sorting.column]?.sort;
  if (by === undefined || sorting === null) return rows;
  const sign = sorting.ascending ? 1 : -1;
  return [...rows].sort((a, b) => {
    const [x, y] = [by(a), by(b)];
    if (x === y) return 0;
    if (x === null) return 1;
    if (y === null) return -1;
    return x < y ? -sign : sign;
  });
}

function Heading<T>({
  column,
  index,
  sorting,
  setSorting,
}: {
  column: Column<T>;
  index: number;
  sorting: Sorting;
  setSorting: (sorting: Sorting) => void;
}) {
  const active = sorting?.column === index;
  const order = active ? (sorting.ascending ? 'ascending' : 'descending') : 'none';
  const Icon = active && sorting.ascending ? IconArrowUp : IconArrowDown;
  return (
    <Table.Th ta={column.numeric === true ? 'right' : 'left'} aria-sort={order}>
      {column.sort === undefined ? (
        column.title
      ) : (
        <UnstyledButton
          fz="sm"
          fw={700}
          onClick={() => setSorting({ column: index, ascending: active ? !sorting.ascending : true })}
        >
          {column.title} <Icon size={12} opacity={active ? 1 : 0.25} />
        </UnstyledButton>
      )}
    </Table.Th>
  );
}

/** A row that opens something, by mouse or keyboard; buttons, links and boxes inside it keep to themselves. */
const opening = (open: () => void) => ({
  tabIndex: 0,
  onClick: ({ target }: { target: EventTarget }) => {
    if (!(target instanceof Element && target.closest('a, button, input, label') !== null)) open();
  },
  onKeyDown: ({ key, target, currentTarget }: { key: string; target: EventTarget; currentTarget: EventTarget }) => {
    if (key === 'Enter' && target === currentTarget) open();
  },
});

/** Rows of one page of the server, with search and paging done there. */
export function DataTable<T>({
  rows,
  columns,
  rowKey,
  empty,
  search,
  onSearch,
  next,
  previous,
  onRow,
}: {
  rows: readonly T[];
  columns: readonly Column<T>[];
  rowKey: (row: T) => string;
  empty: ReactNode;
  search?: string;
  onSearch?: (text: string) => void;
  next?: (() => void) | undefined;
  previous?: (() => void) | undefined;
  onRow?: (row: T) => void;
}) {
  const [sorting, setSorting] = useState<Sorting>(null);
  const shown = sorted(rows, columns, sorting);
  return (
    <div>
      {onSearch === undefined ? null : (
        <TextInput
          mb="sm"
          maw={360}
          aria-label="Search"
          placeholder="Search by name"
          leftSection={<IconSearch size={16} />}
          value={search ?? ''}
          onChange={(event) => onSearch(event.currentTarget.value)}
        />
      )}
      {rows.length === 0 ? (
        <Nothing title={search ? `Nothing is called like “${search}”` : 'Nothing yet'}>{search ? null : empty}</Nothing>
      ) : (
        <ScrollArea>
          <Table highlightOnHover stickyHeader verticalSpacing={6}>
            <Table.Thead>
              <Table.Tr>
                {columns.map((column, index) => (
                  <Heading key={column.title} {...{ column, index, sorting, setSorting }} />
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {shown.map((row) => (
                <Table.Tr
                  key={rowKey(row)}
                  style={onRow === undefined ? undefined : { cursor: 'pointer' }}
                  {...(onRow === undefined ? {} : opening(() => onRow(row)))}
                >
                  {columns.map(({ title, cell, numeric }) => (
                    <Table.Td key={title} ta={numeric === true ? 'right' : 'left'}>
                      {cell(row)}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </ScrollArea>
      )}
      {next === undefined && previous === undefined ? null : (
        <Group justify="flex-end" mt="sm" gap="xs">
          <Button size="xs" variant="default" disabled={previous === undefined} onClick={previous}>
            Newer
          </Button>
          <Text size="xs" c="dimmed">
            {rows.length} shown
          </Text>
          <Button size="xs" variant="default" disabled={next === undefined} onClick={next}>
            Older
          </Button>
        </Group>
      )}
    </div>
  );
}
