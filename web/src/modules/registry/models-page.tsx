import type { Model } from '@flyball/api';
import { Badge, Code, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Moment } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Page } from '../../parts/page.tsx';
import { usePaging } from '../../parts/paging.ts';
import { QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';

const columns: Column<Model>[] = [
  { title: 'Model', cell: (row) => row.name, sort: (row) => row.name },
  { title: 'Latest', cell: (row) => row.latestVersion ?? '–', numeric: true, sort: (row) => row.latestVersion },
  {
    title: 'Aliases',
    cell: (row) => (
      <Group gap={4}>
        {Object.entries(row.aliases).map(([alias, version]) => (
          <Badge key={alias} variant="light" tt="none">
            {alias}: {version}
          </Badge>
        ))}
      </Group>
    ),
  },
  { title: 'Description', cell: (row) => row.description },
  { title: 'Changed', cell: (row) => <Moment at={row.updatedAt} />, sort: (row) => row.updatedAt },
];

export function ModelsPage() {
  const paging = usePaging();
  const navigate = useNavigate();
  const query = useQuery({
    queryKey: ['models', 'list', paging.query],
    queryFn: () => server().listModels({ query: paging.query }),
  });
  return (
    <Page title="Models" description="What was registered, scanned and named">
      <QueryState query={query}>
        {({ items, nextPageToken }) => (
          <DataTable
            rows={items}
            columns={columns}
            rowKey={(row) => row.name}
            empty={
              <>
                Register a version in a pipeline with <Code>registry.register</Code>, or with MLflow’s client.
              </>
            }
            onRow={({ name }) => void navigate({ to: '/models/$model', params: { model: name } })}
            {...paging.table(nextPageToken)}
          />
        )}
      </QueryState>
    </Page>
  );
}
