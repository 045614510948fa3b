import type { PipelineRun } from '@flyball/api';
import { Button, Card, Group, SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useMemo } from 'react';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { Facts } from '../../parts/facts.tsx';
import { Go, linkTo, placeOf } from '../../parts/go.tsx';
import { Page } from '../../parts/page.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { useAddress } from '../../parts/use-address.ts';
import { useChange } from '../../parts/use-change.ts';
import { server } from '../../server.ts';
import { StepDetails } from './step-details.tsx';
import { StepGraph } from './step-graph.tsx';

const LIVE_MS = 2000;
const isLive = (run: PipelineRun | undefined): boolean => run?.state === 'running' || run?.state === 'queued';

const telling = (run: PipelineRun) =>
  run.steps.find(({ state }) => state === 'failed') ??
  run.steps.find(({ state }) => state === 'running') ??
  run.steps[0];

function Steps({ run, retry }: { run: PipelineRun; retry: (from: string) => void }) {
  const [{ step: chosen }, set] = useAddress<{ step?: string }>();
  const steps = useMemo(
    () =>
      run.steps.map(({ id, needs, state, cache }) => ({
        id,
        needs,
        state,
        what: cache?.hit === true ? 'cached' : '',
      })),
    [run.steps],
  );
  const step = run.steps.find(({ id }) => id === chosen) ?? telling(run);
  if (step === undefined) return <Nothing title="This run has no steps" />;
  return (
    <>
      <Card withBorder padding={0}>
        <StepGraph steps={steps} onStep={(id) => set({ step: id })} />
      </Card>
      <SegmentedControl
        aria-label="Step"
        style={{ alignSelf: 'flex-start', flexWrap: 'wrap' }}
        size="xs"
        data={run.steps.map(({ id }) => id)}
        value={step.id}
        onChange={(id) => set({ step: id })}
      />
      <StepDetails run={run} step={step} retry={retry} />
    </>
  );
}

function RunDetails({ run, retry }: { run: PipelineRun; retry: (from: string) => void }) {
  return (
    <>
      <Facts
        facts={[
          ['State', <StateBadge key="state" state={run.state} />],
          [
            'Pipeline',
            <Go
              key="pipeline"
              to={placeOf('pipelines', run.pipeline)}
            >{`${run.pipeline}, version ${run.pipelineVersion}`}</Go>,
          ],
          ['Started by', [run.trigger.kind, run.trigger.detail].filter(Boolean).join(': ')],
          ['Created', <Moment key="created" at={run.createdAt} />],
          ['Ended', <Moment key="ended" at={run.endedAt} />],
          ['Params', <code key="params">{JSON.stringify(run.params)}</code>],
        ]}
      />
      <Steps run={run} retry={retry} />
    </>
  );
}

export function PipelineRunPage() {
  const { run: id } = useParams({ strict: false }) as { run: string };
  const query = useQuery({
    queryKey: ['pipelines', 'run', id],
    queryFn: () => server().getPipelineRun({ params: { run: id } }),
    refetchInterval: ({ state }) => (isLive(state.data) ? LIVE_MS : false),
  });
  const stale = ['pipelines', 'overview'];
  const cancel = useChange(() => server().cancelPipelineRun({ params: { run: id } }), { done: 'Cancelled', stale });
  const retry = useChange(
    (from: string | undefined) =>
      server().retryPipelineRun({ params: { run: id }, body: from === undefined ? {} : { from } }),
    { done: 'Runs again', stale },
  );
  const pipeline = query.data?.pipeline;
  return (
    <Page
      title={pipeline === undefined ? id : `${pipeline}, ${id.slice(0, 8)}`}
      crumbs={[
        { title: 'Pipelines', to: '/pipelines' },
        ...(pipeline === undefined ? [] : [{ title: pipeline, to: placeOf('pipelines', pipeline) }]),
      ]}
      actions={
        <Group>
          <Button variant="default" component={Link} {...linkTo('/lineage', { kind: 'pipeline_run', id })}>
            Lineage
          </Button>
          {isLive(query.data) ? (
            <Button color="red" loading={cancel.isPending} onClick={() => cancel.mutate(undefined)}>
              Cancel
            </Button>
          ) : (
            <Button
              disabled={query.data === undefined}
              loading={retry.isPending}
              onClick={() => retry.mutate(undefined)}
            >
              Retry
            </Button>
          )}
        </Group>
      }
    >
      <QueryState query={query} height={400}>
        {(run) => <RunDetails run={run} retry={(from) => retry.mutate(from)} />}
      </QueryState>
    </Page>
  );
}
