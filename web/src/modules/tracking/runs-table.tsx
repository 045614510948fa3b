import './runs-table.css';
import { ActionIcon, Checkbox, Group, Table, Text, UnstyledButton } from '@mantine/core';
import {
  IconArrowDown,
  IconArrowUp,
  IconChevronDown,
  IconChevronRight,
  IconPin,
  IconPinFilled,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { type KeyboardEvent, type MouseEvent, useRef } from 'react';
import { linkTo, placeOf } from '../../parts/go.tsx';
import { useWindow } from '../../parts/use-window.ts';
import type { RunRow } from './nested-runs.ts';
import type { RunColumn } from './run-columns.tsx';
import { RunDot } from './run-dot.tsx';

const ROW_HEIGHT = 36;
const nameColumn = { title: 'Run', group: '', order: 'attributes.run_name' };

/** The orders after a click on a heading: up, down, none; alone, or beside the others with shift. */
function nextSort(sort: readonly string[], order: string, isMore: boolean): string[] {
  const { place, isDown } = placeIn(sort, order);
  const next = place === -1 ? [`${order} ASC`] : isDown ? [] : [`${order} DESC`];
  if (!isMore) return next;
  return place === -1 ? [...sort, ...next] : [...sort.slice(0, place), ...next, ...sort.slice(place + 1)];
}

function placeIn(sort: readonly string[], order: string | undefined): { place: number; isDown: boolean } {
  const place = order === undefined ? -1 : sort.findIndex((one) => one.replace(/ (ASC|DESC)$/, '') === order);
  return { place, isDown: sort[place]?.endsWith(' DESC') === true };
}

interface Sorting {
  readonly sort: readonly string[];
  readonly setSort: (sort: string[]) => void;
}

function Heading({
  column: { title, group, numeric, order },
  sort,
  setSort,
}: Sorting & { column: Pick<RunColumn, 'title' | 'group' | 'numeric' | 'order'> }) {
  const { place, isDown } = placeIn(sort, order);
  const side = numeric === true ? 'right' : 'left';
  const Icon = isDown ? IconArrowDown : IconArrowUp;
  const words = (
    <>
      {group === '' ? null : (
        <Text size="xs" c="dimmed" fw={400}>
          {group}
        </Text>
      )}
      {title}
    </>
  );
  return (
    <Table.Th
      ta={side}
      title={title}
      className={title === 'Run' ? 'runs-table-pinned' : ''}
      aria-sort={place === -1 ? 'none' : isDown ? 'descending' : 'ascending'}
    >
      {order === undefined ? (
        words
      ) : (
        <UnstyledButton
          fz="sm"
          fw={700}
          ta={side}
          title={`Sort by ${title}; with Shift after the columns before`}
          onClick={({ shiftKey }) => setSort(nextSort(sort, order, shiftKey))}
        >
          {words} <Icon size={12} opacity={place === -1 ? 0.25 : 1} />
          {place > -1 && sort.length > 1 ? <sub>{place + 1}</sub> : null}
        </UnstyledButton>
      )}
    </Table.Th>
  );
}

interface RowActions {
  readonly choose: (run: string) => void;
  readonly open: (run: string) => void;
  /** Shows or hides what is nested. */
  readonly unfold: (run: string) => void;
  /** Keeps the run on top, or lets it go. */
  readonly pin: (run: string) => void;
}

const isOwn = (target: EventTarget): boolean =>
  target instanceof Element && target.closest('a, button, input, label') !== null;

const focusOn = (element: Element | null): void => (element instanceof HTMLElement ? element.focus() : undefined);

/** By mouse or keyboard: Enter opens, the space bar selects, P pins, the arrows move and unfold. */
const handlers = ({ run, nested, isOpen }: RunRow, { choose, open, unfold, pin }: RowActions) => ({
  onClick: ({ target }: MouseEvent) => {
    if (!isOwn(target)) open(run.runId);
  },
  onKeyDown: (event: KeyboardEvent<HTMLTableRowElement>) => {
    const { key, target, currentTarget } = event;
    const steps = new Map<string, () => void>([
      ['Enter', () => open(run.runId)],
      [' ', () => choose(run.runId)],
      ['p', () => pin(run.runId)],
      ['ArrowDown', () => focusOn(currentTarget.nextElementSibling)],
      ['ArrowUp', () => focusOn(currentTarget.previousElementSibling)],
    ]);
    if (nested > 0) steps.set(isOpen ? 'ArrowLeft' : 'ArrowRight', () => unfold(run.runId));
    const step = target === currentTarget ? steps.get(key) : undefined;
    if (step === undefined) return;
    event.preventDefault();
    step();
  },
});

function PinButton({ row: { run, isPinned }, pin }: { row: RunRow } & Pick<RowActions, 'pin'>) {
  return (
    <ActionIcon
      size="xs"
      variant="subtle"
      className={isPinned ? '' : 'runs-table-pin'}
      aria-pressed={isPinned}
      aria-label={`Pin ${run.name}`}
      title={isPinned ? 'Let it go from the top' : 'Keep it on top (P)'}
      onClick={() => pin(run.runId)}
    >
      {isPinned ? <IconPinFilled size={14} /> : <IconPin size={14} />}
    </ActionIcon>
  );
}

function NameCell({
  row,
  unfold,
  pin,
}: {
  row: RunRow;
} & Pick<RowActions, 'unfold' | 'pin'>) {
  const { run, depth, nested, isOpen } = row;
  return (
    <Group gap={4} wrap="nowrap" pl={depth * 20} maw={340}>
      <RunDot run={run} />
      {nested > 0 ? (
        <ActionIcon
          size="xs"
          variant="subtle"
          aria-expanded={isOpen}
          aria-label={`Runs nested in ${run.name}`}
          onClick={() => unfold(run.runId)}
        >
          {isOpen ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />}
        </ActionIcon>
      ) : null}
      <Text
        component={Link}
        {...linkTo(placeOf('runs', run.runId))}
        size="sm"
        c="var(--mantine-color-anchor)"
        truncate
        title={run.name}
      >
        {run.name || run.runId}
      </Text>
      {nested > 0 ? (
        <Text size="xs" c="dimmed">
          {nested}
        </Text>
      ) : null}
      <PinButton row={row} pin={pin} />
    </Group>
  );
}

function Row({
  row,
  columns,
  isChosen,
  actions,
}: {
  row: RunRow;
  columns: readonly RunColumn[];
  isChosen: boolean;
  actions: RowActions;
}) {
  const { run, depth } = row;
  return (
    <Table.Tr
      tabIndex={0}
      aria-selected={isChosen}
      aria-level={depth + 1}
      data-pinned={row.isPinned || undefined}
      style={{ cursor: 'pointer' }}
      {...handlers(row, actions)}
    >
      <Table.Td>
        <Checkbox
          size="xs"
          aria-label={`Select ${run.name}`}
          checked={isChosen}
          onChange={() => actions.choose(run.runId)}
        />
      </Table.Td>
      <Table.Td className="runs-table-pinned">
        <NameCell row={row} unfold={actions.unfold} pin={actions.pin} />
      </Table.Td>
      {columns.map((column) => (
        <Table.Td
          key={column.id}
          ta={column.numeric === true ? 'right' : 'left'}
          title={column.group === '' ? undefined : String(column.value(run) ?? '')}
        >
          {column.cell(run)}
        </Table.Td>
      ))}
    </Table.Tr>
  );
}

const Space = ({ rows, columns }: { rows: number; columns: number }) =>
  rows <= 0 ? null : (
    <tr aria-hidden>
      <td colSpan={columns} style={{ height: rows * ROW_HEIGHT }} />
    </tr>
  );

/** Runs with the chosen columns. Only the rows in sight are drawn. */
export function RunsTable({
  rows,
  columns,
  chosen,
  setChosen,
  actions,
  ...sorting
}: Sorting & {
  rows: readonly RunRow[];
  columns: readonly RunColumn[];
  chosen: ReadonlySet<string>;
  setChosen: (runs: readonly string[]) => void;
  actions: RowActions;
}) {
  const place = useRef<HTMLDivElement>(null);
  const { first, end } = useWindow(place, rows.length, ROW_HEIGHT);
  const here = rows.map(({ run }) => run.runId);
  const count = here.filter((run) => chosen.has(run)).length;
  const chooseAll = (): void => {
    const others = [...chosen].filter((run) => !here.includes(run));
    setChosen(count === here.length ? others : [...others, ...here]);
  };
  return (
    <div className="runs-table" ref={place}>
      <Table verticalSpacing={2} aria-rowcount={rows.length}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={36}>
              <Checkbox
                size="xs"
                aria-label="Select all on this page"
                checked={count > 0 && count === here.length}
                indeterminate={count > 0 && count < here.length}
                onChange={chooseAll}
              />
            </Table.Th>
            <Heading column={nameColumn} {...sorting} />
            {columns.map((column) => (
              <Heading key={column.id} column={column} {...sorting} />
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          <Space rows={first} columns={columns.length + 2} />
          {rows.slice(first, end).map((row) => (
            <Row
              key={row.run.runId}
              row={row}
              columns={columns}
              isChosen={chosen.has(row.run.runId)}
              actions={actions}
            />
          ))}
          <Space rows={rows.length - end} columns={columns.length + 2} />
        </Table.Tbody>
      </Table>
    </div>
  );
}
