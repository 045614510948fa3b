import { Button, Card, Group, Stack, Table, Text, Title } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Moment } from '../../parts/badges.tsx';
import { QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';

const show = (value: unknown): string =>
  value === null || value === undefined ? '–' : typeof value === 'object' ? JSON.stringify(value) : String(value);

function save(name: string, value: unknown): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(value, null, 2)], { type: 'application/json' }));
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}

function Items({ items }: { items: readonly Record<string, unknown>[] }) {
  if (items.length === 0)
    return (
      <Text size="sm" c="dimmed">
        Nothing is on record.
      </Text>
    );
  const numbered = items.map((item, place) => ({ item, place }));
  return (
    <Stack gap="xs">
      {numbered.map(({ item, place }) => (
        <Table key={place} fz="xs" verticalSpacing={2} withRowBorders={false}>
          <Table.Tbody>
            {Object.entries(item).map(([name, value]) => (
              <Table.Tr key={name}>
                <Table.Th scope="row" w={180} c="dimmed" fw={400}>
                  {name}
                </Table.Th>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>{show(value)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      ))}
    </Stack>
  );
}

/** What proves how the version came to be, section by section, under one digest. */
export function VersionEvidence({ model, version }: { model: string; version: number }) {
  const query = useQuery({
    queryKey: ['models', model, version, 'evidence'],
    queryFn: () => server().getEvidence({ params: { model, version } }),
  });
  return (
    <QueryState query={query} height={400}>
      {(evidence) => (
        <Stack>
          <Group justify="space-between">
            <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
              SHA-256 of all sections: <code>{evidence.digest}</code>, at <Moment at={evidence.generatedAt} />
            </Text>
            <Button
              size="xs"
              variant="default"
              leftSection={<IconDownload size={14} />}
              onClick={() => save(`${model}-${version}-evidence.json`, evidence)}
            >
              JSON
            </Button>
          </Group>
          {evidence.sections.map(({ title, kind, items }) => (
            <Card key={`${kind} ${title}`} withBorder padding="sm">
              <Title order={5} mb="xs">
                {title}
              </Title>
              <Items items={items} />
            </Card>
          ))}
        </Stack>
      )}
    </QueryState>
  );
}
