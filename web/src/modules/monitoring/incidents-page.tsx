import type { Incident } from '@flyball/api';
import { Button, Drawer, Group, List, SegmentedControl, Stack, Text, Timeline, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Go, placeOf, placeOfThing } from '../../parts/go.tsx';
import { Page } from '../../parts/page.tsx';
import { usePaging } from '../../parts/paging.ts';
import { QueryState } from '../../parts/query-state.tsx';
import { ReasonDialog } from '../../parts/reason-dialog.tsx';
import { useAddress } from '../../parts/use-address.ts';
import { useChange } from '../../parts/use-change.ts';
import { server } from '../../server.ts';

interface IncidentsSearch {
  readonly state?: 'open' | 'resolved';
  readonly incident?: string;
  readonly pages?: string[];
}

const columns: Column<Incident>[] = [
  { title: 'State', cell: (row) => <StateBadge state={row.state} />, sort: (row) => row.state },
  { title: 'Incident', cell: (row) => row.title },
  { title: 'Endpoint', cell: (row) => <Go to={placeOf('endpoints', row.endpoint)}>{row.endpoint}</Go> },
  { title: 'Alerts', cell: (row) => row.alerts.length, numeric: true },
  { title: 'Opened', cell: (row) => <Moment at={row.openedAt} />, sort: (row) => row.openedAt },
  { title: 'Resolved', cell: (row) => <Moment at={row.resolvedAt} /> },
];

type Entry = Incident['timeline'][number];

function Reference({ entry, endpoint }: { entry: Entry; endpoint: string }) {
  if (entry.ref === null) return null;
  const { kind, id } = entry.ref;
  if (kind === 'rollout') {
    return (
      <Go to={placeOf('endpoints', endpoint)} search={{ tab: 'rollouts', rollout: id }}>
        its rollout
      </Go>
    );
  }
  const place = placeOfThing(kind, id);
  return place === null ? null : <Go {...place}>{kind.replaceAll('_', ' ')}</Go>;
}

function Resolve({ incident }: { incident: Incident }) {
  const [opened, setOpened] = useState(false);
  const resolve = useChange(
    (reason: string) => server().resolveIncident({ params: { incident: incident.id }, body: { reason } }),
    { done: 'Resolved', stale: ['monitors', 'overview'] },
  );
  return (
    <>
      <Button size="xs" loading={resolve.isPending} onClick={() => setOpened(true)}>
        Resolve
      </Button>
      <ReasonDialog
        title={`Resolve “${incident.title}”`}
        opened={opened}
        onClose={() => setOpened(false)}
        choices={[{ title: 'Resolve', color: 'green', run: (reason) => resolve.mutate(reason) }]}
      />
    </>
  );
}

function OneIncident({ incident }: { incident: Incident }) {
  const entries = incident.timeline.map((entry, place) => ({ entry, place }));
  return (
    <Stack>
      <Group justify="space-between">
        <Group gap="xs">
          <StateBadge state={incident.state} />
          <Go to={placeOf('endpoints', incident.endpoint)}>{incident.endpoint}</Go>
        </Group>
        {incident.state === 'open' ? <Resolve incident={incident} /> : null}
      </Group>
      <Title order={5}>Alerts</Title>
      <List size="sm" spacing={4}>
        {incident.alerts.map(({ id, monitor, state, severity, message }) => (
          <List.Item key={id}>
            <StateBadge state={severity} /> <StateBadge state={state} /> {message}{' '}
            <Go to={placeOf('monitors', monitor)}>{monitor}</Go>
          </List.Item>
        ))}
      </List>
      <Title order={5}>What was done about it</Title>
      <Timeline bulletSize={14} lineWidth={2} active={entries.length}>
        {entries.map(({ entry, place }) => (
          <Timeline.Item key={place} title={<Text size="sm">{entry.text}</Text>}>
            <Group gap="xs">
              <Moment at={entry.at} />
              <Text size="xs" c="dimmed">
                {entry.kind.replaceAll('-', ' ')}
              </Text>
              <Reference entry={entry} endpoint={incident.endpoint} />
            </Group>
          </Timeline.Item>
        ))}
      </Timeline>
    </Stack>
  );
}

function IncidentDrawer({ id, close }: { id: string | undefined; close: () => void }) {
  const query = useQuery({
    queryKey: ['monitors', 'incidents', 'one', id],
    queryFn: () => server().getIncident({ params: { incident: id ?? '' } }),
    enabled: id !== undefined,
  });
  return (
    <Drawer
      opened={id !== undefined}
      onClose={close}
      position="right"
      size="xl"
      title={query.data?.title ?? 'Incident'}
    >
      <QueryState query={query}>{(incident) => <OneIncident incident={incident} />}</QueryState>
    </Drawer>
  );
}

export function IncidentsPage() {
  const paging = usePaging();
  const [{ state, incident }, set] = useAddress<IncidentsSearch>();
  const query = useQuery({
    queryKey: ['monitors', 'incidents', state, paging.query],
    queryFn: () => server().listIncidents({ query: { ...paging.query, ...(state === undefined ? {} : { state }) } }),
  });
  return (
    <Page title="Incidents" description="What went wrong in production, and what was done about it">
      <SegmentedControl
        style={{ alignSelf: 'flex-start' }}
        aria-label="State"
        data={['all', 'open', 'resolved']}
        value={state ?? 'all'}
        onChange={(value) =>
          set({ state: value === 'all' ? undefined : (value as 'open' | 'resolved'), pages: undefined })
        }
      />
      <QueryState query={query}>
        {({ items, nextPageToken }) => {
          const { onSearch: _, search: __, ...pages } = paging.table(nextPageToken);
          return (
            <DataTable
              rows={items}
              columns={columns}
              rowKey={(row) => row.id}
              empty="An incident opens when a monitor’s rule is broken."
              onRow={({ id }) => set({ incident: id })}
              {...pages}
            />
          );
        }}
      </QueryState>
      <IncidentDrawer id={incident} close={() => set({ incident: undefined })} />
    </Page>
  );
}
