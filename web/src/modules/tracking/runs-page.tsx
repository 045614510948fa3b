import { PlatformError, type Run, type RunKeys } from '@flyball/api';
import { Button, Code, Group, SegmentedControl, Select, Switch, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconDownload } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { Page } from '../../parts/page.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';
import { ColumnChooser } from './column-chooser.tsx';
import { exportRuns } from './export-runs.ts';
import { FilterField } from './filter-field.tsx';
import { readNestedRuns, rowsOf } from './nested-runs.ts';
import { RetentionButton } from './retention-dialog.tsx';
import { RunActions } from './run-actions.tsx';
import { columnOf, type RunColumn, usualColumns } from './run-columns.tsx';
import { type ChangeRunsAddress, pageSizes, type RunsAddress, useChosen, useRunsAddress } from './runs-address.ts';
import { RunsTable } from './runs-table.tsx';

const PAGE_SIZE = 50;
const FRESH_MS = 10_000;

/** With a filter nested runs are found by themselves: their parents need not fit it. */
const isNested = ({ flat, filter }: RunsAddress): boolean => flat !== true && (filter ?? '') === '';

const searchOf = (address: RunsAddress) => ({
  experimentIds: address.experiment === undefined ? [] : [address.experiment],
  filter: address.filter ?? '',
  orderBy: address.sort ?? [],
  stage: address.stage ?? ('active' as const),
  limit: address.size ?? PAGE_SIZE,
  ...(isNested(address) ? { parents: [] } : {}),
});

function usePage(address: RunsAddress) {
  const body = searchOf(address);
  const ask = (pageToken: string | undefined) => ({
    queryKey: ['runs', 'search', body, pageToken],
    queryFn: () => server().searchRuns({ body: { ...body, ...(pageToken === undefined ? {} : { pageToken }) } }),
  });
  const query = useQuery(ask(address.pages?.at(-1)));
  const queries = useQueryClient();
  const next = query.data?.nextPageToken;
  useEffect(() => {
    if (next !== undefined) void queries.prefetchQuery({ ...ask(next), staleTime: FRESH_MS });
  });
  return query;
}

function useNested(runs: readonly Run[], address: RunsAddress) {
  const ids = runs.map(({ runId }) => runId);
  const stage = address.stage ?? 'active';
  return useQuery({
    queryKey: ['runs', 'nested', stage, ids],
    enabled: isNested(address) && ids.length > 0,
    queryFn: () => readNestedRuns(runs, stage),
  }).data;
}

function ExperimentSelect({ address, set }: { address: RunsAddress; set: ChangeRunsAddress }) {
  const { data } = useQuery({
    queryKey: ['runs', 'experiments'],
    queryFn: () => server().listExperiments({ query: { limit: 1000 } }),
  });
  const choices = (data?.items ?? []).map(({ experimentId, name, runCount }) => ({
    value: experimentId,
    label: `${name} (${runCount})`,
  }));
  return (
    <Select
      aria-label="Experiment"
      placeholder="All experiments"
      searchable
      clearable
      limit={200}
      data={choices}
      value={address.experiment ?? null}
      onChange={(value) => set({ experiment: value ?? undefined, pages: undefined, columns: undefined })}
    />
  );
}

function Controls({
  address,
  set,
  keys,
  error,
  shown,
}: {
  address: RunsAddress;
  set: ChangeRunsAddress;
  keys: RunKeys | undefined;
  error: string | undefined;
  shown: readonly string[];
}) {
  return (
    <Group align="flex-start" gap="xs">
      <ExperimentSelect address={address} set={set} />
      <FilterField
        filter={address.filter ?? ''}
        keys={keys}
        error={error}
        onFilter={(filter) => set({ filter: filter === '' ? undefined : filter, pages: undefined })}
      />
      <SegmentedControl
        aria-label="Lifecycle"
        data={[
          { value: 'active', label: 'Active' },
          { value: 'deleted', label: 'Trash' },
        ]}
        value={address.stage ?? 'active'}
        onChange={(stage) =>
          set({ stage: stage === 'deleted' ? 'deleted' : undefined, pages: undefined, chosen: undefined })
        }
      />
      <ColumnChooser keys={keys} shown={shown} set={(columns) => set({ columns })} />
    </Group>
  );
}

function Paging({ address, set, shown, next }: PagingProps) {
  const { pages = [], size = PAGE_SIZE } = address;
  return (
    <Group justify="space-between" gap="xs">
      <Switch
        size="xs"
        label={
          isNested(address) || address.flat === true
            ? 'Nested runs under their parents'
            : 'Filtered runs are not nested'
        }
        disabled={(address.filter ?? '') !== ''}
        checked={isNested(address)}
        onChange={() => set({ flat: address.flat === true ? undefined : true, pages: undefined })}
      />
      <Group gap="xs">
        <Select
          size="xs"
          w={130}
          aria-label="Runs per page"
          allowDeselect={false}
          data={pageSizes.map((value) => ({ value: String(value), label: `${value} per page` }))}
          value={String(size)}
          onChange={(value) => set({ size: Number(value), pages: undefined })}
        />
        <Button
          size="xs"
          variant="default"
          disabled={pages.length === 0}
          onClick={() => set({ pages: pages.length === 1 ? undefined : pages.slice(0, -1) })}
        >
          Previous
        </Button>
        <Text size="xs" c="dimmed" aria-live="polite">
          {shown === 0 ? 'none' : `${pages.length * size + 1} … ${pages.length * size + shown}`}
        </Text>
        <Button
          size="xs"
          variant="default"
          disabled={next === undefined}
          onClick={() => set({ pages: [...pages, next ?? ''] })}
        >
          Next
        </Button>
      </Group>
    </Group>
  );
}

