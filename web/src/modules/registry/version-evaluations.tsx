import type { Evaluation } from '@flyball/api';
import { Select, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Chart } from '../../parts/chart.tsx';
import { formatCount, formatNumber, formatSeconds } from '../../parts/format.ts';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { useAddress } from '../../parts/use-address.ts';
import { server } from '../../server.ts';

type Measured = Evaluation['metrics'][number];

const range = (low: number | null, high: number | null): string =>
  low === null || high === null ? '–' : `${formatNumber(low)} … ${formatNumber(high)}`;

function Heads({ titles }: { titles: readonly string[] }) {
  return (
    <Table.Thead>
      <Table.Tr>
        {titles.map((title) => (
          <Table.Th key={title}>{title}</Table.Th>
        ))}
      </Table.Tr>
    </Table.Thead>
  );
}

function Metrics({ metrics }: { metrics: readonly Measured[] }) {
  return (
    <Table fz="sm">
      <Heads titles={['Metric', 'Value', '95 % interval', 'Rows']} />
      <Table.Tbody>
        {metrics.map(({ name, value, low, high, count }) => (
          <Table.Tr key={name}>
            <Table.Td>{name.replaceAll('_', ' ')}</Table.Td>
            <Table.Td>{formatNumber(value)}</Table.Td>
            <Table.Td>{range(low, high)}</Table.Td>
            <Table.Td>{formatCount(count)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Comparisons({ comparisons }: { comparisons: Evaluation['comparisons'] }) {
  if (comparisons.length === 0) return null;
  return (
    <div>
      <Title order={5}>Against others, on the same rows</Title>
      <Table fz="sm">
        <Heads titles={['Metric', 'Against', 'Difference', '95 % interval', 'Rows', 'Groups']} />
        <Table.Tbody>
          {comparisons.map(({ metric, baseline, difference, low, high, count, clusters }) => (
            <Table.Tr key={`${metric} ${baseline.version}`}>
              <Table.Td>{metric.replaceAll('_', ' ')}</Table.Td>
              <Table.Td>
                {baseline.model}@{baseline.version}
              </Table.Td>
              <Table.Td>{formatNumber(difference)}</Table.Td>
              <Table.Td>{range(low, high)}</Table.Td>
              <Table.Td>{formatCount(count)}</Table.Td>
              <Table.Td>{formatCount(clusters)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Calibration({ calibration }: { calibration: Evaluation['calibration'] }) {
  const largest = Math.max(0, ...calibration.flatMap(({ predicted, observed }) => [predicted, observed]));
  return (
    <Chart
      title="Calibration: observed share per predicted chance"
      xType="value"
      xName="predicted"
      series={[
        {
          name: 'observed',
          kind: 'scatter',
          points: calibration.map(({ predicted, observed }) => [predicted, observed] as const),
        },
        {
          name: 'perfect',
          dashed: true,
          points:
            calibration.length === 0
              ? []
              : [
                  [0, 0],
                  [largest, largest],
                ],
        },
      ]}
    />
  );
}

function Confusion({ confusion }: { confusion: Evaluation['confusion'] }) {
  const { threshold, truePositive, falsePositive, trueNegative, falseNegative } = confusion;
  return (
    <div>
      <Title order={5}>At threshold {formatNumber(threshold)}</Title>
      <Table fz="sm" maw={400}>
        <Heads titles={['', 'Happened', 'Did not']} />
        <Table.Tbody>
          <Table.Tr>
            <Table.Th>Predicted</Table.Th>
            <Table.Td>{formatCount(truePositive)}</Table.Td>
            <Table.Td>{formatCount(falsePositive)}</Table.Td>
          </Table.Tr>
          <Table.Tr>
            <Table.Th>Not predicted</Table.Th>
            <Table.Td>{formatCount(falseNegative)}</Table.Td>
            <Table.Td>{formatCount(trueNegative)}</Table.Td>
          </Table.Tr>
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Slices({ slices }: { slices: Evaluation['slices'] }) {
  if (slices.length === 0) return null;
  const metrics = [...new Set(slices.flatMap((slice) => slice.metrics.map(({ name }) => name)))];
  return (
    <div>
      <Title order={5}>Slices</Title>
      <Table.ScrollContainer minWidth={500}>
        <Table fz="sm" stickyHeader>
          <Heads titles={['Column', 'Value', 'Rows', ...metrics.map((name) => name.replaceAll('_', ' '))]} />
          <Table.Tbody>
            {slices.map(({ column, value, count, metrics: measured }) => (
              <Table.Tr key={`${column} ${value}`}>
                <Table.Td>{column}</Table.Td>
                <Table.Td>{value}</Table.Td>
                <Table.Td>{formatCount(count)}</Table.Td>
                {metrics.map((name) => {
                  const found = measured.find((one) => one.name === name);
                  return (
                    <Table.Td key={name} title={found === undefined ? '' : range(found.low, found.high)}>
                      {formatNumber(found?.value)}
                    </Table.Td>
                  );
                })}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </div>
  );
}

function OneEvaluation({ evaluation }: { evaluation: Evaluation }) {
  const { dataset, rowCount, milliseconds, trainingSetId } = evaluation;
  const source = `${dataset.name}@${dataset.version}`;
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        {formatCount(rowCount)} rows of {source}, training set {trainingSetId}, took {formatSeconds(milliseconds)}
      </Text>
      <SimpleGrid cols={{ base: 1, md: 2 }} style={{ alignItems: 'start' }}>
        <Metrics metrics={evaluation.metrics} />
        <Calibration calibration={evaluation.calibration} />
      </SimpleGrid>
      <Comparisons comparisons={evaluation.comparisons} />
      <Confusion confusion={evaluation.confusion} />
      <Slices slices={evaluation.slices} />
    </Stack>
  );
}

/** How well the version does: metrics with intervals, calibration, slices, and the same of its rivals. */
export function VersionEvaluations({ model, version }: { model: string; version: number }) {
  const [{ evaluation: id }, set] = useAddress<{ evaluation?: string }>();
  const query = useQuery({
    queryKey: ['models', model, version, 'evaluations'],
    queryFn: () => server().listEvaluations({ params: { model, version }, query: {} }),
  });
  return (
    <QueryState query={query} height={400}>
      {({ items }) => {
        const shown = items.find((one) => one.id === id) ?? items[0];
        if (shown === undefined)
          return <Nothing title="Never evaluated">Run evaluation.evaluate in a pipeline.</Nothing>;
        return (
          <Stack>
            {items.length === 1 ? null : (
              <Select
                label="Evaluation"
                maw={420}
                allowDeselect={false}
                data={items.map((one) => ({
                  value: one.id,
                  label: `${one.at.slice(0, 16).replace('T', ' ')}, ${one.dataset.name}@${one.dataset.version}`,
                }))}
                value={shown.id}
                onChange={(value) => set({ evaluation: value ?? undefined })}
              />
            )}
            <OneEvaluation evaluation={shown} />
          </Stack>
        );
      }}
    </QueryState>
  );
}
