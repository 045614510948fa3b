import type { Run } from '@flyball/api';
import { Button, Checkbox, Code, Group, Modal, Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { formatNumber, formatSeconds } from '../../parts/format.ts';
import { Page } from '../../parts/page.tsx';
import { QueryState } from '../../parts/query-state.tsx';
import { useAddress } from '../../parts/use-address.ts';
import { server } from '../../server.ts';
import { RunOverlay } from './run-overlay.tsx';

const PAGE_SIZE = 50;
const SHOWN_METRICS = 6;
const SHOWN_PARAMS = 6;

interface RunsSearch {
  readonly experiment?: string;
  readonly filter?: string;
  readonly pages?: string[];
  readonly chosen?: string[];
  readonly order?: string;
  readonly descending?: boolean;
}

/** What is compared with stands behind what is compared. */
const rank = (key: string): string => `${key.startsWith('baseline_') ? 1 : 0}${key}`;

const keysOf = (runs: readonly Run[], part: 'metrics' | 'params', limit: number): string[] =>
  [...new Set(runs.flatMap((run) => Object.keys(run[part])))]
    .sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
    .slice(0, limit);

const quoted = (part: string, key: string): string => `${part}.\`${key.replaceAll('`', '')}\``;
const shown = (key: string): string => key.replaceAll('_', ' ');

function columnsFor(runs: readonly Run[], chosen: readonly string[], choose: (run: string) => void): Column<Run>[] {
  return [
    {
      title: '',
      cell: ({ runId, name }) => (
        <Checkbox
          size="xs"
          aria-label={`Compare ${name}`}
          checked={chosen.includes(runId)}
          onChange={() => choose(runId)}
        />
      ),
    },
    {
      title: 'Run',
      cell: (run) => <span style={{ whiteSpace: 'nowrap' }}>{run.name}</span>,
      order: 'attributes.run_name',
    },
    { title: 'Status', cell: (run) => <StateBadge state={run.status} />, order: 'attributes.status' },
    { title: 'Started', cell: (run) => <Moment at={run.startTime} />, order: 'attributes.start_time' },
    {
      title: 'Took',
      numeric: true,
      cell: (run) => (run.endTime === null ? '–' : formatSeconds(run.endTime - run.startTime)),
    },
    ...keysOf(runs, 'metrics', SHOWN_METRICS).map(
      (key): Column<Run> => ({
        title: shown(key),
        numeric: true,
        cell: (run) => formatNumber(run.metrics[key]?.value),
        order: quoted('metrics', key),
      }),
    ),
    ...keysOf(runs, 'params', SHOWN_PARAMS).map(
      (key): Column<Run> => ({
        title: `${shown(key)} `,
        cell: (run) => run.params[key]?.slice(0, 40) ?? '–',
        order: quoted('params', key),
      }),
    ),
  ];
}

function Filters({ search, set }: { search: RunsSearch; set: (change: RunsSearch) => void }) {
  const [text, setText] = useState(search.filter ?? '');
  const experiments = useQuery({
    queryKey: ['runs', 'experiments'],
    queryFn: () => server().listExperiments({ query: { limit: 1000 } }),
  });
  const choices = experiments.data?.items ?? [];
  return (
    <Group align="flex-end">
      <Select
        label="Experiment"
        placeholder="All"
        searchable
        clearable
        data={choices.map(({ experimentId, name, runCount }) => ({
          value: experimentId,
          label: `${name} (${runCount})`,
        }))}
        value={search.experiment === undefined ? null : String(search.experiment)}
        onChange={(value) => set({ ...(value === null ? {} : { experiment: value }), ...keep(search) })}
      />
      <form
        style={{ flex: 1, minWidth: 280 }}
        onSubmit={(event) => {
          event.preventDefault();
          const { filter: _, pages: __, ...rest } = search;
          set(text.trim() === '' ? rest : { ...rest, filter: text.trim() });
        }}
      >
        <Group align="flex-end" gap="xs">
          <TextInput
            flex={1}
            label="Filter"
            placeholder={`metrics.log_loss < 0.5 and params.trees = '200'`}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <Button type="submit" variant="default">
            Search
          </Button>
        </Group>
      </form>
    </Group>
  );
}

const keep = ({ filter }: RunsSearch): RunsSearch => (filter === undefined ? {} : { filter });

function paging({ pages = [] }: RunsSearch, set: (change: { pages: string[] }) => void, next: string | undefined) {
  return {
    next: next === undefined ? undefined : () => set({ pages: [...pages, next] }),
    previous: pages.length === 0 ? undefined : () => set({ pages: pages.slice(0, -1) }),
  };
}

const without = (runs: readonly string[], run: string): string[] => runs.filter((one) => one !== run);

export function RunsPage() {
  const [search, set] = useAddress<RunsSearch>();
  const [comparing, setComparing] = useState(false);
  const navigate = useNavigate();
  const { experiment, filter = '', pages = [], chosen = [], order, descending = false } = search;
  const pageToken = pages.at(-1);
  const query = useQuery({
    queryKey: ['runs', 'search', experiment, filter, order, descending, pageToken],
    queryFn: () =>
      server().searchRuns({
        body: {
          experimentIds: experiment === undefined ? [] : [String(experiment)],
          filter,
          orderBy: order === undefined ? [] : [`${order} ${descending ? 'DESC' : 'ASC'}`],
          limit: PAGE_SIZE,
          ...(pageToken === undefined ? {} : { pageToken }),
        },
      }),
  });
  const choose = (run: string): void => set({ chosen: chosen.includes(run) ? without(chosen, run) : [...chosen, run] });
  return (
    <Page
      title="Runs"
      description="What was tried, with what, and how well it did"
      actions={
        <Button disabled={chosen.length === 0} onClick={() => setComparing(true)}>
          Compare {chosen.length === 0 ? '' : chosen.length}
        </Button>
      }
    >
      <Filters
        search={search}
        set={(next) => set({ experiment: undefined, filter: undefined, pages: undefined, ...next })}
      />
      <QueryState query={query}>
        {({ items, nextPageToken }) => (
          <DataTable
            rows={items}
            columns={columnsFor(items, chosen, choose)}
            rowKey={(run) => run.runId}
            empty={
              filter === '' ? (
                <>
                  Train in a pipeline, or log with MLflow: <Code>MLFLOW_TRACKING_URI={location.origin}</Code>
                </>
              ) : (
                'No run fits the filter.'
              )
            }
            onRow={({ runId }) => void navigate({ to: '/runs/$run', params: { run: runId } })}
            order={{
              by: order,
              ascending: !descending,
              set: (by, ascending) => set({ order: by, descending: !ascending, pages: undefined }),
            }}
            {...paging(search, set, nextPageToken)}
          />
        )}
      </QueryState>
      <Modal opened={comparing} onClose={() => setComparing(false)} title="Runs compared" size="90%">
        <RunOverlay runs={chosen} />
      </Modal>
    </Page>
  );
}
