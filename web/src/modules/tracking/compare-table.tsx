import './runs-table.css';
import type { Run } from '@flyball/api';
import { Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Fragment } from 'react';
import { saveCsv } from '../../parts/csv.ts';
import { DifferencesBar } from '../../parts/differences-bar.tsx';
import { Go, placeOf } from '../../parts/go.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';
import { namesOf, useCompareAddress } from './compare-address.ts';
import { type CompareRow, compareRows } from './compare-rows.ts';
import { runColour } from './run-colour.ts';
import { Dot } from './run-dot.tsx';

const highlighted = { background: 'color-mix(in srgb, var(--mantine-color-yellow-filled) 16%, transparent)' };

function Line({ line: { name, values, differs }, runs }: { line: CompareRow; runs: readonly Run[] }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={differs ? 600 : 400} className="runs-table-pinned" title={name}>
        <Text span c="dimmed" mr={6} aria-label={differs ? 'differs' : 'same'} style={{ fontFamily: 'monospace' }}>
          {differs ? '≠' : '='}
        </Text>
        {name}
      </Table.Th>
      {runs.map(({ runId }, i) => (
        <Table.Td key={runId} title={values[i]} style={differs ? highlighted : undefined}>
          {values[i]}
        </Table.Td>
      ))}
    </Table.Tr>
  );
}

function Lines({ lines, runs }: { lines: readonly CompareRow[]; runs: readonly Run[] }) {
  const sections = [...new Set(lines.map(({ section }) => section))];
  const names = namesOf(runs);
  return (
    <div className="runs-table">
      <Table verticalSpacing={2} fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th className="runs-table-pinned">Run</Table.Th>
            {runs.map((run) => (
              <Table.Th key={run.runId} title={names.get(run.runId)}>
                <Dot colour={runColour(run)} /> <Go to={placeOf('runs', run.runId)}>{names.get(run.runId)}</Go>
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sections.map((section) => (
            <Fragment key={section}>
              <Table.Tr>
                <Table.Th className="runs-table-pinned" pt="sm" c="dimmed" fz="xs" tt="uppercase">
                  {section}
                </Table.Th>
                <Table.Td colSpan={runs.length} />
              </Table.Tr>
              {lines
                .filter((line) => line.section === section)
                .map((line) => (
                  <Line key={line.name} line={line} runs={runs} />
                ))}
            </Fragment>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

/** All that was noted of the runs, side by side, with what differs set off. */
export function CompareTable({ runs }: { runs: readonly Run[] }) {
  const [{ differ = false }, set] = useCompareAddress();
  const runIds = runs.map(({ runId }) => runId);
  const query = useQuery({
    queryKey: ['runs', 'summaries', runIds],
    queryFn: () => server().summarizeMetrics({ body: { runIds } }),
  });
  return (
    <QueryState query={query} height={400}>
      {({ items }) => {
        const all = compareRows(runs, items);
        const lines = differ ? all.filter(({ differs }) => differs) : all;
        const save = (): void =>
          saveCsv('compared-runs.csv', [
            ['section', 'name', ...runs.map(({ name, runId }) => `${name} ${runId}`)],
            ...lines.map(({ section, name, values }) => [section, name, ...values]),
          ]);
        return (
          <Stack>
            <DifferencesBar differ={differ} onDiffer={(next) => set({ differ: next })} onSave={save} />
            {lines.length === 0 ? <Nothing title="Nothing differs" /> : <Lines lines={lines} runs={runs} />}
          </Stack>
        );
      }}
    </QueryState>
  );
}
