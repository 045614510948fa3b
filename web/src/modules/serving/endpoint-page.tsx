import type { Endpoint } from '@flyball/api';
import { Button, Stack, Table, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { Facts } from '../../parts/facts.tsx';
import { formatCount, formatNumber } from '../../parts/format.ts';
import { Go, linkTo, placeOf } from '../../parts/go.tsx';
import { Page } from '../../parts/page.tsx';
import { PageTabs } from '../../parts/page-tabs.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';
import { EndpointRollouts } from './endpoint-rollouts.tsx';
import { PredictionLog } from './prediction-log.tsx';
import { risksText, stepsText, testName } from './rollout-plan-text.ts';
import { TrafficCharts } from './traffic-charts.tsx';
import { TryIt } from './try-it.tsx';

function Deployments({ endpoint }: { endpoint: Endpoint }) {
  const { model, deployments } = endpoint;
  if (deployments.length === 0)
    return <Nothing title="Nothing is deployed">Open a model version and choose “Roll out”.</Nothing>;
  return (
    <Table fz="sm">
      <Table.Thead>
        <Table.Tr>
          {['Version', 'Role', 'Share', 'Replica', 'State', 'Process', 'Rows', 'Error'].map((title) => (
            <Table.Th key={title}>{title}</Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {deployments.flatMap(({ version, role, weight, replicas }) => {
          const shown = replicas.length === 0 ? [null] : replicas;
          return shown.map((replica) => (
            <Table.Tr key={`${version} ${role} ${replica?.id}`}>
              <Table.Td>
                <Go to={placeOf('models', model, version)}>{version}</Go>
              </Table.Td>
              <Table.Td>{role}</Table.Td>
              <Table.Td>{weight * 100} %</Table.Td>
              <Table.Td>{replica?.id ?? 'none'}</Table.Td>
              <Table.Td>{replica === null ? '–' : <StateBadge state={replica.state} />}</Table.Td>
              <Table.Td>{replica?.pid ?? '–'}</Table.Td>
              <Table.Td>{formatCount(replica?.rows)}</Table.Td>
              <Table.Td>{replica?.error ?? ''}</Table.Td>
            </Table.Tr>
          ));
        })}
      </Table.Tbody>
    </Table>
  );
}

function Definition({ endpoint }: { endpoint: Endpoint }) {
  const { inputs, target, stickyInput, timeoutMs, maxBatchRows, replicas, feedback, rollout } = endpoint;
  return (
    <Stack>
      <Facts
        facts={[
          ['Inputs', inputs.map(({ name, datatype }) => `${name} ${datatype}`).join(', ')],
          ['Predicts', target.kind === 'binary' ? `whether the label is above ${target.positiveAbove}` : 'a number'],
          ['Sticky by', stickyInput ?? 'each request for itself'],
          ['Answers within', `${timeoutMs} ms`],
          ['Rows at once', formatCount(maxBatchRows)],
          ['Replicas', replicas],
          [
            'Labelled predictions',
            feedback === undefined ? (
              'are kept in the log only'
            ) : (
              <Go key="feedback" to={placeOf('datasets', feedback.dataset)}>{`go to dataset ${feedback.dataset}`}</Go>
            ),
          ],
        ]}
      />
      <Title order={5}>Rollout plan</Title>
      <Facts
        facts={[
          ['Steps', stepsText(rollout)],
          ...rollout.metrics.map(
            ({ kind }) => [`Test of ${kind.replaceAll('_', ' ')}`, testName(rollout, kind)] as const,
          ),
          ['Risks of the test', risksText(rollout)],
          ['Looks every', `${formatNumber(rollout.checkEverySeconds / 60)} min of event time`],
          ['Without a verdict', rollout.onNoVerdict === 'ask' ? 'asks a person' : 'rolls back'],
        ]}
      />
    </Stack>
  );
}

function Details({ endpoint }: { endpoint: Endpoint }) {
  const { name, model, champion, predictions, labels, unknownLabels, watermark } = endpoint;
  return (
    <>
      <Facts
        facts={[
          [
            'Champion',
            champion === null ? (
              'none'
            ) : (
              <Go key="champion" to={placeOf('models', model, champion)}>{`${model}@${champion}`}</Go>
            ),
          ],
          ['Predictions', formatCount(predictions)],
          ['Labels', `${formatCount(labels)}, and ${formatCount(unknownLabels)} of unknown predictions`],
          ['Complete until', <Moment key="watermark" at={watermark} />],
        ]}
      />
      <PageTabs
        tabs={[
          { value: 'traffic', title: 'Traffic', content: () => <TrafficCharts endpoint={endpoint} /> },
          { value: 'rollouts', title: 'Rollouts', content: () => <EndpointRollouts endpoint={name} /> },
          { value: 'deployments', title: 'Deployments', content: () => <Deployments endpoint={endpoint} /> },
          { value: 'log', title: 'Prediction log', content: () => <PredictionLog endpoint={name} /> },
          { value: 'try', title: 'Try it', content: () => <TryIt endpoint={endpoint} /> },
          { value: 'definition', title: 'Definition', content: () => <Definition endpoint={endpoint} /> },
        ]}
      />
    </>
  );
}

export function EndpointPage() {
  const { endpoint: name } = useParams({ strict: false }) as { endpoint: string };
  const query = useQuery({
    queryKey: ['endpoints', name],
    queryFn: () => server().getEndpoint({ params: { endpoint: name } }),
  });
  return (
    <Page
      title={name}
      crumbs={[{ title: 'Endpoints', to: '/endpoints' }]}
      description={query.data?.description}
      actions={
        <Button variant="default" component={Link} {...linkTo('/lineage', { kind: 'endpoint', id: name })}>
          Lineage
        </Button>
      }
    >
      <QueryState query={query} height={500}>
        {(endpoint) => <Details endpoint={endpoint} />}
      </QueryState>
    </Page>
  );
}
