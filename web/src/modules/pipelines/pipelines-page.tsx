import type { Pipeline } from '@flyball/api';
import { Code, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Go, placeOf } from '../../parts/go.tsx';
import { Page } from '../../parts/page.tsx';
import { usePaging } from '../../parts/paging.ts';
import { QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';
import { triggerText } from './trigger-text.ts';

const columns: Column<Pipeline>[] = [
  { title: 'Pipeline', cell: (row) => row.name, sort: (row) => row.name },
  { title: 'Version', cell: (row) => row.version, numeric: true },
  { title: 'Steps', cell: (row) => row.steps.length, numeric: true },
  { title: 'Starts', cell: (row) => row.triggers.map(triggerText).join('; ') || 'by hand' },
  {
    title: 'Last run',
    cell: ({ lastRun }) =>
      lastRun === null ? (
        'never'
      ) : (
        <Group gap="xs" wrap="nowrap">
          <StateBadge state={lastRun.state} />
          <Go to={placeOf('pipeline-runs', lastRun.id)}>
            <Moment at={lastRun.startedAt} />
          </Go>
        </Group>
      ),
    sort: (row) => row.lastRun?.startedAt ?? null,
  },
  { title: 'Dropped starts', cell: (row) => row.droppedTriggers, numeric: true },
  { title: 'Changed', cell: (row) => <Moment at={row.updatedAt} />, sort: (row) => row.updatedAt },
];

export function PipelinesPage() {
  const paging = usePaging();
  const navigate = useNavigate();
  const query = useQuery({
    queryKey: ['pipelines', 'list', paging.query],
    queryFn: () => server().listPipelines({ query: paging.query }),
  });
  return (
    <Page title="Pipelines" description="Steps that make models, and when they run">
      <QueryState query={query}>
        {({ items, nextPageToken }) => (
          <DataTable
            rows={items}
            columns={columns}
            rowKey={(row) => row.name}
            empty={
              <>
                Define one with <Code>definePipeline</Code> and run <Code>flyball apply</Code>.
              </>
            }
            onRow={({ name }) => void navigate({ to: '/pipelines/$pipeline', params: { pipeline: name } })}
            {...paging.table(nextPageToken)}
          />
        )}
      </QueryState>
    </Page>
  );
}
