import type { GateReport } from '@flyball/api';
import { Card, Group, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { formatCount, formatMetric, formatNumber, formatPercent, formatRange } from '../../parts/format.ts';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';

type Gate = GateReport['results'][number]['gate'];

/** What a gate demands, in words. */
function limitOf(gate: Gate): string {
  switch (gate.kind) {
    case 'at_least':
      return `${formatMetric(gate.metric)} at least ${gate.bound}`;
    case 'at_most':
      return `${formatMetric(gate.metric)} at most ${gate.bound}`;
    case 'not_worse_than_champion': {
      const margin = gate.relative ? formatPercent(gate.margin) : String(gate.margin);
      return `${formatMetric(gate.metric)} at most ${margin} worse than the champion’s`;
    }
    case 'better_than_champion':
      return `${formatMetric(gate.metric)} better than the champion’s${gate.by === 0 ? '' : ` by ${gate.by}`}`;
    case 'slice_at_most':
      return `${formatMetric(gate.metric)} at most ${gate.bound} for each ${gate.column}`;
    case 'scan_safe':
      return 'all files are safe';
  }
}

/** Gates with their verdicts, figures, limits and reasons. */
export function GateReportCard({ report }: { report: GateReport }) {
  return (
    <Card withBorder padding="sm">
      <Group mb="xs">
        <StateBadge state={report.verdict} />
        <Moment at={report.at} />
        <Text size="sm" c="dimmed">
          {report.championVersion === null ? 'there was no champion' : `against champion ${report.championVersion}`}
        </Text>
      </Group>
      <Table.ScrollContainer minWidth={700}>
        <Table fz="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Gate</Table.Th>
              <Table.Th>Verdict</Table.Th>
              <Table.Th ta="right">Value</Table.Th>
              <Table.Th ta="right">95 % interval</Table.Th>
              <Table.Th>Limit</Table.Th>
              <Table.Th>Reason</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {report.results.map(({ gate, verdict, observed, low, high, message }) => (
              <Table.Tr key={gate.name}>
                <Table.Td>{gate.name}</Table.Td>
                <Table.Td>
                  <StateBadge state={verdict} />
                </Table.Td>
                <Table.Td ta="right">{formatNumber(observed)}</Table.Td>
                <Table.Td ta="right" style={{ whiteSpace: 'nowrap' }}>
                  {formatRange(low, high)}
                </Table.Td>
                <Table.Td>
                  {limitOf(gate)}
                  {'minRows' in gate ? (
                    <Text size="xs" c="dimmed">
                      on at least {formatCount(gate.minRows)} rows
                    </Text>
                  ) : null}
                </Table.Td>
                <Table.Td>{message}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
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
              <GateReportCard key={report.id} report={report} />
            ))}
          </Stack>
        )
      }
    </QueryState>
  );
}
