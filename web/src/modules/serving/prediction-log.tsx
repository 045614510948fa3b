import { Button, Drawer, Group, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Moment } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { formatNumber } from '../../parts/format.ts';
import { JsonView } from '../../parts/json-view.tsx';
import { QueryState } from '../../parts/query-state.tsx';
import { useAddress } from '../../parts/use-address.ts';
import { server } from '../../server.ts';

type Entry = Record<string, unknown>;

const PAGE_SIZE = 50;

const isMoment = (name: string, value: unknown): value is string | number =>
  /(^at$|_at$|At$)/.test(name) &&
  (typeof value === 'number' || typeof value === 'string') &&
  !Number.isNaN(new Date(value).getTime());

function show(name: string, value: unknown) {
  if (isMoment(name, value)) return <Moment at={value} />;
  if (value === null || value === undefined) return '–';
  if (typeof value === 'number') return formatNumber(value);
  return typeof value === 'object' ? <code>{JSON.stringify(value)}</code> : String(value);
}

const titles: Readonly<Record<string, string>> = { latencyMs: 'latency (ms)', labelAt: 'label known at' };

const columnsOf = (entries: readonly Entry[]): Column<Entry>[] =>
  [...new Set(entries.flatMap((entry) => Object.keys(entry)))].map((name) => ({
    title: titles[name] ?? name,
    numeric: entries.some((entry) => typeof entry[name] === 'number' && !isMoment(name, entry[name])),
    cell: (entry) => show(name, entry[name]),
  }));

const momentOf = (entry: Entry | undefined): string | undefined => {
  const at = entry?.['at'];
  return isMoment('at', at) ? new Date(at).toISOString() : undefined;
};

/** The predictions that were answered, newest first, with inputs, features, versions and labels. */
export function PredictionLog({ endpoint }: { endpoint: string }) {
  const [{ id, pages = [] }, set] = useAddress<{ id?: string; pages?: string[] }>();
  const [text, setText] = useState(id ?? '');
  const [chosen, setChosen] = useState<Entry | null>(null);
  const before = pages.at(-1);
  const query = useQuery({
    queryKey: ['endpoints', endpoint, 'predictions', id, before],
    queryFn: () =>
      server().readPredictions({
        params: { endpoint },
        query: {
          limit: PAGE_SIZE,
          ...(id === undefined ? {} : { id: String(id) }),
          ...(before === undefined ? {} : { before }),
        },
      }),
  });
  return (
    <Stack>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          set({ id: text.trim() === '' ? undefined : text.trim(), pages: undefined });
        }}
      >
        <Group align="flex-end">
          <TextInput
            label="Prediction id"
            w={360}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <Button type="submit" variant="default">
            Find
          </Button>
        </Group>
      </form>
      <QueryState query={query}>
        {({ items }) => {
          const oldest = items.length < PAGE_SIZE ? undefined : momentOf(items.at(-1));
          return (
            <DataTable
              rows={items}
              columns={columnsOf(items)}
              rowKey={(entry) => JSON.stringify(entry)}
              empty="Answers appear here some seconds after they were given."
              onRow={setChosen}
              next={oldest === undefined ? undefined : () => set({ pages: [...pages, oldest] })}
              previous={pages.length === 0 ? undefined : () => set({ pages: pages.slice(0, -1) })}
            />
          );
        }}
      </QueryState>
      <Drawer opened={chosen !== null} onClose={() => setChosen(null)} position="right" size="lg" title="Prediction">
        <JsonView value={chosen} />
      </Drawer>
    </Stack>
  );
}
