import type { Pipeline, PipelineRun } from '@flyball/api';
import { Button, Card, Drawer, JsonInput, Modal, Stack, Text, Title } from '@mantine/core';
import { IconPlayerPlay } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Facts } from '../../parts/facts.tsx';
import { formatSeconds } from '../../parts/format.ts';
import { Page } from '../../parts/page.tsx';
import { usePaging } from '../../parts/paging.ts';
import { QueryState } from '../../parts/query-state.tsx';
import { useAddress } from '../../parts/use-address.ts';
import { useChange } from '../../parts/use-change.ts';
import { server } from '../../server.ts';
import { StepDefinition } from './step-definition.tsx';
import { StepGraph } from './step-graph.tsx';
import { triggerText } from './trigger-text.ts';

const took = ({ startedAt, endedAt }: PipelineRun): number | null =>
  startedAt === null || endedAt === null ? null : Date.parse(endedAt) - Date.parse(startedAt);

const columns: Column<PipelineRun>[] = [
  { title: 'State', cell: (row) => <StateBadge state={row.state} />, sort: (row) => row.state },
  { title: 'Created', cell: (row) => <Moment at={row.createdAt} />, sort: (row) => row.createdAt },
  { title: 'Took', cell: (row) => formatSeconds(took(row)), numeric: true, sort: took },
  {
    title: 'Steps done',
    numeric: true,
    cell: (row) => `${row.steps.filter(({ state }) => state === 'succeeded').length} of ${row.steps.length}`,
  },
  { title: 'Started by', cell: ({ trigger }) => [trigger.kind, trigger.detail].filter(Boolean).join(': ') },
  { title: 'Definition', cell: (row) => `version ${row.pipelineVersion}`, numeric: true },
];

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function RunButton({ pipeline }: { pipeline: Pipeline }) {
  const [opened, setOpened] = useState(false);
  const [text, setText] = useState('{}');
  const navigate = useNavigate();
  const params = parsed(text);
  const start = useChange(
    (given: Record<string, unknown>) =>
      server().startPipeline({ params: { pipeline: pipeline.name }, body: { params: given } }),
    {
      done: 'Started',
      stale: ['pipelines', 'overview'],
      after: ({ id }) => void navigate({ to: '/pipeline-runs/$run', params: { run: id } }),
    },
  );
  return (
    <>
      <Button leftSection={<IconPlayerPlay size={16} />} onClick={() => setOpened(true)}>
        Run
      </Button>
      <Modal opened={opened} onClose={() => setOpened(false)} title={`Run ${pipeline.name}`}>
        <Stack>
          <JsonInput
            label="Params that differ from the defaults"
            autosize
            minRows={4}
            formatOnBlur
            value={text}
            onChange={setText}
            {...(params === null ? { error: 'This is not a JSON object' } : {})}
          />
          <Text size="xs" c="dimmed">
            Defaults: {JSON.stringify(pipeline.params)}
          </Text>
          <Button disabled={params === null} loading={start.isPending} onClick={() => start.mutate(params ?? {})}>
            Run
          </Button>
        </Stack>
      </Modal>
    </>
  );
}

function Definition({ pipeline }: { pipeline: Pipeline }) {
  const [{ step }, set] = useAddress<{ step?: string }>();
  const steps = useMemo(
    () =>
      pipeline.steps.map(({ id, needs, uses, command }) => ({
        id,
        needs,
        what: uses ?? command?.join(' ') ?? '',
      })),
    [pipeline.steps],
  );
  const chosen = pipeline.steps.find(({ id }) => id === step);
  return (
    <>
      <Card withBorder padding={0}>
        <StepGraph steps={steps} onStep={(id) => set({ step: id })} />
      </Card>
      <Drawer
        opened={chosen !== undefined}
        onClose={() => set({ step: undefined })}
        position="right"
        size="lg"
        title={step}
      >
        {chosen === undefined ? null : <StepDefinition step={chosen} />}
      </Drawer>
      <Facts
        facts={[
          ['Starts', pipeline.triggers.map(triggerText).join('; ') || 'by hand'],
          ['Runs at once', pipeline.maxParallelRuns],
          ['Starts dropped meanwhile', pipeline.droppedTriggers],
          ['Default params', <code key="params">{JSON.stringify(pipeline.params)}</code>],
        ]}
      />
    </>
  );
}

function Runs({ pipeline }: { pipeline: string }) {
  const paging = usePaging();
  const navigate = useNavigate();
  const query = useQuery({
    queryKey: ['pipelines', pipeline, 'runs', paging.query],
    queryFn: () => server().listPipelineRuns({ query: { ...paging.query, pipeline } }),
  });
  return (
    <QueryState query={query}>
      {({ items, nextPageToken }) => {
        const { onSearch: _, search: __, ...pages } = paging.table(nextPageToken);
        return (
          <DataTable
            rows={items}
            columns={columns}
            rowKey={(row) => row.id}
            empty="It has not run yet."
            onRow={({ id }) => void navigate({ to: '/pipeline-runs/$run', params: { run: id } })}
            {...pages}
          />
        );
      }}
    </QueryState>
  );
}

export function PipelinePage() {
  const { pipeline: name } = useParams({ strict: false }) as { pipeline: string };
  const query = useQuery({
    queryKey: ['pipelines', name],
    queryFn: () => server().getPipeline({ params: { pipeline: name } }),
  });
  return (
    <Page
      title={name}
      crumbs={[{ title: 'Pipelines', to: '/pipelines' }]}
      description={query.data?.description}
      actions={query.data === undefined ? null : <RunButton pipeline={query.data} />}
    >
      <QueryState query={query} height={400}>
        {(pipeline) => <Definition pipeline={pipeline} />}
      </QueryState>
      <Title order={4}>Runs</Title>
      <Runs pipeline={name} />
    </Page>
  );
}
