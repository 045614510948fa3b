import { Button, Group, ScrollArea, Table, Text, TextInput, UnstyledButton } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconSearch } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { Nothing } from './query-state.tsx';

export interface Column<T> {
  readonly title: string;
  readonly cell: (row: T) => ReactNode;
  /** Gives the column an order, which holds where all rows are on one page. */
  readonly sort?: (row: T) => string | number | null;
  readonly numeric?: boolean;
  /** What the server calls the column when it sorts. */
  readonly order?: string;
}

/** An order that the server keeps, over all pages. */
export interface ServerOrder {
  readonly by: string | undefined;
  readonly ascending: boolean;
  readonly set: (by: string, ascending: boolean) => void;
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

type Order = 'none' | 'ascending' | 'descending';

function Heading({
  title,
  numeric,
  order,
  sort,
}: {
  title: string;
  numeric: boolean;
  order: Order;
  sort: ((ascending: boolean) => void) | undefined;
}) {
  const Icon = order === 'ascending' ? IconArrowUp : IconArrowDown;
  return (
    <Table.Th ta={numeric ? 'right' : 'left'} aria-sort={order}>
      {sort === undefined ? (
        title
      ) : (
        <UnstyledButton fz="sm" fw={700} onClick={() => sort(order !== 'ascending')}>
          {title} <Icon size={12} opacity={order === 'none' ? 0.25 : 1} />
        </UnstyledButton>
      )}
    </Table.Th>
  );
}

const orderOf = (active: boolean, ascending: boolean | undefined): Order =>
  active ? (ascending === true ? 'ascending' : 'descending') : 'none';

/** How the rows are sorted: by the server, or here where all of them are on this page. */
function useSorting<T>(rows: readonly T[], columns: readonly Column<T>[], isWhole: boolean, kept?: ServerOrder) {
  const [sorting, setSorting] = useState<Sorting>(null);
  if (kept !== undefined) {
    const headings = columns.map(({ order }) => ({
      order: orderOf(order !== undefined && order === kept.by, kept.ascending),
      sort: order === undefined ? undefined : (ascending: boolean) => kept.set(order, ascending),
    }));
    return { shown: rows, headings };
  }
  const headings = columns.map(({ sort }, column) => ({
    order: orderOf(isWhole && sorting?.column === column, sorting?.ascending),
    sort: sort === undefined || !isWhole ? undefined : (ascending: boolean) => setSorting({ column, ascending }),
  }));
  return { shown: isWhole ? sorted(rows, columns, sorting) : rows, headings };
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
  order,
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
  /** Absent: the server has one order only. */
  order?: ServerOrder;
}) {
  const isWhole = next === undefined && previous === undefined;
  const { shown, headings } = useSorting(rows, columns, isWhole, order);
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
                  <Heading
                    key={column.title}
                    title={column.title}
                    numeric={column.numeric === true}
                    order={headings[index]?.order ?? 'none'}
                    sort={headings[index]?.sort}
                  />
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
                    <Table.Td
                      key={title}
                      ta={numeric === true ? 'right' : 'left'}
                      style={numeric === true ? { whiteSpace: 'nowrap' } : undefined}
                    >
                      {cell(row)}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </ScrollArea>
      )}
      {isWhole ? null : (
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
