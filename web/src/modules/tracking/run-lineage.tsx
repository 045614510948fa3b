import type { LineageGraph, Run } from '@flyball/api';
import { Button, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { linkTo } from '../../parts/go.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { Thing } from '../../parts/thing.tsx';
import { server } from '../../server.ts';

type Neighbour = { readonly kind: string; readonly id: string; readonly role: string; readonly title: string };

function neighbours({ nodes, edges }: LineageGraph, runId: string, side: 'from' | 'to'): Neighbour[] {
  const own = side === 'from' ? 'to' : 'from';
  return edges
    .filter((edge) => edge[own].kind === 'run' && edge[own].id === runId)
    .map(({ [side]: { kind, id }, role }) => ({
      kind,
      id,
      role,
      title: nodes.find((node) => node.kind === kind && node.id === id)?.title ?? '',
    }));
}

function Things({ title, things, none }: { title: string; things: readonly Neighbour[]; none: string }) {
  return (
    <Stack gap={4}>
      <Title order={5}>{title}</Title>
      {things.length === 0 ? (
        <Text size="sm" c="dimmed">
          {none}
        </Text>
      ) : (
        <Table maw={900} verticalSpacing={4}>
          <Table.Tbody>
            {things.map(({ kind, id, role, title: name }) => (
              <Table.Tr key={`${kind} ${id} ${role}`}>
                <Table.Td>
                  <Thing kind={kind} id={id} />
                </Table.Td>
                <Table.Td>{name === id ? '' : name}</Table.Td>
                <Table.Td c="dimmed">{role.replaceAll('_', ' ')}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Stack>
  );
}

function LoggedInputs({ run }: { run: Run }) {
  if (run.inputs.length === 0) return null;
  return (
    <Stack gap={4}>
      <Title order={5}>Datasets as the client described them</Title>
      <Table>
        <Table.Thead>
          <Table.Tr>
            {['Dataset', 'Context', 'Digest', 'Source'].map((title) => (
              <Table.Th key={title}>{title}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {run.inputs.map(({ name, digest, source, context }) => (
            <Table.Tr key={`${name} ${digest} ${context}`}>
              <Table.Td>{name}</Table.Td>
              <Table.Td>{context ?? '–'}</Table.Td>
              <Table.Td>
                <code>{digest}</code>
              </Table.Td>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>{source}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Stack>
  );
}

/** What went into the run and what came of it. */
export function RunLineage({ run }: { run: Run }) {
  const { runId } = run;
  const query = useQuery({
    queryKey: ['lineage', 'run', runId],
    queryFn: () => server().getLineage({ query: { kind: 'run', id: runId, depth: 1 } }),
  });
  return (
    <QueryState query={query}>
      {(graph) => {
        const [before, after] = [neighbours(graph, runId, 'from'), neighbours(graph, runId, 'to')];
        if (before.length + after.length + run.inputs.length === 0) {
          return (
            <Nothing title="Nothing is known of what went in or came out">
              Log it with <code>mlflow.log_input</code>, or register a model from the run.
            </Nothing>
          );
        }
        return (
          <Stack>
            <Things title="Went in" things={before} none="No dataset that lineage knows" />
            <LoggedInputs run={run} />
            <Things title="Came out" things={after} none="No model version, and nothing else" />
            <Button
              variant="default"
              size="xs"
              w="fit-content"
              component={Link}
              {...linkTo('/lineage', { kind: 'run', id: runId })}
            >
              The whole lineage
            </Button>
          </Stack>
        );
      }}
    </QueryState>
  );
}
