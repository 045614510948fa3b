import type { Monitor } from '@flyball/api';
import { Code } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Go, placeOf } from '../../parts/go.tsx';
import { Page } from '../../parts/page.tsx';
import { usePaging } from '../../parts/paging.ts';
import { QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';

const everyText = (seconds: number): string =>
  seconds % 86_400 === 0 ? `${seconds / 86_400} d` : seconds % 3600 === 0 ? `${seconds / 3600} h` : `${seconds} s`;

const columns: Column<Monitor>[] = [
  { title: 'Monitor', cell: (row) => row.name, sort: (row) => row.name },
  { title: 'State', cell: (row) => <StateBadge state={row.state} />, sort: (row) => row.state },
  { title: 'Endpoint', cell: (row) => <Go to={placeOf('endpoints', row.endpoint)}>{row.endpoint}</Go> },
  { title: 'Signals', cell: (row) => row.signals.length, numeric: true },
  { title: 'Rules', cell: (row) => row.rules.length, numeric: true },
  { title: 'Every', cell: (row) => everyText(row.everySeconds), numeric: true },
  { title: 'Looked until', cell: (row) => <Moment at={row.evaluatedUntil} />, sort: (row) => row.evaluatedUntil },
];

export function MonitorsPage() {
  const paging = usePaging();
  const navigate = useNavigate();
  const query = useQuery({
    queryKey: ['monitors', 'list', paging.query],
    queryFn: () => server().listMonitors({ query: paging.query }),
  });
  return (
    <Page title="Monitors" description="What is measured in production, and when it is news">
      <QueryState query={query}>
        {({ items, nextPageToken }) => (
          <DataTable
            rows={items}
            columns={columns}
            rowKey={(row) => row.name}
            empty={
              <>
                Define one with <Code>defineMonitor</Code> and run <Code>flyball apply</Code>.
              </>
            }
            onRow={({ name }) => void navigate({ to: '/monitors/$monitor', params: { monitor: name } })}
            {...paging.table(nextPageToken)}
          />
        )}
      </QueryState>
    </Page>
  );
}
