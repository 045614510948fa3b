import { Button, Group, Select, Stack, Table, Text } from '@mantine/core';
import { IconArrowsExchange } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Fragment } from 'react';
import { saveCsv } from '../../parts/csv.ts';
import { DifferencesBar } from '../../parts/differences-bar.tsx';
import { Go, placeOf } from '../../parts/go.tsx';
import { Page } from '../../parts/page.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { useAddress } from '../../parts/use-address.ts';
import { server } from '../../server.ts';
import { readVersionFacts } from './read-version-facts.ts';
import { type FactRow, factRows } from './version-facts.ts';

const highlighted = { background: 'color-mix(in srgb, var(--mantine-color-yellow-filled) 16%, transparent)' };

interface CompareAddress {
  readonly a?: number;
  readonly b?: number;
  readonly differ?: boolean;
}

function Line({ row: { name, values, differs } }: { row: FactRow }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={differs ? 600 : 400} style={{ overflowWrap: 'anywhere' }}>
        <Text span c="dimmed" aria-label={differs ? 'differs' : 'same'} ff="monospace">
          {differs ? '≠' : '='}
        </Text>{' '}
        {name}
      </Table.Th>
      {values.map((value, side) => (
        <Table.Td
          // Two sides, always in this order.
          key={side === 0 ? 'left' : 'right'}
          style={{ overflowWrap: 'anywhere', ...(differs ? highlighted : {}) }}
        >
          {value}
        </Table.Td>
      ))}
    </Table.Tr>
  );
}

function Lines({ rows, model, sides }: { rows: readonly FactRow[]; model: string; sides: readonly [number, number] }) {
  const sections = [...new Set(rows.map(({ section }) => section))];
  return (
    <Table fz="sm" verticalSpacing={4} stickyHeader layout="fixed">
      <Table.Thead>
        <Table.Tr>
          <Table.Th w="26%">Version</Table.Th>
          {sides.map((version) => (
            <Table.Th key={version}>
              <Go to={placeOf('models', model, version)}>
                {model}@{version}
              </Go>
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {sections.map((section) => (
          <Fragment key={section}>
            <Table.Tr>
              <Table.Th colSpan={3} pt="sm" c="dimmed" fz="xs" tt="uppercase">
                {section}
              </Table.Th>
            </Table.Tr>
            {rows
              .filter((row) => row.section === section)
              .map((row) => (
                <Line key={row.name} row={row} />
              ))}
          </Fragment>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Compared({ model, sides }: { model: string; sides: readonly [number, number] }) {
  const [{ differ = false }, set] = useAddress<CompareAddress>();
  const query = useQuery({
    queryKey: ['models', model, 'compared', sides],
    queryFn: async () => await Promise.all([readVersionFacts(model, sides[0]), readVersionFacts(model, sides[1])]),
    placeholderData: (old) => old,
  });
  return (
    <QueryState query={query} height={400}>
      {([a, b]) => {
        const all = factRows(a, b);
        const rows = differ ? all.filter(({ differs }) => differs) : all;
        const save = (): void =>
          saveCsv(`${model}-${sides.join('-')}.csv`, [
            ['section', 'name', ...sides.map((version) => `${model}@${version}`)],
            ...rows.map(({ section, name, values }) => [section, name, ...values]),
          ]);
        return (
          <Stack>
            <DifferencesBar differ={differ} onDiffer={(next) => set({ differ: next })} onSave={save} />
            {rows.length === 0 ? <Nothing title="Nothing differs" /> : null}
            <Lines rows={rows} model={model} sides={sides} />
          </Stack>
        );
      }}
    </QueryState>
  );
}

/** Two versions of a model, side by side. */
export function ModelComparePage() {
  const { model } = useParams({ strict: false }) as { model: string };
  const [address, set] = useAddress<CompareAddress>();
  const query = useQuery({
    queryKey: ['models', model, 'versions', 'choices'],
    queryFn: () => server().listModelVersions({ params: { model }, query: { limit: 1000 } }),
  });
  const numbers = (query.data?.items ?? []).map(({ version }) => version).sort((x, y) => y - x);
  const b = Number(address.b ?? numbers[0]);
  const a = Number(address.a ?? numbers.find((version) => version !== b));
  const choice = (side: 'a' | 'b', value: number) => (
    <Select
      w={140}
      aria-label={side === 'a' ? 'First version' : 'Second version'}
      searchable
      allowDeselect={false}
      data={numbers.map(String)}
      value={String(value)}
      onChange={(to) => set({ [side]: Number(to) })}
    />
  );
  return (
    <Page
      title={`Versions of ${model} compared`}
      crumbs={[
        { title: 'Models', to: '/models' },
        { title: model, to: placeOf('models', model) },
      ]}
    >
      <QueryState query={query} height={400}>
        {() =>
          !Number.isInteger(a) || !Number.isInteger(b) ? (
            <Nothing title="There are not two versions to compare" />
          ) : (
            <Stack>
              <Group>
                {choice('a', a)}
                <Button
                  variant="subtle"
                  aria-label="Exchange the two"
                  title="Exchange the two"
                  onClick={() => set({ a: b, b: a })}
                >
                  <IconArrowsExchange size={16} />
                </Button>
                {choice('b', b)}
              </Group>
              <Compared model={model} sides={[a, b]} />
            </Stack>
          )
        }
      </QueryState>
    </Page>
  );
}