interface PagingProps {
  readonly address: RunsAddress;
  readonly set: ChangeRunsAddress;
  readonly shown: number;
  readonly next: string | undefined;
}

function Empty({ address }: { address: RunsAddress }) {
  if ((address.pages ?? []).length > 0) return <Nothing title="No more runs" />;
  if ((address.filter ?? '') !== '') return <Nothing title="No run fits the filter" />;
  if (address.stage === 'deleted') return <Nothing title="The trash is empty" />;
  return (
    <Nothing title="No runs yet">
      Train in a pipeline, or log with MLflow: <Code>MLFLOW_TRACKING_URI={location.origin}</Code>
    </Nothing>
  );
}

async function saveTable(address: RunsAddress, columns: readonly RunColumn[]): Promise<void> {
  const { count, isCut } = await exportRuns(searchOf({ ...address, flat: true }), columns);
  notifications.show({ message: `${count} runs saved${isCut ? '; there are more than one file holds' : ''}` });
}

function useKeys(experiment: string | undefined): RunKeys | undefined {
  return useQuery({
    queryKey: ['run-keys', experiment],
    queryFn: () => server().listRunKeys({ query: experiment === undefined ? {} : { experiment } }),
    staleTime: 15_000,
  }).data;
}

const toggled = (list: readonly string[], item: string): string[] =>
  list.includes(item) ? list.filter((one) => one !== item) : [...list, item];

function Found({ address, set, items }: { address: RunsAddress; set: ChangeRunsAddress; items: readonly Run[] }) {
  const navigate = useNavigate();
  const { chosen, choose } = useChosen(address, set);
  const { open = [], sort = [] } = address;
  const nested = useNested(items, address);
  const columns = shownColumns(address, items);
  return (
    <>
      {chosen.length === 0 ? null : (
        <RunActions chosen={chosen} isTrash={address.stage === 'deleted'} choose={choose} />
      )}
      {nested?.isCut === true ? (
        <Text size="xs" c="dimmed">
          Of the nested runs the newest 1,000 are shown.
        </Text>
      ) : null}
      {items.length === 0 ? (
        <Empty address={address} />
      ) : (
        <RunsTable
          rows={rowsOf(items, nested, open)}
          columns={columns}
          chosen={new Set(chosen)}
          setChosen={choose}
          sort={sort}
          setSort={(next) => set({ sort: next.length === 0 ? undefined : next, pages: undefined })}
          actions={{
            choose: (run) => choose(toggled(chosen, run)),
            open: (run) => void navigate({ to: '/runs/$run', params: { run } }),
            unfold: (run) => set({ open: toggled(open, run) }),
          }}
        />
      )}
    </>
  );
}

const shownColumns = ({ columns }: RunsAddress, runs: readonly Run[]): RunColumn[] =>
  (columns ?? usualColumns(runs)).map(columnOf).filter((column) => column !== null);

export function RunsPage() {
  const [address, set] = useRunsAddress();
  const query = usePage(address);
  const keys = useKeys(address.experiment);
  const refused = query.error instanceof PlatformError && query.error.code === 'invalid_input' ? query.error : null;
  const columns = shownColumns(address, query.data?.items ?? []);
  return (
    <Page
      title="Runs"
      description="What was tried, with what, and how well it did"
      actions={
        <>
          {address.experiment === undefined ? null : <RetentionButton experiment={address.experiment} />}
          <Button
            variant="default"
            leftSection={<IconDownload size={16} />}
            disabled={(query.data?.items ?? []).length === 0}
            onClick={() => void saveTable(address, columns)}
          >
            CSV
          </Button>
        </>
      }
    >
      <Controls address={address} set={set} keys={keys} error={refused?.message} shown={columns.map(({ id }) => id)} />
      {refused === null ? (
        <QueryState query={query} height={400}>
          {({ items, nextPageToken }) => (
            <>
              <Found address={address} set={set} items={items} />
              <Paging address={address} set={set} shown={items.length} next={nextPageToken} />
            </>
          )}
        </QueryState>
      ) : (
        <Nothing title="The server does not understand the filter">
          What it says stands below the filter.{' '}
          {address.sort === undefined ? null : (
            <Button size="compact-xs" variant="subtle" onClick={() => set({ sort: undefined, pages: undefined })}>
              Drop the order
            </Button>
          )}
        </Nothing>
      )}
    </Page>
  );
}
