import type { GateReport } from '@flyball/api';
import { Card, Group, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { formatNumber } from '../../parts/format.ts';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';

function ruleOf({ kind, name: _, ...rest }: GateReport['results'][number]['gate']): string {
  const parts = Object.entries(rest).map(([key, value]) => `${key} ${value}`);
  return [kind.replaceAll('_', ' '), ...parts].join(', ');
}

function Report({ report }: { report: GateReport }) {
  return (
    <Card withBorder padding="sm">
      <Group mb="xs">
        <StateBadge state={report.verdict} />
        <Moment at={report.at} />
        <Text size="sm" c="dimmed">
          {report.championVersion === null ? 'without a champion' : `against champion ${report.championVersion}`}
        </Text>
      </Group>
      <Table fz="sm">
        <Table.Thead>
          <Table.Tr>
            {['Gate', 'Verdict', 'Observed', 'Interval', 'Why'].map((title) => (
              <Table.Th key={title}>{title}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {report.results.map(({ gate, verdict, observed, low, high, message }) => (
            <Table.Tr key={gate.name}>
              <Table.Td>
                {gate.name}
                <Text size="xs" c="dimmed">
                  {ruleOf(gate)}
                </Text>
              </Table.Td>
              <Table.Td>
                <StateBadge state={verdict} />
              </Table.Td>
              <Table.Td>{formatNumber(observed)}</Table.Td>
              <Table.Td>{low === null ? '–' : `${formatNumber(low)} … ${formatNumber(high)}`}</Table.Td>
              <Table.Td>{message}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}

/** What the gates said about the version, newest first. */
export function VersionGates({ model, version }: { model: string; version: number }) {
  const query = useQuery({
    queryKey: ['models', model, version, 'gates'],
    queryFn: () => server().listGateReports({ params: { model, version }, query: {} }),
  });
  return (
    <QueryState query={query}>
      {({ items }) =>
        items.length === 0 ? (
          <Nothing title="No gate was checked">Run evaluation.gates in a pipeline.</Nothing>
        ) : (
          <Stack>
            {items.map((report) => (
              <Report key={report.id} report={report} />
            ))}
          </Stack>
        )
      }
    </QueryState>
  );
}
