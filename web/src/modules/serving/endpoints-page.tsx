import type { Endpoint } from '@flyball/api';
import { Code } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { formatCount } from '../../parts/format.ts';
import { Go, placeOf } from '../../parts/go.tsx';
import { Page } from '../../parts/page.tsx';
import { usePaging } from '../../parts/paging.ts';
import { QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';

const columns: Column<Endpoint>[] = [
  { title: 'Endpoint', cell: (row) => row.name, sort: (row) => row.name },
  { title: 'Model', cell: (row) => <Go to={placeOf('models', row.model)}>{row.model}</Go> },
  { title: 'Champion', cell: (row) => row.champion ?? 'none', numeric: true },
  {
    title: 'Rollout',
    cell: (row) => (row.activeRollout === null ? '–' : <StateBadge state="rollout_runs" />),
  },
  {
    title: 'Replicas',
    numeric: true,
    cell: ({ deployments }) => {
      const replicas = deployments.flatMap((deployment) => deployment.replicas);
      return `${replicas.filter(({ state }) => state === 'ready').length} of ${replicas.length} ready`;
    },
  },
  { title: 'Predictions', cell: (row) => formatCount(row.predictions), numeric: true, sort: (row) => row.predictions },
  { title: 'Labels', cell: (row) => formatCount(row.labels), numeric: true, sort: (row) => row.labels },
  { title: 'Complete until', cell: (row) => <Moment at={row.watermark} /> },
];

export function EndpointsPage() {
  const paging = usePaging();
  const navigate = useNavigate();
  const query = useQuery({
    queryKey: ['endpoints', 'list', paging.query],
    queryFn: () => server().listEndpoints({ query: paging.query }),
  });
  return (
    <Page title="Endpoints" description="What answers requests, with which version">
      <QueryState query={query}>
        {({ items, nextPageToken }) => (
          <DataTable
            rows={items}
            columns={columns}
            rowKey={(row) => row.name}
            empty={
              <>
                Define one with <Code>defineEndpoint</Code> and run <Code>flyball apply</Code>.
              </>
            }
            onRow={({ name }) => void navigate({ to: '/endpoints/$endpoint', params: { endpoint: name } })}
            {...paging.table(nextPageToken)}
          />
        )}
      </QueryState>
    </Page>
  );
}
