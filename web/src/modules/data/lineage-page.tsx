import type { LineageGraph } from '@flyball/api';
import { Button, Card, Drawer, Group, NumberInput, Select, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Facts } from '../../parts/facts.tsx';
import { Go, type Place, placeOf, placeOfThing } from '../../parts/go.tsx';
import { Graph } from '../../parts/graph.tsx';
import { Page } from '../../parts/page.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { useAddress } from '../../parts/use-address.ts';
import { server } from '../../server.ts';

type LineageNode = LineageGraph['nodes'][number];

interface LineageSearch {
  readonly kind?: string;
  readonly id?: string;
  readonly depth?: number;
  /** The node that is looked at. */
  readonly node?: string;
}

const DEPTH = 6;
const colours: Readonly<Record<string, string>> = {
  dataset_version: '#4c8eda',
  external_dataset: '#8fb8de',
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
const kindName = (kind: string): string => kind.replaceAll('_', ' ');
const titleOf = ({ title, id }: LineageNode): string => title || id;
// Ids are made of time and chance: the end tells two of them apart.
const shortId = ({ title, id }: LineageNode): string =>
  title === '' || title === id ? '' : id.length > 20 ? `…${id.slice(-6)}` : id;
const nameOf = (node: LineageNode): string =>
  [kindName(node.kind), titleOf(node), shortId(node)].filter(Boolean).join(' ');

function Label({ node }: { node: LineageNode }) {
  const title = titleOf(node);
  return (
    <>
      <Text size="xs" c="dimmed" truncate>
        {kindName(node.kind)} {shortId(node)}
      </Text>
      <Text size="xs" fw={600} truncate title={title}>
        {title}
      </Text>
    </>
  );
}

const textOf = (value: unknown): string =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '–');

/** Where the page of a node is, if it has one. */
function placeOfNode({ kind, id, details }: LineageNode): Place | null {
  const { endpoint } = details;
  if (kind === 'rollout' && typeof endpoint === 'string')
    return { to: placeOf('endpoints', endpoint), search: { tab: 'rollouts', rollout: id } };
  if (kind === 'training_set') return { to: '/features', search: { tab: 'sets' } };
  const place = placeOfThing(kind, id);
  return place?.to === '/lineage' ? null : place;
}

function NodeDetails({ node, around }: { node: LineageNode; around: () => void }) {
  const place = placeOfNode(node);
  return (
    <Stack>
      <Facts
        facts={[
          ['Kind', kindName(node.kind)],
          ['Id', node.id],
          ...Object.entries(node.details).map(([name, value]) => [name, textOf(value)] as const),
        ]}
      />
      <Group>
        {place === null ? null : <Go {...place}>Open its page</Go>}
        <Button size="xs" variant="default" onClick={around}>
          Show what is around it
        </Button>
      </Group>
    </Stack>
  );
}

function Around({ nodes, search, set }: { nodes: readonly LineageNode[]; search: LineageSearch; set: SetSearch }) {
  return (
    <Select
      flex={1}
      maw={480}
      searchable
      clearable
      label="Around"
      placeholder="everything, the newest first"
      data={nodes.map((one) => ({ value: keyOf(one), label: nameOf(one) }))}
      value={search.kind === undefined ? null : `${search.kind} ${search.id}`}
      onChange={(value) => {
        const [kind, ...id] = (value ?? '').split(' ');
        set(value === null ? { kind: undefined, id: undefined } : { kind, id: id.join(' ') });
      }}
    />
  );
}

type SetSearch = ReturnType<typeof useAddress<LineageSearch>>[1];

export function LineagePage() {
  const [search, set] = useAddress<LineageSearch>();
  const { kind, id, depth, node: chosen } = search;
  const question = { ...(kind === undefined || id === undefined ? {} : { kind, id: String(id) }), depth };
  const query = useQuery({ queryKey: ['lineage', question], queryFn: () => server().getLineage({ query: question }) });
  const graph = useMemo(() => {
    const { nodes = [], edges = [] } = query.data ?? {};
    return {
      nodes: nodes.map((node) => ({
        id: keyOf(node),
        name: nameOf(node),
        colour: colours[node.kind] ?? '#999999',
        label: <Label node={node} />,
      })),
      edges: edges.map(({ from, to, role }) => ({ from: keyOf(from), to: keyOf(to), label: role })),
    };
  }, [query.data]);
  const node = query.data?.nodes.find((one) => keyOf(one) === chosen);
  return (
    <Page title="Lineage" description="Where things come from, and what came of them">
      <QueryState query={query} height={640}>
        {({ nodes }) =>
          nodes.length === 0 ? (
            <Nothing title="Nothing is connected yet">Train a model on a dataset, and the graph begins.</Nothing>
          ) : (
            <>
              <Group align="flex-end">
                <Around nodes={nodes} search={search} set={set} />
                <NumberInput
                  label="Steps away"
                  w={110}
                  min={1}
                  max={20}
                  value={depth ?? DEPTH}
                  onChange={(value) => set({ depth: Number(value) || DEPTH })}
                />
              </Group>
              <Card withBorder padding={0}>
                <Graph {...graph} height={560} onNode={(value) => set({ node: value })} />
              </Card>
            </>
          )
        }
      </QueryState>
      <Drawer
        opened={node !== undefined}
        onClose={() => set({ node: undefined })}
        position="right"
        size="lg"
        title={node === undefined ? '' : nameOf(node)}
      >
        {node === undefined ? null : (
          <NodeDetails
            node={node}
            around={() => set({ kind: node.kind, id: node.id, depth: undefined, node: undefined })}
          />
        )}
      </Drawer>
    </Page>
  );
}
