import type { Purge } from '@flyball/api';
import { Alert, Group, Progress, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { formatCount } from '../../parts/format.ts';
import { QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';
import { progressOf } from './purge-progress.ts';

const MOST_SHOWN = 200;
const LOOK_MS = 1_000;

const kinds = { run: 'run', logged_model: 'logged model', experiment: 'experiment' } as const;

function stateOf({ finishedAt, error }: Purge): string {
  if (finishedAt !== null) return 'finished';
  return error === null ? 'running' : 'failed';
}

function State({ purge }: { purge: Purge }) {
  const { error, leftAt } = purge;
  return (
    <Stack gap={2}>
      <Group gap="xs">
        <StateBadge state={stateOf(purge)} />
      </Group>
      {error === null ? null : (
        <Text size="xs" c="red">
          {error}. It is tried again.
        </Text>
      )}
      {leftAt === null ? null : (
        <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          Files stay at {leftAt}
        </Text>
      )}
    </Stack>
  );
}

function Done({ purge }: { purge: Purge }) {
  const { kind, points, expectedPoints, files, runsDone, runsLeft, finishedAt } = purge;
  const share = progressOf(purge);
  const of = expectedPoints === null || finishedAt !== null ? '' : ` of ${formatCount(expectedPoints)}`;
  const runs = runsLeft > 0 ? `${formatCount(runsDone)} of ${formatCount(runsDone + runsLeft)}` : formatCount(runsDone);
  return (
    <Stack gap={4} miw={220}>
      <Text size="sm">
        {kind === 'experiment' ? `${runs} runs, ` : ''}
        {formatCount(points)}
        {of} points, {formatCount(files)} files
      </Text>
      {finishedAt !== null || share === null ? null : (
        <Progress
          value={100 * share}
          size="sm"
          animated={purge.error === null}
          color={purge.error === null ? 'blue' : 'red'}
          aria-label={`Progress of ${purge.title ?? purge.subject}`}
        />
      )}
    </Stack>
  );
}

const columns: readonly Column<Purge>[] = [
  {
    title: 'What',
    cell: ({ kind, title, subject }) => (
      <Stack gap={0}>
        <Text size="sm" fw={500}>
          {title ?? subject}
        </Text>
        <Text size="xs" c="dimmed">
          {kinds[kind]} {title === null ? '' : subject}
        </Text>
      </Stack>
    ),
    sort: ({ title, subject }) => title ?? subject,
  },
  { title: 'State', cell: (purge) => <State purge={purge} />, sort: stateOf },
  { title: 'Deleted so far', cell: (purge) => <Done purge={purge} />, sort: ({ points }) => points },
  {
    title: 'Asked',
    cell: ({ askedAt, askedBy, reason }) => (
      <Stack gap={0}>
        <Group gap={4}>
          <Moment at={askedAt} />
          <Text size="sm">by {askedBy}</Text>
        </Group>
        <Text size="xs" c="dimmed">
          {reason}
        </Text>
      </Stack>
    ),
    sort: ({ askedAt }) => askedAt,
  },
  { title: 'Finished', cell: ({ finishedAt }) => <Moment at={finishedAt} />, sort: ({ finishedAt }) => finishedAt },
];

/** What was deleted for good, and how far that is; looked at again as long as anything is under way. */
export function PurgesList() {
  const query = useQuery({
    queryKey: ['purges'],
    queryFn: () => server().listPurges({ query: { limit: MOST_SHOWN, parts: 'hidden' } }),
    refetchInterval: ({ state }) =>
      state.data?.items.some(({ finishedAt }) => finishedAt === null) === true ? LOOK_MS : false,
  });
  return (
    <QueryState query={query} height={240}>
      {({ items }) => (
        <Stack>
          {items.some(({ error }) => error !== null) ? (
            <Alert color="red" title="A purge does not go on">
              It is tried again by itself. Its row below says why, and the server’s log says more.
            </Alert>
          ) : null}
          <DataTable
            rows={items}
            rowKey={({ id }) => String(id)}
            columns={columns}
            empty="Runs and experiments that are deleted for good are listed here, with how far that is."
          />
        </Stack>
      )}
    </QueryState>
  );
}
