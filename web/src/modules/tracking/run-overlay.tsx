import type { Run } from '@flyball/api';
import { Select, Stack, Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Chart } from '../../parts/chart.tsx';
import { formatNumber } from '../../parts/format.ts';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';

async function readCurves(runs: readonly string[]) {
  return await Promise.all(
    runs.map(async (run) => ({
      run: await server().getRun({ params: { run } }),
      ...(await server().getMetricCurve({ params: { run }, query: { maxPoints: 500 } })),
    })),
  );
}

function Differences({ runs }: { runs: readonly Run[] }) {
  const keys = [...new Set(runs.flatMap((run) => Object.keys(run.params)))].sort();
  const differing = keys.filter((key) => new Set(runs.map((run) => run.params[key])).size > 1);
  const metrics = [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))].sort();
  const rows = [
    ...differing.map((key) => ({ title: `param ${key}`, show: (run: Run) => run.params[key] ?? '–' })),
    ...metrics.map((key) => ({ title: key, show: (run: Run) => formatNumber(run.metrics[key]?.value) })),
  ];
  return (
    <Table fz="sm" stickyHeader>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Differing params, and metrics</Table.Th>
          {runs.map((run) => (
            <Table.Th key={run.runId}>{run.name}</Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map(({ title, show }) => (
          <Table.Tr key={title}>
            <Table.Td>{title}</Table.Td>
            {runs.map((run) => (
              <Table.Td key={run.runId}>{show(run)}</Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** One metric of several runs in one chart, and where the runs differ. */
export function RunOverlay({ runs }: { runs: readonly string[] }) {
  const [key, setKey] = useState<string | null>(null);
  const query = useQuery({ queryKey: ['runs', 'overlay', runs], queryFn: () => readCurves(runs) });
  return (
    <QueryState query={query} height={400}>
      {(found) => {
        const keys = [...new Set(found.flatMap(({ curves }) => curves.map((curve) => curve.key)))].sort();
        const shown = key ?? keys[0];
        if (shown === undefined) return <Nothing title="These runs have no metrics" />;
        return (
          <Stack>
            <Select label="Metric" maw={320} searchable data={keys} value={shown} onChange={setKey} />
            <Chart
              title={shown}
              xType="value"
              xName="step"
              height={360}
              series={found.map(({ run, curves }) => ({
                name: `${run.name} ${run.runId.slice(0, 6)}`,
                points:
                  curves
                    .find((curve) => curve.key === shown)
                    ?.points.map(({ step, value }) => [step, value] as const) ?? [],
              }))}
            />
            <Differences runs={found.map(({ run }) => run)} />
          </Stack>
        );
      }}
    </QueryState>
  );
}
