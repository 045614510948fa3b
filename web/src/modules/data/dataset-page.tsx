import type { ColumnProfile, DatasetVersion, Validation } from '@flyball/api';
import { Card, Group, Select, SimpleGrid, Stack, Table, Tabs, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { formatBytes, formatCount, formatNumber, formatSeconds, shortenMoments } from '../../parts/format.ts';
import { Page } from '../../parts/page.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { RowsTable } from '../../parts/rows-table.tsx';
import { useAddress } from '../../parts/use-address.ts';
import { server } from '../../server.ts';
import { ColumnShape } from './column-shape.tsx';
import { expectationText } from './expectation-text.ts';

const versionColumns: Column<DatasetVersion>[] = [
  { title: 'Version', cell: (row) => row.version, sort: (row) => row.version },
  { title: 'Rows', cell: (row) => formatCount(row.rowCount), numeric: true, sort: (row) => row.rowCount },
  { title: 'Size', cell: (row) => formatBytes(row.sizeBytes), numeric: true },
  { title: 'Verdict', cell: (row) => <StateBadge state={row.verdict} /> },
  { title: 'Source', cell: (row) => row.source },
  { title: 'By', cell: (row) => row.createdBy },
  { title: 'Created', cell: (row) => <Moment at={row.createdAt} /> },
  { title: 'SHA-256', cell: (row) => <code>{row.digest.slice(0, 12)}</code> },
];

const validationColumns: Column<Validation>[] = [
  { title: 'At', cell: (row) => <Moment at={row.at} />, sort: (row) => row.at },
  { title: 'Verdict', cell: (row) => <StateBadge state={row.verdict} /> },
  { title: 'Became', cell: (row) => (row.version === null ? 'refused' : `version ${row.version}`) },
  { title: 'Rows', cell: (row) => formatCount(row.rowCount), numeric: true },
  { title: 'Broken', cell: (row) => row.results.filter(({ success }) => !success).length, numeric: true },
  { title: 'Took', cell: (row) => formatSeconds(row.milliseconds), numeric: true },
];

function ProfileCard({ column }: { column: ColumnProfile }) {
  const facts = [
    ['missing', `${formatCount(column.nullCount)} of ${formatCount(column.count + column.nullCount)}`],
    ['distinct', formatCount(column.distinctCount)],
    ['smallest', shortenMoments(String(column.min ?? '–'))],
    ['largest', shortenMoments(String(column.max ?? '–'))],
    ['mean ± sd', column.mean === null ? '–' : `${formatNumber(column.mean)} ± ${formatNumber(column.stdev)}`],
  ];
  return (
    <Card withBorder padding="sm">
      <Group justify="space-between">
        <Text fw={600}>{column.name}</Text>
        <Text size="xs" c="dimmed">
          {column.type}
        </Text>
      </Group>
      <ColumnShape column={column} />
      <Table fz="xs" verticalSpacing={2}>
        <Table.Tbody>
          {facts.map(([name, value]) => (
            <Table.Tr key={name}>
              <Table.Td c="dimmed" style={{ whiteSpace: 'nowrap' }}>
                {name}
              </Table.Td>
              <Table.Td ta="right">{value}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}

function Profile({ dataset, version }: { dataset: string; version: number }) {
  const query = useQuery({
    queryKey: ['datasets', dataset, 'profile', version],
    queryFn: () => server().getDatasetVersion({ params: { dataset, version } }),
  });
  return (
    <QueryState query={query} height={400}>
      {({ profile }) => (
        <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
          {profile.map((column) => (
            <ProfileCard key={column.name} column={column} />
          ))}
        </SimpleGrid>
      )}
    </QueryState>
  );
}

const PAGE_ROWS = 50;

function Rows({ dataset, version }: { dataset: string; version: number }) {
  const [{ offset = 0, order }, set] = useAddress<{ offset?: number; order?: string }>();
  const query = useQuery({
    queryKey: ['datasets', dataset, 'rows', version, offset, order],
    queryFn: () =>
      server().readDatasetRows({
        params: { dataset, version },
        query: { limit: PAGE_ROWS, offset, ...(order === undefined ? {} : { order }) },
      }),
  });
  return (
    <QueryState query={query} height={400}>
      {(found) => (
        <RowsTable
          {...found}
          offset={offset}
          onOffset={(next) => set({ offset: next === 0 ? undefined : next })}
          pageRows={PAGE_ROWS}
          order={order}
          onOrder={(next) => set({ order: next, offset: undefined })}
        />
      )}
    </QueryState>
  );
}

function Contract({ dataset }: { dataset: string }) {
  const query = useQuery({
    queryKey: ['datasets', dataset],
    queryFn: () => server().getDataset({ params: { dataset } }),
  });
  return (
    <QueryState query={query}>
      {({ expectations }) =>
        expectations.length === 0 ? (
          <Nothing title="No expectations">Every batch is accepted. Define some with defineDataset.</Nothing>
        ) : (
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Rule</Table.Th>
                <Table.Th>Demands</Table.Th>
                <Table.Th>Severity</Table.Th>
                <Table.Th>Why</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {expectations.map((expectation) => {
                const { kind, severity, description } = expectation;
                return (
                  <Table.Tr key={JSON.stringify(expectation)}>
                    <Table.Td style={{ whiteSpace: 'nowrap' }}>{kind.replaceAll('_', ' ')}</Table.Td>
                    <Table.Td style={{ overflowWrap: 'anywhere' }}>{expectationText(expectation)}</Table.Td>
                    <Table.Td>
                      <StateBadge state={severity} />
                    </Table.Td>
                    <Table.Td>{description}</Table.Td>
                  </Table.Tr>
                );
              })}
            </Table.Tbody>
          </Table>
        )
      }
    </QueryState>
  );
}

function Validations({ dataset }: { dataset: string }) {
  const navigate = useNavigate();
  const query = useQuery({
    queryKey: ['datasets', dataset, 'validations'],
    queryFn: () => server().listValidations({ params: { dataset }, query: {} }),
  });
  return (
    <QueryState query={query}>
      {({ items }) => (
        <DataTable
          rows={items}
          columns={validationColumns}
          rowKey={(row) => row.id}
          empty="A validation is made for every batch."
          onRow={({ id }) => void navigate({ to: '/validations/$validation', params: { validation: id } })}
        />
      )}
    </QueryState>
  );
}

export function DatasetPage() {
  const { dataset } = useParams({ strict: false }) as { dataset: string };
  const { tab = 'profile', version } = useSearch({ strict: false }) as { tab?: string; version?: number };
  const navigate = useNavigate();
  const versions = useQuery({
    queryKey: ['datasets', dataset, 'versions'],
    queryFn: () => server().listDatasetVersions({ params: { dataset }, query: {} }),
  });
  const set = (change: object) =>
    void navigate({ to: '.', search: (old: object) => ({ ...old, ...change }), replace: true });
  const newest = versions.data?.items[0]?.version;
  const shown = version ?? newest;
  const choices = versions.data?.items.map((one) => String(one.version)) ?? [];
  return (
    <Page
      title={dataset}
      crumbs={[{ title: 'Datasets', to: '/datasets' }]}
      actions={
        <Select
          aria-label="Version"
          w={140}
          data={choices.map((value) => ({ value, label: `version ${value}` }))}
          value={shown === undefined ? null : String(shown)}
          onChange={(value) => set({ version: value === null ? undefined : Number(value), offset: undefined })}
          placeholder="no version"
        />
      }
    >
      <Tabs
        value={tab}
        onChange={(value) => set({ tab: value, offset: undefined, order: undefined })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="profile">Profile</Tabs.Tab>
          <Tabs.Tab value="rows">Rows</Tabs.Tab>
          <Tabs.Tab value="versions">Versions</Tabs.Tab>
          <Tabs.Tab value="contract">Contract</Tabs.Tab>
          <Tabs.Tab value="validations">Validations</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="profile">
          {shown === undefined ? <Nothing title="No version yet" /> : <Profile dataset={dataset} version={shown} />}
        </Tabs.Panel>
        <Tabs.Panel value="rows">
          {shown === undefined ? <Nothing title="No version yet" /> : <Rows dataset={dataset} version={shown} />}
        </Tabs.Panel>
        <Tabs.Panel value="versions">
          <Stack>
            <QueryState query={versions}>
              {({ items }) => (
                <DataTable
                  rows={items}
                  columns={versionColumns}
                  rowKey={(row) => String(row.version)}
                  empty="Add files to make the first one."
                  onRow={(row) => set({ version: row.version, tab: 'profile' })}
                />
              )}
            </QueryState>
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="contract">
          <Contract dataset={dataset} />
        </Tabs.Panel>
        <Tabs.Panel value="validations">
          <Validations dataset={dataset} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
