import type { Run } from '@flyball/api';
import { Button, Group, Stack, Table, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { saveCsv } from '../../parts/csv.ts';
import { Facts } from '../../parts/facts.tsx';
import { formatNumber, formatSeconds } from '../../parts/format.ts';
import { Go, linkTo, placeOf } from '../../parts/go.tsx';
import { Page } from '../../parts/page.tsx';
import { PageTabs } from '../../parts/page-tabs.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';
import { TraceList } from '../tracing/trace-list.tsx';
import { ArtifactBrowser } from './artifact-browser.tsx';
import { parentOf } from './nested-runs.ts';
import { RunCurves } from './run-curves.tsx';
import { RunDot } from './run-dot.tsx';
import { RunLineage } from './run-lineage.tsx';
import { RunLogs } from './run-logs.tsx';
import { RunModels } from './run-models.tsx';
import { NOTE, RunNotes } from './run-notes.tsx';
import { RunReproduce } from './run-reproduce.tsx';

const LIVE_MS = 2000;

function Metrics({ run }: { run: Run }) {
  const metrics = Object.entries(run.metrics).sort(([a], [b]) => (a < b ? -1 : 1));
  if (metrics.length === 0) return <Nothing title="No metrics yet" />;
  const save = (): void =>
    saveCsv(`${run.name}-metrics.csv`, [
      ['metric', 'latest', 'step', 'timestamp'],
      ...metrics.map(([key, { value, step, timestamp }]) => [key, value ?? 'NaN', step, timestamp]),
    ]);
  return (
    <Stack align="flex-start">
      <Button size="xs" variant="default" leftSection={<IconDownload size={14} />} onClick={save}>
        CSV
      </Button>
      <MetricTable metrics={metrics} />
    </Stack>
  );
}

function MetricTable({ metrics }: { metrics: readonly (readonly [string, Run['metrics'][string]])[] }) {
  return (
    <Table maw={700}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Metric</Table.Th>
          <Table.Th ta="right">Latest</Table.Th>
          <Table.Th ta="right">Step</Table.Th>
          <Table.Th>At</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {metrics.map(([key, { value, step, timestamp }]) => (
          <Table.Tr key={key}>
            <Table.Td>{key}</Table.Td>
            <Table.Td ta="right">{formatNumber(value, 6)}</Table.Td>
            <Table.Td ta="right">{step}</Table.Td>
            <Table.Td>
              <Moment at={timestamp} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

const named = (values: Readonly<Record<string, string>>, none: string) =>
  Object.keys(values).length === 0 ? (
    <Nothing title={none} />
  ) : (
    <Facts facts={Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))} />
  );

/** The notes have a place of their own. */
const withoutNote = ({ [NOTE]: _, ...tags }: Run['tags']): Run['tags'] => tags;

function Details({ run }: { run: Run }) {
  const parent = parentOf(run);
  return (
    <>
      <Facts
        facts={[
          [
            'Status',
            <Group key="status" gap="xs">
              <StateBadge state={run.status} />
              {run.lifecycleStage === 'deleted' ? <StateBadge state="in the trash" /> : null}
            </Group>,
          ],
          ...(parent === undefined
            ? []
            : [
                [
                  'Nested in',
                  <Go key="parent" to={placeOf('runs', parent)}>
                    {parent}
                  </Go>,
                ] as const,
              ]),
          ['By', run.user || '–'],
          ['Started', <Moment key="started" at={run.startTime} />],
          ['Took', run.endTime === null ? 'still running' : formatSeconds(run.endTime - run.startTime)],
          ['Artifacts', run.artifactUri],
        ]}
      />
      <PageTabs
        tabs={[
          { value: 'curves', title: 'Curves', content: () => <RunCurves run={run} /> },
          { value: 'system', title: 'System', content: () => <RunCurves run={run} isSystem /> },
          { value: 'metrics', title: 'Metrics', content: () => <Metrics run={run} /> },
          { value: 'params', title: 'Params', content: () => named(run.params, 'No params') },
          { value: 'artifacts', title: 'Artifacts', content: () => <ArtifactBrowser run={run.runId} /> },
          { value: 'logs', title: 'Logs', content: () => <RunLogs run={run} /> },
          { value: 'inputs', title: 'Inputs and outputs', content: () => <RunLineage run={run} /> },
          {
            value: 'traces',
            title: 'Traces',
            content: () => <TraceList scope={{ experimentIds: [run.experimentId], runId: run.runId }} />,
          },
          { value: 'notes', title: 'Notes', content: () => <RunNotes run={run} /> },
          { value: 'models', title: 'Models', content: () => <RunModels run={run.runId} /> },
          { value: 'reproduce', title: 'Reproduce', content: () => <RunReproduce run={run} /> },
          { value: 'tags', title: 'Tags', content: () => named(withoutNote(run.tags), 'No tags') },
        ]}
      />
    </>
  );
}

export function RunPage() {
  const { run: runId } = useParams({ strict: false }) as { run: string };
  const query = useQuery({
    queryKey: ['runs', runId],
    queryFn: () => server().getRun({ params: { run: runId } }),
    refetchInterval: ({ state }) => (state.data?.status === 'RUNNING' ? LIVE_MS : false),
  });
  return (
    <Page
      title={query.data?.name ?? runId}
      description={
        <Text span ff="monospace" size="xs">
          {query.data === undefined ? null : <RunDot run={query.data} />} {runId}
        </Text>
      }
      crumbs={[{ title: 'Runs', to: '/runs' }]}
      actions={
        <Button variant="default" component={Link} {...linkTo('/lineage', { kind: 'run', id: runId })}>
          Lineage
        </Button>
      }
    >
      <QueryState query={query} height={400}>
        {(run) => <Details run={run} />}
      </QueryState>
    </Page>
  );
}
