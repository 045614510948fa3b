import { Card, Drawer, NumberInput, Select, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { Graph } from '../../parts/graph.tsx';
import { JsonView } from '../../parts/json-view.tsx';
import { Page } from '../../parts/page.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';

const colours: Readonly<Record<string, string>> = {
  dataset_version: '#4c8eda',
  training_set: '#3aa6a6',
  run: '#8a6fd1',
  model_version: '#d49f3d',
  evaluation: '#40a070',
  gate_report: '#40a070',
  approval: '#c2559d',
  rollout: '#e8743b',
  pipeline_run: '#999999',
  incident: '#e03131',
};

const keyOf = ({ kind, id }: { kind: string; id: string }): string => `${kind} ${id}`;

export function LineagePage() {
  const search = useSearch({ strict: false }) as { kind?: string; id?: string; depth?: number };
  const navigate = useNavigate();
  const [chosen, setChosen] = useState<string | null>(null);
  const query = useQuery({ queryKey: ['lineage', search], queryFn: () => server().getLineage({ query: search }) });
  const graph = useMemo(() => {
    const { nodes = [], edges = [] } = query.data ?? {};
    return {
      nodes: nodes.map((node) => ({
        id: keyOf(node),
        colour: colours[node.kind] ?? '#999999',
        label: (
          <>
            <Text size="xs" c="dimmed">
              {node.kind.replaceAll('_', ' ')}
            </Text>
            <Text size="xs" fw={600} truncate>
              {node.title || node.id}
            </Text>
          </>
        ),
      })),
      edges: edges.map(({ from, to, role }) => ({ from: keyOf(from), to: keyOf(to), label: role })),
    };
  }, [query.data]);
  const node = query.data?.nodes.find((one) => keyOf(one) === chosen);
  const set = (change: object) =>
    void navigate({ to: '.', search: (old: object) => ({ ...old, ...change }), replace: true });
  return (
    <Page
      title="Lineage"
      description="Where things come from, and what came of them"
      actions={
        <NumberInput
          aria-label="Depth"
          w={90}
          min={1}
          max={20}
          value={search.depth ?? 6}
          onChange={(depth) => set({ depth: Number(depth) || 6 })}
        />
      }
    >
      <QueryState query={query} height={520}>
        {({ nodes }) =>
          nodes.length === 0 ? (
            <Nothing title="Nothing is connected yet">Train a model on a dataset, and the graph begins.</Nothing>
          ) : (
            <>
              <Select
                maw={420}
                searchable
                clearable
                aria-label="Around"
                placeholder="Show what is around …"
                data={nodes.map((one) => ({ value: keyOf(one), label: `${one.kind} ${one.title || one.id}` }))}
                value={search.kind === undefined ? null : `${search.kind} ${search.id}`}
                onChange={(value) => {
                  const [kind, ...id] = (value ?? '').split(' ');
                  set(value === null ? { kind: undefined, id: undefined } : { kind, id: id.join(' ') });
                }}
              />
              <Card withBorder padding={0}>
                <Graph {...graph} height={560} onNode={setChosen} />
              </Card>
            </>
          )
        }
      </QueryState>
      <Drawer
        opened={node !== undefined}
        onClose={() => setChosen(null)}
        position="right"
        title={node?.title ?? node?.id}
      >
        <JsonView value={node} />
      </Drawer>
    </Page>
  );
}
