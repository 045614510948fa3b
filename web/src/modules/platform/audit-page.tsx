import type { AuditEvent } from '@flyball/api';
import { Button, Drawer, Group, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Moment } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Facts } from '../../parts/facts.tsx';
import { Go, placeOfThing } from '../../parts/go.tsx';
import { JsonView } from '../../parts/json-view.tsx';
import { Page } from '../../parts/page.tsx';
import { usePaging } from '../../parts/paging.ts';
import { QueryState } from '../../parts/query-state.tsx';
import { Thing } from '../../parts/thing.tsx';
import { useAddress } from '../../parts/use-address.ts';
import { server } from '../../server.ts';

const filterNames = { actor: 'Actor', action: 'Action', subjectKind: 'Subject kind', subjectId: 'Subject' } as const;
type Filters = { readonly [K in keyof typeof filterNames]?: string };
type AuditSearch = Filters & { readonly pages?: string[] };

const columns: Column<AuditEvent>[] = [
  { title: 'At', cell: (row) => <Moment at={row.at} /> },
  { title: 'Actor', cell: (row) => row.actor, sort: (row) => row.actor },
  { title: 'Action', cell: (row) => <code>{row.action}</code>, sort: (row) => row.action },
  { title: 'Subject', cell: ({ subjectKind, subjectId }) => <Thing kind={subjectKind} id={subjectId} /> },
];

const names = Object.keys(filterNames) as (keyof Filters)[];

/** Given filters only, as text: an address may hold a bare number. */
const given = (search: AuditSearch): Filters =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = search[name];
      return value === undefined || String(value) === '' ? [] : [[name, String(value)]];
    }),
  );

function FilterForm({ filters, apply }: { filters: Filters; apply: (filters: Filters) => void }) {
  const [texts, setTexts] = useState(filters);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        apply(given(texts));
      }}
    >
      <Group align="flex-end">
        {names.map((name) => (
          <TextInput
            key={name}
            label={filterNames[name]}
            w={180}
            value={texts[name] ?? ''}
            onChange={(event) => {
              const { value } = event.currentTarget;
              setTexts((old) => ({ ...old, [name]: value }));
            }}
          />
        ))}
        <Button type="submit" variant="default">
          Filter
        </Button>
      </Group>
    </form>
  );
}

function Details({ event }: { event: AuditEvent }) {
  const { subjectKind, subjectId } = event;
  const place = subjectKind === null || subjectId === null ? null : placeOfThing(subjectKind, subjectId);
  return (
    <Stack>
      <Facts
        facts={[
          ['At', event.at],
          ['Actor', event.actor],
          ['Action', event.action],
          [
            'Subject',
            place === null ? (
              `${subjectKind ?? '–'} ${subjectId ?? ''}`
            ) : (
              <Go key="subject" {...place}>{`${subjectKind} ${subjectId}`}</Go>
            ),
          ],
          ['Request', event.requestId ?? '–'],
          ['Number', event.id],
        ]}
      />
      <JsonView value={event.details} />
    </Stack>
  );
}

export function AuditPage() {
  const paging = usePaging();
  const [search, set] = useAddress<AuditSearch>();
  const [chosen, setChosen] = useState<AuditEvent | null>(null);
  const filters = given(search);
  const query = useQuery({
    queryKey: ['audit', filters, paging.query],
    queryFn: () => server().listAudit({ query: { ...paging.query, ...filters } }),
    refetchInterval: paging.query.pageToken === undefined ? 10_000 : false,
  });
  const none = Object.fromEntries(names.map((name) => [name, undefined]));
  return (
    <Page title="Audit" description="Who changed what, and when; nothing here can be changed">
      <FilterForm filters={filters} apply={(next) => set({ ...none, ...next, pages: undefined })} />
      <QueryState query={query}>
        {({ items, nextPageToken }) => {
          const { onSearch: _, search: __, ...pages } = paging.table(nextPageToken);
          return (
            <DataTable
              rows={items}
              columns={columns}
              rowKey={(row) => String(row.id)}
              empty={Object.keys(filters).length === 0 ? 'Every change will be listed here.' : 'No event fits.'}
              onRow={setChosen}
              {...pages}
            />
          );
        }}
      </QueryState>
      <Drawer opened={chosen !== null} onClose={() => setChosen(null)} position="right" size="lg" title="Audit event">
        {chosen === null ? null : <Details event={chosen} />}
      </Drawer>
    </Page>
  );
}
