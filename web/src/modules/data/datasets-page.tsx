import type { Dataset } from '@flyball/api';
import { Code } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Moment } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { formatBytes, formatCount } from '../../parts/format.ts';
import { Page } from '../../parts/page.tsx';
import { usePaging } from '../../parts/paging.ts';
import { QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';

const columns: Column<Dataset>[] = [
  { title: 'Name', cell: (row) => row.name, sort: (row) => row.name },
  { title: 'Version', cell: (row) => row.latestVersion ?? '–', numeric: true, sort: (row) => row.latestVersion },
  { title: 'Rows', cell: (row) => formatCount(row.rowCount), numeric: true, sort: (row) => row.rowCount },
  { title: 'Size', cell: (row) => formatBytes(row.sizeBytes), numeric: true, sort: (row) => row.sizeBytes },
  { title: 'Expectations', cell: (row) => row.expectations.length, numeric: true },
  { title: 'Changed', cell: (row) => <Moment at={row.updatedAt} />, sort: (row) => row.updatedAt },
];

export function DatasetsPage() {
  const paging = usePaging();
  const navigate = useNavigate();
  const query = useQuery({
    queryKey: ['datasets', paging.query],
    queryFn: () => server().listDatasets({ query: paging.query }),
  });
  return (
    <Page title="Datasets" description="Tables, their versions, and what they promise">
      <QueryState query={query}>
        {({ items, nextPageToken }) => (
          <DataTable
            rows={items}
            columns={columns}
            rowKey={(row) => row.name}
            empty={
              <>
                Add files with <Code>flyball dataset add NAME FILE</Code>
              </>
            }
            onRow={({ name }) => void navigate({ to: '/datasets/$dataset', params: { dataset: name } })}
            {...paging.table(nextPageToken)}
          />
        )}
      </QueryState>
    </Page>
  );
}
