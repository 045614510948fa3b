import type { FeatureView, TrainingSet } from '@flyball/api';
import { Badge, Group, Tabs, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Moment } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { formatCount, formatSeconds } from '../../parts/format.ts';
import { Go } from '../../parts/go.tsx';
import { Page } from '../../parts/page.tsx';
import { usePaging } from '../../parts/paging.ts';
import { QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';

const hours = (seconds: number): string => (seconds % 86_400 === 0 ? `${seconds / 86_400} d` : `${seconds / 3600} h`);

const viewColumns: Column<FeatureView>[] = [
  { title: 'View', cell: (row) => row.name, sort: (row) => row.name },
  { title: 'Version', cell: (row) => row.version, numeric: true },
  { title: 'Entity', cell: (row) => row.entity },
  { title: 'From', cell: (row) => `${row.source.dataset}, key ${row.source.key}` },
  {
    title: 'Features',
    cell: (row) => (
      <Group gap={4}>
        {row.features.map(({ name, aggregate, windowSeconds }) => (
          <Badge key={name} variant="light" tt="none">
            {name}: {aggregate} over {hours(windowSeconds)}
          </Badge>
        ))}
      </Group>
    ),
  },
  { title: 'Lives', cell: (row) => (row.ttlSeconds === 0 ? 'for ever' : hours(row.ttlSeconds)) },
  { title: 'Online', cell: (row) => (row.online ? 'yes' : 'no') },
];

const setColumns: Column<TrainingSet>[] = [
  {
    title: 'Training set',
    cell: ({ id }) => (
      <Go to="/lineage" search={{ kind: 'training_set', id }}>
        …{id.slice(-8)}
      </Go>
    ),
  },
  {
    title: 'Period',
    cell: ({ spec: { from, until } }) => `${from?.slice(0, 10) ?? '…'} – ${until?.slice(0, 10) ?? '…'}`,
  },
  { title: 'Dataset', cell: (row) => `${row.spec.dataset}@${row.datasetVersion}` },
  { title: 'Rows', cell: (row) => formatCount(row.rowCount), numeric: true, sort: (row) => row.rowCount },
  { title: 'Columns', cell: (row) => row.columns.length, numeric: true },
  { title: 'Label', cell: (row) => <code>{row.spec.label.sql}</code> },
  { title: 'Took', cell: (row) => formatSeconds(row.milliseconds), numeric: true },
  { title: 'Created', cell: (row) => <Moment at={row.createdAt} /> },
];

function TrainingSets() {
  const paging = usePaging();
  const query = useQuery({
    queryKey: ['features', 'sets', paging.query],
    queryFn: () => server().listTrainingSets({ query: paging.query }),
  });
  return (
    <QueryState query={query}>
      {({ items, nextPageToken }) => {
        const { onSearch: _, search: __, ...pages } = paging.table(nextPageToken);
        return (
          <DataTable
            rows={items}
            columns={setColumns}
            rowKey={(row) => row.id}
            empty="Pipelines build them."
            {...pages}
          />
        );
      }}
    </QueryState>
  );
}

export function FeaturesPage() {
  const paging = usePaging();
  const { tab = 'views' } = useSearch({ strict: false }) as { tab?: string };
  const navigate = useNavigate();
  const query = useQuery({
    queryKey: ['features', 'views', paging.query],
    queryFn: () => server().listFeatureViews({ query: paging.query }),
  });
  return (
    <Page title="Features" description="The same definition in training and in production">
      <Tabs value={tab} onChange={(value) => void navigate({ to: '.', search: { tab: value } })} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="views">Feature views</Tabs.Tab>
          <Tabs.Tab value="sets">Training sets</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="views">
          <QueryState query={query}>
            {({ items, nextPageToken }) => (
              <DataTable
                rows={items}
                columns={viewColumns}
                rowKey={(row) => row.name}
                empty={<Text size="sm">Define one with defineFeatureView and run flyball apply.</Text>}
                {...paging.table(nextPageToken)}
              />
            )}
          </QueryState>
        </Tabs.Panel>
        <Tabs.Panel value="sets">
          <TrainingSets />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
