import { Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { StateBadge } from '../../parts/badges.tsx';
import { formatPercent } from '../../parts/format.ts';
import { Go, placeOf } from '../../parts/go.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';

/** The endpoints that a version answers at, and as what. */
export function VersionDeployments({ model, version }: { model: string; version: number }) {
  const query = useQuery({
    queryKey: ['endpoints', 'of model', model],
    queryFn: () => server().listEndpoints({ query: { limit: 1000 } }),
  });
  return (
    <QueryState query={query}>
      {({ items }) => {
        const found = items
          .filter((endpoint) => endpoint.model === model)
          .flatMap(({ name, deployments }) =>
            deployments.filter((one) => one.version === version).map((deployment) => ({ name, deployment })),
          );
        if (found.length === 0) return <Nothing title="It is deployed nowhere">Roll it out to an endpoint.</Nothing>;
        return (
          <Table fz="sm" maw={800}>
            <Table.Thead>
              <Table.Tr>
                {['Endpoint', 'As', 'Traffic', 'Replicas'].map((title) => (
                  <Table.Th key={title}>{title}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {found.map(({ name, deployment: { role, weight, replicas } }) => (
                <Table.Tr key={`${name} ${role}`}>
                  <Table.Td>
                    <Go to={placeOf('endpoints', name)}>{name}</Go>
                  </Table.Td>
                  <Table.Td>{role}</Table.Td>
                  <Table.Td>{formatPercent(weight)}</Table.Td>
                  <Table.Td>
                    {replicas.length === 0
                      ? '–'
                      : replicas.map(({ id, state }) => <StateBadge key={id} state={state} />)}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        );
      }}
    </QueryState>
  );
}
