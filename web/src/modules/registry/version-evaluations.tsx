import type { Evaluation } from '@flyball/api';
import { Select, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Moment } from '../../parts/badges.tsx';
import { Chart, type Series } from '../../parts/chart.tsx';
import { formatCount, formatMetric, formatNumber, formatRange, formatSeconds } from '../../parts/format.ts';
import { Go, placeOf } from '../../parts/go.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { useAddress } from '../../parts/use-address.ts';
import { server } from '../../server.ts';

type Measured = Evaluation['metrics'][number];

/** Names of columns; numbers stand on the right. */
function Heads({ texts = [], numbers = [] }: { texts?: readonly string[]; numbers?: readonly string[] }) {
  return (
    <Table.Thead>
      <Table.Tr>
        {texts.map((title) => (
          <Table.Th key={title}>{title}</Table.Th>
        ))}
        {numbers.map((title) => (
          <Table.Th key={title} ta="right">
            {title}
          </Table.Th>
        ))}
      </Table.Tr>
    </Table.Thead>
  );
}

function Metrics({ metrics }: { metrics: readonly Measured[] }) {
  return (
    <Table fz="sm" verticalSpacing={4}>
      <Heads texts={['Metric']} numbers={['Value', '95 % interval', 'Rows']} />
      <Table.Tbody>
        {metrics.map(({ name, value, low, high, count }) => (
          <Table.Tr key={name}>
            <Table.Td>{formatMetric(name)}</Table.Td>
            <Table.Td ta="right">{formatNumber(value)}</Table.Td>
            <Table.Td ta="right">{formatRange(low, high)}</Table.Td>
            <Table.Td ta="right">{formatCount(count)}</Table.Td>
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
      <Title order={5}>Against other versions, on the same rows</Title>
      <Table.ScrollContainer minWidth={600}>
        <Table fz="sm" verticalSpacing={4}>
          <Heads texts={['Metric', 'Against']} numbers={['Difference', '95 % interval', 'Rows', 'Groups']} />
          <Table.Tbody>
            {comparisons.map(({ metric, baseline, difference, low, high, count, clusters }) => (
              <Table.Tr key={`${metric} ${baseline.version}`}>
                <Table.Td>{formatMetric(metric)}</Table.Td>
                <Table.Td>
                  <Go to={placeOf('models', baseline.model, baseline.version)}>
                    {`${baseline.model}@${baseline.version}`}
                  </Go>
                </Table.Td>
                <Table.Td ta="right">{formatNumber(difference)}</Table.Td>
                <Table.Td ta="right">{formatRange(low, high)}</Table.Td>
                <Table.Td ta="right">{formatCount(count)}</Table.Td>
                <Table.Td ta="right">{formatCount(clusters)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </div>
  );
}

function Calibration({ calibration }: { calibration: Evaluation['calibration'] }) {
  const largest = Math.max(0, ...calibration.flatMap(({ predicted, observed }) => [predicted, observed]));
  const diagonal: Series['points'] = [
    [0, 0],
    [largest, largest],
  ];
  return (
    <Chart
      title="Calibration: predicted and observed"
      xType="value"
      xName="predicted chance"
      yName="observed share"
      series={[
        {
          name: 'observed',
          kind: 'scatter',
          points: calibration.map(({ predicted, observed }) => [predicted, observed] as const),
        },
        { name: 'perfect', dashed: true, points: calibration.length === 0 ? [] : diagonal },
      ]}
      numbers={{
        heads: ['Predicted chance', 'Observed share', 'Rows'],
        rows: calibration.map(({ predicted, observed, count }) => [predicted, observed, count]),
      }}
    />
  );
}

function Confusion({ confusion }: { confusion: Evaluation['confusion'] }) {
  const { threshold, truePositive, falsePositive, trueNegative, falseNegative } = confusion;
  return (
    <div>
      <Title order={5}>Decisions at threshold {threshold}</Title>
      <Table fz="sm" maw={460} verticalSpacing={4}>
        <Heads texts={['Rows']} numbers={['It happened', 'It did not']} />
        <Table.Tbody>
          <Table.Tr>
            <Table.Th scope="row">Predicted to happen</Table.Th>
            <Table.Td ta="right">{formatCount(truePositive)}</Table.Td>
            <Table.Td ta="right">{formatCount(falsePositive)}</Table.Td>
          </Table.Tr>
          <Table.Tr>
            <Table.Th scope="row">Not predicted</Table.Th>
            <Table.Td ta="right">{formatCount(falseNegative)}</Table.Td>
            <Table.Td ta="right">{formatCount(trueNegative)}</Table.Td>
          </Table.Tr>
        </Table.Tbody>
      </Table>
    </div>
  );
}

function SliceCell({ measured }: { measured: Measured | undefined }) {
  return (
    <Table.Td ta="right" style={{ whiteSpace: 'nowrap' }}>
      {formatNumber(measured?.value)}
      {measured === undefined || measured.low === null ? null : (
        <Text size="xs" c="dimmed">
          {formatRange(measured.low, measured.high, 3)}
        </Text>
      )}
    </Table.Td>
  );
}

function Slices({ slices }: { slices: Evaluation['slices'] }) {
  if (slices.length === 0) return null;
  const metrics = [...new Set(slices.flatMap((slice) => slice.metrics.map(({ name }) => name)))];
  return (
    <div>
      <Title order={5}>Slices, with 95 % intervals</Title>
      <Table.ScrollContainer minWidth={900}>
        <Table fz="xs" verticalSpacing={4} horizontalSpacing={6}>
          <Heads texts={['Slice']} numbers={['Rows', ...metrics.map(formatMetric)]} />
          <Table.Tbody>
            {slices.map(({ column, value, count, metrics: measured }) => (
              <Table.Tr key={`${column} ${value}`}>
                <Table.Td style={{ whiteSpace: 'nowrap' }}>{`${column} = ${value}`}</Table.Td>
                <Table.Td ta="right">{formatCount(count)}</Table.Td>
                {metrics.map((name) => (
                  <SliceCell key={name} measured={measured.find((one) => one.name === name)} />
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </div>
  );
}

/** One evaluation: on which rows, metrics with intervals, calibration, comparisons and slices. */
export function EvaluationDetails({ evaluation }: { evaluation: Evaluation }) {
  const { dataset, rowCount, milliseconds, trainingSetId, at } = evaluation;
  return (
    <Stack>
      <Text size="sm" c="dimmed" component="div">
        <Moment at={at} />, on {formatCount(rowCount)} rows of{' '}
        <Go to={placeOf('datasets', dataset.name)} search={{ version: dataset.version }}>
          {`${dataset.name}@${dataset.version}`}
        </Go>{' '}
        in training set{' '}
        <Go to="/lineage" search={{ kind: 'training_set', id: trainingSetId }}>
          {trainingSetId}
        </Go>
        ; took {formatSeconds(milliseconds)}
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
            <EvaluationDetails evaluation={shown} />
          </Stack>
        );
      }}
    </QueryState>
  );
}
