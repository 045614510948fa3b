import { PlatformError, type Run, type RunKeys } from '@flyball/api';
import { Button, Code, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconDownload } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import { Page } from '../../parts/page.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';
import { ExperimentDeleteButton, ExperimentsTrash } from './experiments-trash.tsx';
import { exportRuns } from './export-runs.ts';
import { readNestedRuns, rowsOf } from './nested-runs.ts';
import { PurgesList } from './purges-list.tsx';
import { RetentionButton } from './retention-dialog.tsx';
import { RunActions } from './run-actions.tsx';
import { columnOf, type RunColumn, usualColumns } from './run-columns.tsx';
import {
  type ChangeRunsAddress,
  isNested,
  MOST_PINNED,
  PAGE_SIZE,
  type RunsAddress,
  useChosen,
  useRunsAddress,
} from './runs-address.ts';
import { Lifecycle, RunsControls, RunsPaging, TrashParts } from './runs-controls.tsx';
import { RunsGrouped } from './runs-grouped.tsx';
import { RunsTable } from './runs-table.tsx';
import { SavedViews } from './saved-views.tsx';

const FRESH_MS = 10_000;

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

/** Pinned runs are shown whatever is filtered and wherever the list is. */
function usePinned({ pinned = [] }: RunsAddress): readonly Run[] {
  const ids = pinned.map(String).filter((id) => /^[\w-]{1,64}$/.test(id));
  const { data } = useQuery({
    queryKey: ['runs', 'pinned', ids],
    enabled: ids.length > 0,
    queryFn: () => {
      const filter = `attributes.run_id IN (${ids.map((id) => `'${id}'`).join(', ')})`;
      return server().searchRuns({ body: { filter, stage: 'all', limit: MOST_PINNED } });
    },
    placeholderData: (old) => old,
  });
  return ids.flatMap((id) => data?.items.find(({ runId }) => runId === id) ?? []);
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

function pinOrLetGo(address: RunsAddress, set: ChangeRunsAddress, run: string): void {
  const pinned = toggled((address.pinned ?? []).map(String), run);
  if (pinned.length > MOST_PINNED) {
    notifications.show({ color: 'yellow', message: `At most ${MOST_PINNED} runs can be pinned` });
    return;
  }
  set({ pinned: pinned.length === 0 ? undefined : pinned });
}

function Found({ address, set, items }: { address: RunsAddress; set: ChangeRunsAddress; items: readonly Run[] }) {
  const navigate = useNavigate();
  const { chosen, choose } = useChosen(address, set);
  const { open = [], sort = [] } = address;
  const pinned = usePinned(address);
  const nested = useNested([...pinned, ...items], address);
  const columns = shownColumns(address, items);
  const rows = rowsOf(items, { nested, open, pinned });
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
      {rows.length === 0 ? null : (
        <RunsTable
          rows={rows}
          columns={columns}
          chosen={new Set(chosen)}
          setChosen={choose}
          sort={sort}
          setSort={(next) => set({ sort: next.length === 0 ? undefined : next, pages: undefined })}
          actions={{
            choose: (run) => choose(toggled(chosen, run)),
            open: (run) => void navigate({ to: '/runs/$run', params: { run } }),
            unfold: (run) => set({ open: toggled(open, run) }),
            pin: (run) => pinOrLetGo(address, set, run),
          }}
        />
      )}
      {items.length === 0 ? <Empty address={address} /> : null}
    </>
  );
}

const shownColumns = ({ columns }: RunsAddress, runs: readonly Run[]): RunColumn[] =>
  (columns ?? usualColumns(runs)).map(columnOf).filter((column) => column !== null);

function FoundPage({ address, set, query }: { address: RunsAddress; set: ChangeRunsAddress; query: PageQuery }) {
  return (
    <QueryState query={query} height={400}>
      {({ items, nextPageToken }) => (
        <>
          <Found address={address} set={set} items={items} />
          <RunsPaging address={address} set={set} shown={items.length} next={nextPageToken} />
        </>
      )}
    </QueryState>
  );
}

type PageQuery = ReturnType<typeof usePage>;

function NotUnderstood({ address, set }: { address: RunsAddress; set: ChangeRunsAddress }) {
  return (
    <Nothing title="The server does not understand the filter">
      What it says stands below the filter.{' '}
      {address.sort === undefined ? null : (
        <Button size="compact-xs" variant="subtle" onClick={() => set({ sort: undefined, pages: undefined })}>
          Drop the order
        </Button>
      )}
    </Nothing>
  );
}

function PageActions({ address, set, save }: { address: RunsAddress; set: ChangeRunsAddress; save?: () => void }) {
  const { experiment, stage } = address;
  return (
    <Group gap="xs">
      <SavedViews address={address} set={set} />
      {experiment === undefined ? null : <RetentionButton experiment={experiment} />}
      {experiment === undefined || experiment === '0' || stage === 'deleted' ? null : (
        <ExperimentDeleteButton
          experiment={experiment}
          onDone={() => set({ experiment: undefined, stage: 'deleted', trash: 'experiments' })}
        />
      )}
      <Button
        variant="default"
        leftSection={<IconDownload size={16} />}
        disabled={save === undefined}
        onClick={() => save?.()}
      >
        CSV
      </Button>
    </Group>
  );
}

/** The runs themselves: a table, or groups. */
function Runs({ address, set }: { address: RunsAddress; set: ChangeRunsAddress }) {
  const query = usePage(address);
  const keys = useKeys(address.experiment);
  const refused = query.error instanceof PlatformError && query.error.code === 'invalid_input' ? query.error : null;
  const columns = shownColumns(address, query.data?.items ?? []);
  const isGrouped = (address.group ?? []).length > 0;
  const isEmpty = (query.data?.items ?? []).length === 0;
  return (
    <RunsFrame address={address} set={set} {...(isEmpty ? {} : { save: () => void saveTable(address, columns) })}>
      <RunsControls
        address={address}
        set={set}
        keys={keys}
        error={refused?.message}
        shown={columns.map(({ id }) => id)}
      />
      {address.stage === 'deleted' ? (
        <Group>
          <TrashParts address={address} set={set} />
        </Group>
      ) : null}
      {refused !== null ? (
        <NotUnderstood address={address} set={set} />
      ) : isGrouped ? (
        <RunsGrouped address={address} set={set} keys={keys} />
      ) : (
        <FoundPage address={address} set={set} query={query} />
      )}
    </RunsFrame>
  );
}

function RunsFrame({ children, ...actions }: Parameters<typeof PageActions>[0] & { readonly children: ReactNode }) {
  return (
    <Page
      title="Runs"
      description="What was tried, with what, and how well it did"
      actions={<PageActions {...actions} />}
    >
      {children}
    </Page>
  );
}

export function RunsPage() {
  const [address, set] = useRunsAddress();
  const part = address.stage === 'deleted' ? address.trash : undefined;
  if (part === undefined) return <Runs address={address} set={set} />;
  return (
    <RunsFrame address={address} set={set}>
      <Group>
        <Lifecycle address={address} set={set} />
        <TrashParts address={address} set={set} />
      </Group>
      {part === 'experiments' ? <ExperimentsTrash onPurge={() => set({ trash: 'purges' })} /> : <PurgesList />}
    </RunsFrame>
  );
}
