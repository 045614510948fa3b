import type { Rollout } from '@flyball/api';
import { Alert, Button, Card, Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Facts } from '../../parts/facts.tsx';
import { formatCount, formatPercent } from '../../parts/format.ts';
import { usePaging } from '../../parts/paging.ts';
import { QueryState } from '../../parts/query-state.tsx';
import { ReasonDialog } from '../../parts/reason-dialog.tsx';
import { useAddress } from '../../parts/use-address.ts';
import { useChange } from '../../parts/use-change.ts';
import { server } from '../../server.ts';
import { RolloutCharts } from './rollout-charts.tsx';

type RolloutDecision = 'promote' | 'roll_back' | 'resume';

const columns: Column<Rollout>[] = [
  { title: 'Candidate', cell: (row) => row.candidate, numeric: true },
  { title: 'Champion', cell: (row) => row.champion ?? 'none', numeric: true },
  { title: 'State', cell: (row) => <StateBadge state={row.state} /> },
  {
    title: 'Step',
    numeric: true,
    cell: (row) => `${Math.min(row.step + 1, row.plan.steps.length)} of ${row.plan.steps.length}`,
  },
  { title: 'Began', cell: (row) => <Moment at={row.firstEventAt ?? row.startedAt} /> },
  { title: 'Last look', cell: (row) => <Moment at={row.lastEventAt} /> },
  { title: 'Answered', cell: (row) => formatCount(row.candidateAnswered), numeric: true },
  { title: 'Why', cell: (row) => row.reason },
];

function Decide({ rollout }: { rollout: Rollout }) {
  const [opened, setOpened] = useState(false);
  const decide = useChange(
    (body: { decision: RolloutDecision; reason: string }) =>
      server().decideRollout({ params: { rollout: rollout.id }, body }),
    { done: 'Decided', stale: ['endpoints', 'models', 'overview'] },
  );
  const choice = (decision: RolloutDecision, title: string, color: string) => ({
    title,
    color,
    run: (reason: string) => decide.mutate({ decision, reason }),
  });
  const waits = rollout.state === 'needs_review';
  return (
    <Alert color={waits ? 'orange' : 'blue'} title={waits ? 'This rollout asks a person' : 'This rollout runs'}>
      <Group justify="space-between">
        <Text size="sm">{rollout.reason}</Text>
        <Button size="xs" loading={decide.isPending} onClick={() => setOpened(true)}>
          Decide
        </Button>
      </Group>
      <ReasonDialog
        title={`Version ${rollout.candidate} on ${rollout.endpoint}`}
        opened={opened}
        onClose={() => setOpened(false)}
        choices={[
          choice('roll_back', 'Roll back', 'red'),
          ...(waits ? [choice('resume', 'Resume', 'blue')] : []),
          choice('promote', 'Promote', 'green'),
        ]}
      />
    </Alert>
  );
}

function stepsText({ plan, step, state }: Rollout): string {
  const texts = plan.steps.map(({ weight }) => (weight === 0 ? 'shadow' : `${weight * 100} %`));
  return texts.map((text, place) => (place === step && state === 'running' ? `[${text}]` : text)).join(' → ');
}

function OneRollout({ id }: { id: string }) {
  const query = useQuery({
    queryKey: ['endpoints', 'rollout', id],
    queryFn: () => server().getRollout({ params: { rollout: id } }),
  });
  return (
    <QueryState query={query} height={500}>
      {(rollout) => (
        <Stack>
          {rollout.state === 'needs_review' || rollout.state === 'running' ? <Decide rollout={rollout} /> : null}
          <Facts
            facts={[
              ['State', <StateBadge key="state" state={rollout.state} />],
              ['Reason', rollout.reason || '–'],
              ['Versions', `${rollout.candidate} against ${rollout.champion ?? 'none'}`],
              ['Steps', stepsText(rollout)],
              ['Started', <Moment key="started" at={rollout.startedAt} />],
              ['Started by', rollout.startedBy],
              ['Chance of a wrong rollback', `at most ${formatPercent(rollout.plan.alpha)} over the whole rollout`],
              ['Chance of a wrong promotion', `at most ${formatPercent(rollout.plan.beta)}`],
              ['Plan', <code key="plan">{rollout.planDigest.slice(0, 16)}</code>],
              ['Looks', rollout.checks.length],
            ]}
          />
          <RolloutCharts rollout={rollout} />
        </Stack>
      )}
    </QueryState>
  );
}

/** All rollouts of an endpoint, and the chosen one with its test. */
export function EndpointRollouts({ endpoint }: { endpoint: string }) {
  const paging = usePaging();
  const [{ rollout }, set] = useAddress<{ rollout?: string }>();
  const query = useQuery({
    queryKey: ['endpoints', endpoint, 'rollouts', paging.query],
    queryFn: () => server().listRollouts({ params: { endpoint }, query: paging.query }),
  });
  return (
    <QueryState query={query}>
      {({ items, nextPageToken }) => {
        const { onSearch: _, search: __, ...pages } = paging.table(nextPageToken);
        const shown = rollout ?? items[0]?.id;
        return (
          <Stack>
            <DataTable
              rows={items}
              columns={columns}
              rowKey={(row) => row.id}
              empty="Open a model version and choose “Roll out”."
              onRow={({ id }) => set({ rollout: id })}
              {...pages}
            />
            {shown === undefined ? null : (
              <Card withBorder>
                <Title order={4} mb="sm">
                  Rollout of version {items.find(({ id }) => id === shown)?.candidate ?? shown}
                </Title>
                <OneRollout id={shown} />
              </Card>
            )}
          </Stack>
        );
      }}
    </QueryState>
  );
}
