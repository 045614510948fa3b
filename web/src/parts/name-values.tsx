import { Group, Text } from '@mantine/core';

/** Many short names and values, in as many columns as there is room for. */
export function NameValues({ values }: { values: readonly (readonly [name: string, value: string])[] }) {
  return (
    <div style={{ columns: '280px', columnGap: 32 }}>
      {values.map(([name, value]) => (
        <Group
          key={name}
          justify="space-between"
          wrap="nowrap"
          gap="md"
          align="baseline"
          style={{ breakInside: 'avoid', borderBottom: '1px solid var(--mantine-color-default-border)' }}
        >
          <Text size="xs" c="dimmed" style={{ flexShrink: 0 }}>
            {name}
          </Text>
          <Text size="xs" ta="right" py={2} style={{ overflowWrap: 'anywhere' }}>
            {value}
          </Text>
        </Group>
      ))}
    </div>
  );
}
