import { PlatformError, type Trace } from '@flyball/api';
import { Button, Text, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { type Column, DataTable, type ServerOrder } from '../../parts/data-table.tsx';
import { formatSeconds } from '../../parts/format.ts';
import { Go, placeOf } from '../../parts/go.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { useAddress } from '../../parts/use-address.ts';
import { server } from '../../server.ts';

const PAGE_SIZE = 50;

interface TracesAddress {
  readonly traceFilter?: string;
  readonly pages?: string[];
  /** With a minus descending. */
  readonly traceSort?: string;
}

const cut = (text: string | null): string => (text ?? '').slice(0, 160);

const columns: readonly Column<Trace>[] = [
  {
    title: 'Trace',
    cell: ({ traceId, name }) => <Go to={placeOf('traces', traceId)}>{name === '' ? traceId : name}</Go>,
  },
  { title: 'Status', cell: ({ status }) => <StateBadge state={status} />, order: 'status' },
  { title: 'Started', cell: ({ startTime }) => <Moment at={startTime} />, order: 'timestamp_ms' },
  {
    title: 'Took',
    numeric: true,
    cell: ({ durationMs }) => (durationMs === null ? '–' : formatSeconds(durationMs)),
    order: 'execution_time_ms',
  },
  {
    title: 'Request',
    cell: ({ requestPreview }) => (
      <Text size="xs" lineClamp={2} maw={320}>
        {cut(requestPreview)}
      </Text>
    ),
  },
  {
    title: 'Response',
    cell: ({ responsePreview }) => (
      <Text size="xs" lineClamp={2} maw={320}>
        {cut(responsePreview)}
      </Text>
    ),
  },
  {
    title: 'Feedback',
    cell: ({ assessments }) => (
      <Text size="xs" lineClamp={2} maw={200}>
        {assessments.map(({ name, value }) => `${name}: ${cut(value)}`).join(', ') || '–'}
      </Text>
    ),
  },
];

function Filter({ filter, error, send }: { filter: string; error: string | undefined; send: (to: string) => void }) {
  const [text, setText] = useState(filter);
  useEffect(() => setText(filter), [filter]);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send(text.trim());
      }}
    >
      <TextInput
        mb="sm"
        aria-label="Filter"
        placeholder="attributes.status = 'ERROR' AND attributes.execution_time_ms > 1000"
        leftSection={<IconSearch size={16} />}
        rightSectionWidth={80}
        rightSection={
          <Button size="compact-xs" type="submit" variant="default">
            Search
          </Button>
        }
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        value={text}
        error={error}
        onChange={(event) => setText(event.currentTarget.value)}
      />
    </form>
  );
}

export interface TraceScope {
  readonly experimentIds: string[];
  readonly runId?: string;
}

/** Traces that fit a filter, newest first unless ordered otherwise. */
export function TraceList({ scope }: { scope: TraceScope }) {
  const [{ traceFilter = '', pages = [], traceSort }, set] = useAddress<TracesAddress>();
  const navigate = useNavigate();
  const isDown = traceSort?.startsWith('-') === true;
  const by = isDown ? traceSort?.slice(1) : traceSort;
  const body = {
    ...scope,
    filter: traceFilter,
    orderBy: by === undefined ? [] : [`${by} ${isDown ? 'DESC' : 'ASC'}`],
    limit: PAGE_SIZE,
    ...(pages.length === 0 ? {} : { pageToken: pages.at(-1)! }),
  };
  const query = useQuery({
    queryKey: ['traces', body],
    queryFn: () => server().searchTraces({ body }),
    refetchInterval: 10_000,
    placeholderData: (old) => old,
    retry: false,
  });
  const refused = query.error instanceof PlatformError && query.error.code === 'invalid_input' ? query.error : null;
  const order: ServerOrder = {
    by,
    ascending: !isDown,
    set: (next, ascending) => set({ traceSort: `${ascending ? '' : '-'}${next}`, pages: undefined }),
  };
  return (
    <>
      <Filter
        filter={traceFilter}
        error={refused?.message}
        send={(to) => set({ traceFilter: to === '' ? undefined : to, pages: undefined })}
      />
      {refused !== null ? (
        <Nothing title="The server does not understand the filter">What it says stands below the filter.</Nothing>
      ) : (
        <QueryState query={query} height={300}>
          {({ items, nextPageToken: next }) => (
            <DataTable
              rows={items}
              columns={columns}
              rowKey={({ traceId }) => traceId}
              empty={
                traceFilter === '' ? (
                  <>
                    Trace an application with <code>@mlflow.trace</code>, or send spans to {location.origin}/v1/traces.
                  </>
                ) : (
                  'No trace fits the filter.'
                )
              }
              order={order}
              onRow={({ traceId }) => void navigate({ to: placeOf('traces', traceId) })}
              next={next === undefined ? undefined : () => set({ pages: [...pages, next] })}
              previous={pages.length === 0 ? undefined : () => set({ pages: pages.slice(0, -1) })}
            />
          )}
        </QueryState>
      )}
    </>
  );
}
