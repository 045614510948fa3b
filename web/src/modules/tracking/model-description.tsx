import { Badge, Code, Group, Stack, Table, Text } from '@mantine/core';
import { Facts } from '../../parts/facts.tsx';
import { readModelDescription, type SignatureField } from './model-signature.ts';

function SignatureTable({ title, fields }: { title: string; fields: readonly SignatureField[] | null }) {
  if (fields === null) {
    return (
      <Text size="sm" c="dimmed">
        {title}: not described
      </Text>
    );
  }
  const numbered = fields.map((field, place) => ({ field, place }));
  return (
    <Table fz="sm" maw={700} verticalSpacing={4}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{title}</Table.Th>
          <Table.Th>Type</Table.Th>
          <Table.Th>Needed</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {numbered.map(({ field: { name, type, required }, place }) => (
          <Table.Tr key={place}>
            <Table.Td>{name}</Table.Td>
            <Table.Td>{type}</Table.Td>
            <Table.Td>{required ? 'yes' : 'no'}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** A model by its `MLmodel` file: what it takes and gives, and the file itself. */
export function ModelDescriptionView({ text }: { text: string }) {
  const found = readModelDescription(text);
  const file = (
    <Code block mah={320} style={{ overflow: 'auto' }}>
      {text}
    </Code>
  );
  if (found === null) return file;
  return (
    <Stack gap="sm">
      <Group gap={4}>
        {found.flavors.map((flavor) => (
          <Badge key={flavor} variant="light" tt="none">
            {flavor}
          </Badge>
        ))}
      </Group>
      <SignatureTable title="Input" fields={found.inputs} />
      <SignatureTable title="Output" fields={found.outputs} />
      {found.params === null ? null : <SignatureTable title="Param" fields={found.params} />}
      <Facts facts={found.facts} />
      {file}
    </Stack>
  );
}
