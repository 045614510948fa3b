import type { Alert, Monitor } from '@flyball/api';
import { SimpleGrid, Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Facts } from '../../parts/facts.tsx';
import { formatNumber } from '../../parts/format.ts';
import { Go, placeOf } from '../../parts/go.tsx';
import { Page } from '../../parts/page.tsx';
import { PageTabs } from '../../parts/page-tabs.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';
import { SignalChart } from './signal-chart.tsx';

const alertColumns: Column<Alert>[] = [
  { title: 'State', cell: (row) => <StateBadge state={row.state} />, sort: (row) => row.state },
  { title: 'Severity', cell: (row) => <StateBadge state={row.severity} />, sort: (row) => row.severity },
  { title: 'Rule', cell: (row) => row.rule, sort: (row) => row.rule },
  { title: 'Message', cell: (row) => row.message },
  { title: 'Value', cell: (row) => formatNumber(row.value), numeric: true },
  { title: 'Bound', cell: (row) => formatNumber(row.bound), numeric: true },
  { title: 'Opened', cell: (row) => <Moment at={row.openedAt} />, sort: (row) => row.openedAt },
  { title: 'Resolved', cell: (row) => <Moment at={row.resolvedAt} /> },
  {
    title: 'Incident',
    cell: (row) => (
      <Go to="/incidents" search={{ incident: row.incidentId }}>
        open
      </Go>
    ),
  },
];

/** Alerts of one monitor; the server lists them per endpoint. */
async function readAlerts({ name, endpoint }: Monitor): Promise<Alert[]> {
  const { items } = await server().listAlerts({ query: { endpoint, limit: 1000 } });
  return items.filter(({ monitor }) => monitor === name);
}

/** One request per signal: a monitor of many signals would be cut off in the middle of one. */
async function readValues({ name, signals }: Monitor) {
  return await Promise.all(
    signals.map(async (signal) => {
      const { values } = await server().readSignals({ params: { monitor: name }, query: { signal: signal.id } });
      return { signal, values };
    }),
  );
}

function Signals({ monitor, alerts }: { monitor: Monitor; alerts: readonly Alert[] }) {
  const query = useQuery({
    queryKey: ['monitors', monitor.name, 'signals', monitor.evaluatedUntil],
    queryFn: () => readValues(monitor),
  });
  return (
    <QueryState query={query} height={500}>
      {(found) => (
        <SimpleGrid cols={{ base: 1, lg: 2 }}>
          {found.map(({ signal, values }) => (
            <SignalChart
              key={signal.id}
              signal={signal}
              values={values}
              rules={monitor.rules.filter((rule) => rule.signal === signal.id)}
              alerts={alerts.filter((alert) => alert.signal === signal.id)}
            />
          ))}
        </SimpleGrid>
      )}
    </QueryState>
  );
}

function Rules({ rules }: { rules: Monitor['rules'] }) {
  if (rules.length === 0) return <Nothing title="No rules">The signals are measured, and nobody is told.</Nothing>;
  return (
    <Table fz="sm">
      <Table.Thead>
        <Table.Tr>
          {['Rule', 'Severity', 'Opens', 'Closes', 'Quiet after'].map((title) => (
            <Table.Th key={title}>{title}</Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rules.map((rule) => {
          const unit = rule.relativeTo === 'reference' ? ' × reference' : '';
          return (
            <Table.Tr key={rule.id}>
              <Table.Td>{rule.id}</Table.Td>
              <Table.Td>
                <StateBadge state={rule.severity} />
              </Table.Td>
              <Table.Td>
                {rule.signal} {rule.direction === 'away' ? 'away by' : rule.direction} {rule.bound}
                {unit}, in {rule.for} of {rule.of} values
              </Table.Td>
              <Table.Td>
                {rule.clearAfter} good values within {rule.clearBound ?? rule.bound}
                {unit}
              </Table.Td>
              <Table.Td>{rule.cooldownSeconds / 3600} h</Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </Table>
  );
}

function Details({ monitor }: { monitor: Monitor }) {
  const alerts = useQuery({
    queryKey: ['monitors', monitor.name, 'alerts', monitor.evaluatedUntil],
    queryFn: () => readAlerts(monitor),
  });
  return (
    <>
      <Facts
        facts={[
          ['State', <StateBadge key="state" state={monitor.state} />],
          [
            'Endpoint',
            <Go key="endpoint" to={placeOf('endpoints', monitor.endpoint)}>
              {monitor.endpoint}
            </Go>,
          ],
          ['Looked until', <Moment key="until" at={monitor.evaluatedUntil} />],
          ['Looks every', `${monitor.everySeconds / 3600} h of event time`],
        ]}
      />
      <PageTabs
        tabs={[
          {
            value: 'signals',
            title: 'Signals',
            content: () => <Signals monitor={monitor} alerts={alerts.data ?? []} />,
          },
          {
            value: 'alerts',
            title: 'Alerts',
            content: () => (
              <QueryState query={alerts}>
                {(items) => (
                  <DataTable
                    rows={items}
                    columns={alertColumns}
                    rowKey={(row) => row.id}
                    empty="No rule was ever broken."
                  />
                )}
              </QueryState>
            ),
          },
          { value: 'rules', title: 'Rules', content: () => <Rules rules={monitor.rules} /> },
        ]}
      />
    </>
  );
}

export function MonitorPage() {
  const { monitor: name } = useParams({ strict: false }) as { monitor: string };
  const query = useQuery({
    queryKey: ['monitors', name],
    queryFn: () => server().getMonitor({ params: { monitor: name } }),
  });
  return (
    <Page title={name} crumbs={[{ title: 'Monitors', to: '/monitors' }]} description={query.data?.description}>
      <QueryState query={query} height={500}>
        {(monitor) => <Details monitor={monitor} />}
      </QueryState>
    </Page>
  );
}
