import { Badge, Group, Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Moment, StateBadge } from '../../parts/badges.tsx';
import { Go, placeOf } from '../../parts/go.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';

/** Versions in the registry that came of the run. */
export function RunModels({ run }: { run: string }) {
  const query = useQuery({
    queryKey: ['models', 'of-run', run],
    queryFn: () => server().listRunModelVersions({ params: { run } }),
  });
  return (
    <QueryState query={query}>
      {({ items }) =>
        items.length === 0 ? (
          <Nothing title="No model version came of this run" />
        ) : (
          <Table maw={900}>
            <Table.Thead>
              <Table.Tr>
                {['Model version', 'Aliases', 'Stage', 'Scan', 'Registered'].map((title) => (
                  <Table.Th key={title}>{title}</Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {items.map(({ model, version, aliases, stage, scan, createdAt }) => (
                <Table.Tr key={`${model} ${version}`}>
                  <Table.Td>
                    <Go to={placeOf('models', model, version)}>
                      {model} {version}
                    </Go>
                  </Table.Td>
                  <Table.Td>
                    <Group gap={4}>
                      {aliases.map((alias) => (
                        <Badge key={alias} variant="light" tt="none">
                          {alias}
                        </Badge>
                      ))}
                    </Group>
                  </Table.Td>
                  <Table.Td>{stage}</Table.Td>
                  <Table.Td>
                    <StateBadge state={scan.verdict} />
                  </Table.Td>
                  <Table.Td>
                    <Moment at={createdAt} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )
      }
    </QueryState>
  );
}
