import type { ModelVersion } from '@flyball/api';
import { Badge, Button, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Go, linkTo, placeOf } from '../../parts/go.tsx';
import { Page } from '../../parts/page.tsx';
import { usePaging } from '../../parts/paging.ts';
import { QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';

const columns: Column<ModelVersion>[] = [
  { title: 'Version', cell: (row) => row.version, sort: (row) => row.version },
  {
    title: 'Aliases',
    cell: (row) => (
      <Group gap={4}>
        {row.aliases.map((alias) => (
          <Badge key={alias} tt="none" variant={alias === 'champion' ? 'filled' : 'light'}>
            {alias}
          </Badge>
        ))}
      </Group>
    ),
  },
  { title: 'Scan', cell: (row) => <StateBadge state={row.scan.verdict} />, sort: (row) => row.scan.verdict },
  { title: 'Flavor', cell: (row) => row.flavor },
  {
    title: 'Run',
    cell: (row) => (row.runId === null ? '–' : <Go to={placeOf('runs', row.runId)}>{row.runId.slice(0, 12)}</Go>),
  },
  {
    title: 'Trained on',
    cell: ({ dataset }) =>
      dataset === null ? (
        '–'
      ) : (
        <Go to={placeOf('datasets', dataset.name)} search={{ version: dataset.version }}>
          {dataset.name}@{dataset.version}
        </Go>
      ),
  },
  { title: 'By', cell: (row) => row.createdBy },
  { title: 'Created', cell: (row) => <Moment at={row.createdAt} />, sort: (row) => row.createdAt },
  { title: 'SHA-256', cell: (row) => <code>{row.digest.slice(0, 12)}</code> },
];

export function ModelPage() {
  const { model: name } = useParams({ strict: false }) as { model: string };
  const paging = usePaging();
  const navigate = useNavigate();
  const model = useQuery({
    queryKey: ['models', name],
    queryFn: () => server().getModel({ params: { model: name } }),
  });
  const versions = useQuery({
    queryKey: ['models', name, 'versions', paging.query],
    queryFn: () => server().listModelVersions({ params: { model: name }, query: paging.query }),
  });
  return (
    <Page
      title={name}
      crumbs={[{ title: 'Models', to: '/models' }]}
      description={model.data?.description}
      actions={
        <Button variant="default" component={Link} {...linkTo(placeOf('models', name, 'compare'))}>
          Compare versions
        </Button>
      }
    >
      <QueryState query={versions}>
        {({ items, nextPageToken }) => {
          const { onSearch: _, search: __, ...pages } = paging.table(nextPageToken);
          return (
            <DataTable
              rows={items}
              columns={columns}
              rowKey={(row) => String(row.version)}
              empty="No version is registered yet."
              onRow={({ version }) =>
                void navigate({
                  to: '/models/$model/$version',
                  params: { model: name, version: String(version) },
                })
              }
              {...pages}
            />
          );
        }}
      </QueryState>
    </Page>
  );
}
