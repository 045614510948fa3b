import type { Endpoint } from '@flyball/api';
import { Card, Code, Group, List, SegmentedControl, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { formatCount } from '../../parts/format.ts';
import { Go, placeOf } from '../../parts/go.tsx';
import { Page } from '../../parts/page.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { Thing } from '../../parts/thing.tsx';
import { useAddress } from '../../parts/use-address.ts';
import { server } from '../../server.ts';
import { LoopPicture } from './loop-picture.tsx';
import { readLoop } from './read-loop.ts';

const LAST_EVENTS = 12;

function LiveLoop({ endpoint }: { endpoint: Endpoint }) {
  const query = useQuery({
    queryKey: ['overview', 'loop', endpoint.name, endpoint.updatedAt, endpoint.activeRollout],
    queryFn: () => readLoop(endpoint),
  });
  return (
    <QueryState query={query} height={300}>
      {(loop) => <LoopPicture loop={{ ...loop, endpoint }} />}
    </QueryState>
  );
}

function EndpointCard({ endpoint }: { endpoint: Endpoint }) {
  const { name, model, champion, predictions, labels, activeRollout } = endpoint;
  return (
    <Card withBorder padding="sm">
      <Group justify="space-between">
        <Go to={placeOf('endpoints', name)}>{name}</Go>
        {activeRollout === null ? null : <StateBadge state="rollout_runs" />}
      </Group>
      <Text size="sm">
        {model}, {champion === null ? 'no champion yet' : `champion is version ${champion}`}
      </Text>
      <Text size="xs" c="dimmed">
        {formatCount(predictions)} predictions, {formatCount(labels)} labels
      </Text>
    </Card>
  );
}

function LastEvents() {
  const query = useQuery({
    queryKey: ['overview', 'audit'],
    queryFn: () => server().listAudit({ query: { limit: LAST_EVENTS } }),
    refetchInterval: 15_000,
  });
  return (
    <QueryState query={query}>
      {({ items }) => (
        <Table.ScrollContainer minWidth={600}>
          <Table fz="sm" verticalSpacing={4}>
            <Table.Tbody>
              {items.map(({ id, at, actor, action, subjectKind, subjectId }) => (
                <Table.Tr key={id}>
                  <Table.Td>
                    <Moment at={at} />
                  </Table.Td>
                  <Table.Td>{action.replace('.', ': ').replaceAll('-', ' ')}</Table.Td>
                  <Table.Td>
                    <Thing kind={subjectKind} id={subjectId} />
                  </Table.Td>
                  <Table.Td c="dimmed">{actor}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </QueryState>
  );
}

function FirstSteps() {
  return (
    <Nothing title="No model is in production yet">
      <List type="ordered" ta="left" size="sm" spacing={4} mt="xs">
        <List.Item>
          <Code>npm run demo</Code> replays four months of flights: the whole loop closes in minutes.
        </List.Item>
        <List.Item>
          Or describe your own loop in TypeScript and run <Code>flyball apply</Code>.
        </List.Item>
        <List.Item>
          Or point an MLflow client here: <Code>MLFLOW_TRACKING_URI={location.origin}</Code>
        </List.Item>
      </List>
    </Nothing>
  );
}

function Loops({ endpoints }: { endpoints: readonly Endpoint[] }) {
  const [{ endpoint: name }, set] = useAddress<{ endpoint?: string }>();
  const endpoint = endpoints.find((one) => one.name === name) ?? endpoints[0];
  if (endpoint === undefined) return <FirstSteps />;
  return (
    <Stack>
      {endpoints.length === 1 ? null : (
        <SegmentedControl
          aria-label="Endpoint"
          style={{ alignSelf: 'flex-start' }}
          data={endpoints.map((one) => one.name)}
          value={endpoint.name}
          onChange={(value) => set({ endpoint: value })}
        />
      )}
      <LiveLoop endpoint={endpoint} />
      <Title order={4}>Endpoints</Title>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        {endpoints.map((one) => (
          <EndpointCard key={one.name} endpoint={one} />
        ))}
      </SimpleGrid>
    </Stack>
  );
}

export function OverviewPage() {
  const query = useQuery({
    queryKey: ['overview', 'endpoints'],
    queryFn: () => server().listEndpoints({ query: {} }),
  });
  return (
    <Page title="Overview" description="From data to production and back, as it is now">
      <QueryState query={query} height={320}>
        {({ items }) => <Loops endpoints={items} />}
      </QueryState>
      <Group justify="space-between">
        <Title order={4}>What happened last</Title>
        <Go to="/audit">All of it</Go>
      </Group>
      <LastEvents />
    </Page>
  );
}
