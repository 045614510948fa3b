import './runs-table.css';
import type { RunGroup, RunKeys } from '@flyball/api';
import { Alert, Button, Group, Stack, Table, Text, UnstyledButton } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconArrowDown, IconArrowUp, IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { KeyboardEvent } from 'react';
import { saveCsv } from '../../parts/csv.ts';
import { formatCount, formatNumber } from '../../parts/format.ts';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';
import { CompareGroup } from './compare-group.tsx';
import { groupFilter } from './group-filter.ts';
import type { ChangeRunsAddress, RunsAddress } from './runs-address.ts';

const PAGE_SIZE = 100;
const EXPORT_AT_ONCE = 500;
const MOST_EXPORTED = 20_000;
const SHOWN_METRICS = 6;

const nameOf = (field: string): string => field.slice(field.indexOf('.') + 1);

/** The metrics of the chosen columns, or the first that there are. */
function metricsOf({ columns }: RunsAddress, keys: RunKeys | undefined): string[] {
  const chosen = columns?.filter((id) => id.startsWith('metrics.')).map(nameOf);
  return (chosen ?? (keys?.metrics ?? []).slice(0, SHOWN_METRICS)).slice(0, 50);
}

function bodyOf(address: RunsAddress, metrics: readonly string[]) {
  const { groupSort } = address;
  const isDown = groupSort?.startsWith('-') === true;
  const orderBy = isDown ? groupSort?.slice(1) : groupSort;
  const by = address.group ?? [];
  const isKnown =
    orderBy === 'runs' || by.includes(orderBy ?? '') || metrics.some((key) => orderBy === `metrics.${key}`);
  return {
    experimentIds: address.experiment === undefined ? [] : [address.experiment],
    filter: address.filter ?? '',
    stage: address.stage ?? ('active' as const),
    by,
    metrics: [...metrics],
    ...(isKnown ? { orderBy: orderBy!, descending: isDown } : {}),
  };
}

type Body = ReturnType<typeof bodyOf>;

async function saveGroups(body: Body): Promise<void> {
  const items: RunGroup[] = [];
  for (let total = 1; items.length < Math.min(total, MOST_EXPORTED); ) {
    const page = await server().groupRuns({ body: { ...body, offset: items.length, limit: EXPORT_AT_ONCE } });
    if (page.items.length === 0) break;
    items.push(...page.items);
    total = page.total;
  }
  const ends = ['mean', 'sd', 'n', 'min', 'max'];
  saveCsv('groups-of-runs.csv', [
    [...body.by, 'runs', ...body.metrics.flatMap((key) => ends.map((end) => `${key} (${end})`))],
    ...items.map(({ values, runs, metrics }) => [
      ...values,
      runs,
      ...body.metrics.flatMap((key) => {
        const found = metrics.find((metric) => metric.key === key);
        return found === undefined ? ['', '', 0, '', ''] : [found.mean, found.sd, found.count, found.min, found.max];
      }),
    ]),
  ]);
  notifications.show({ message: `${items.length} groups saved` });
}

interface Sorting {
  readonly sort: string | undefined;
  readonly setSort: (sort: string | undefined) => void;
}

function Heading({ title, above, order, numeric, sort, setSort }: Sorting & HeadingProps) {
  const isUp = sort === order;
  const isDown = sort === `-${order}`;
  const Icon = isDown ? IconArrowDown : IconArrowUp;
  return (
    <Table.Th ta={numeric ? 'right' : 'left'} aria-sort={isUp ? 'ascending' : isDown ? 'descending' : 'none'}>
      <UnstyledButton
        fz="sm"
        fw={700}
        ta={numeric ? 'right' : 'left'}
        onClick={() => setSort(isUp ? `-${order}` : isDown ? undefined : order)}
      >
        <Text size="xs" c="dimmed" fw={400}>
          {above}
        </Text>
        {title} <Icon size={12} opacity={isUp || isDown ? 1 : 0.25} />
      </UnstyledButton>
    </Table.Th>
  );
}

interface HeadingProps {
  readonly title: string;
  readonly above: string;
  readonly order: string;
  readonly numeric: boolean;
}

function MetricCell({ metric, runs }: { metric: RunGroup['metrics'][number] | undefined; runs: number }) {
  if (metric === undefined) return <Table.Td ta="right">–</Table.Td>;
  const { count, mean, sd, min, max } = metric;
  return (
    <Table.Td ta="right" title={`${min} … ${max}, ${count} of ${runs} runs`}>
      {formatNumber(mean)}
      <Text span size="xs" c="dimmed">
        {sd === null ? '' : ` ± ${formatNumber(sd, 3)}`}
        {count === runs ? '' : ` (${count})`}
      </Text>
    </Table.Td>
  );
}

const above = (field: string): string => ({ params: 'param', tags: 'tag' })[field.slice(0, field.indexOf('.'))] ?? '';

function GroupTable({
  items,
  body,
  address,
  open,
  ...sorting
}: Sorting & {
  items: readonly RunGroup[];
  body: Body;
  address: RunsAddress;
  open: (group: RunGroup) => void;
}) {
  return (
    <div className="runs-table">
      <Table verticalSpacing={2} highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            {body.by.map((field) => (
              <Heading
                key={field}
                title={nameOf(field)}
                above={above(field)}
                order={field}
                numeric={false}
                {...sorting}
              />
            ))}
            <Heading title="Runs" above="" order="runs" numeric {...sorting} />
            {body.metrics.map((key) => (
              <Heading key={key} title={key} above="mean ± sd of" order={`metrics.${key}`} numeric {...sorting} />
            ))}
            <Table.Th aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((group) => (
            <Table.Tr
              key={JSON.stringify(group.values)}
              tabIndex={0}
              style={{ cursor: 'pointer' }}
              title="Show these runs"
              onClick={() => open(group)}
              onKeyDown={({ key }: KeyboardEvent) => (key === 'Enter' ? open(group) : undefined)}
            >
              {body.by.map((field, i) => (
                <Table.Td key={field} title={group.values[i] ?? 'not logged'}>
                  {group.values[i] ?? (
                    <Text span size="sm" c="dimmed">
                      not logged
                    </Text>
                  )}
                </Table.Td>
              ))}
              <Table.Td ta="right">{formatCount(group.runs)}</Table.Td>
              {body.metrics.map((key) => (
                <MetricCell key={key} metric={group.metrics.find((one) => one.key === key)} runs={group.runs} />
              ))}
              <Table.Td ta="right">
                <CompareGroup address={address} group={group} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Pager({ offset, shown, total, runs, set }: PagerProps) {
  return (
    <Group justify="flex-end" gap="xs">
      <Text size="xs" c="dimmed" aria-live="polite">
        {shown === 0 ? 'none' : `${formatCount(offset + 1)} … ${formatCount(offset + shown)}`} of {formatCount(total)}{' '}
        groups, {formatCount(runs)} runs
      </Text>
      <Button
        size="xs"
        variant="default"
        disabled={offset === 0}
        onClick={() => set({ groupOffset: offset <= PAGE_SIZE ? undefined : offset - PAGE_SIZE })}
      >
        Previous
      </Button>
      <Button
        size="xs"
        variant="default"
        disabled={offset + shown >= total}
        onClick={() => set({ groupOffset: offset + PAGE_SIZE })}
      >
        Next
      </Button>
    </Group>
  );
}

interface PagerProps {
  readonly offset: number;
  readonly shown: number;
  readonly total: number;
  readonly runs: number;
  readonly set: ChangeRunsAddress;
}

function openGroup(address: RunsAddress, set: ChangeRunsAddress, { values }: RunGroup): void {
  const filter = groupFilter(address.filter ?? '', address.group ?? [], values);
  if (filter === null) {
    notifications.show({ color: 'yellow', message: 'The filter language cannot say a value that has both quotes' });
    return;
  }
  set({ filter, group: undefined, groupOffset: undefined, groupSort: undefined, pages: undefined });
}

/** Runs with the same values as one row, over all that fit the filter. */
export function RunsGrouped({
  address,
  set,
  keys,
}: {
  address: RunsAddress;
  set: ChangeRunsAddress;
  keys: RunKeys | undefined;
}) {
  const body = bodyOf(address, metricsOf(address, keys));
  const offset = address.groupOffset ?? 0;
  const query = useQuery({
    // Not among what each logged metric makes stale: it looks at all runs.
    queryKey: ['run-groups', body, offset],
    refetchInterval: 30_000,
    enabled: keys !== undefined,
    queryFn: () => server().groupRuns({ body: { ...body, offset, limit: PAGE_SIZE } }),
    placeholderData: (old) => old,
  });
  return (
    <QueryState query={query} height={400}>
      {({ items, total, runs }) => (
        <Stack gap="xs">
          {total === runs && runs > 1 ? (
            <Alert color="yellow" p="xs">
              Each group has one run: leave out what differs in every run, such as the seed.
            </Alert>
          ) : null}
          {items.length === 0 ? (
            <Nothing title="No run fits the filter" />
          ) : (
            <GroupTable
              items={items}
              body={body}
              address={address}
              open={(group) => openGroup(address, set, group)}
              sort={address.groupSort}
              setSort={(groupSort) => set({ groupSort, groupOffset: undefined })}
            />
          )}
          <Group justify="space-between">
            <Button
              size="xs"
              variant="default"
              leftSection={<IconDownload size={14} />}
              disabled={items.length === 0}
              onClick={() => void saveGroups(body)}
            >
              CSV of the groups
            </Button>
            <Pager offset={offset} shown={items.length} total={total} runs={runs} set={set} />
          </Group>
        </Stack>
      )}
    </QueryState>
  );
}
