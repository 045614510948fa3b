import type { RunKeys } from '@flyball/api';
import { Button, Checkbox, Group, Popover, ScrollArea, Stack, Text, TextInput } from '@mantine/core';
import { IconColumns3 } from '@tabler/icons-react';
import { useState } from 'react';
import { type ColumnGroup, choosable } from './run-columns.tsx';

const titles: Readonly<Record<ColumnGroup, string>> = {
  attributes: 'Attributes',
  metrics: 'Metrics',
  params: 'Params',
  tags: 'Tags',
};
const MOST_SHOWN = 100;

function ColumnSection({
  title,
  items,
  shown,
  set,
}: {
  title: string;
  items: readonly { id: string; title: string }[];
  shown: readonly string[];
  set: (columns: string[]) => void;
}) {
  const ids = items.map(({ id }) => id);
  const count = ids.filter((id) => shown.includes(id)).length;
  return (
    <fieldset style={{ border: 0, margin: 0, padding: 0 }}>
      <Group component="legend" justify="space-between" w="100%" mb={4}>
        <Checkbox
          size="xs"
          fw={600}
          label={`${title} (${items.length})`}
          checked={count > 0 && count === ids.length}
          indeterminate={count > 0 && count < ids.length}
          onChange={() =>
            set(count === ids.length ? shown.filter((id) => !ids.includes(id)) : [...new Set([...shown, ...ids])])
          }
        />
      </Group>
      <Stack gap={4} pl="lg">
        {items.slice(0, MOST_SHOWN).map(({ id, title: name }) => (
          <Checkbox
            key={id}
            size="xs"
            label={name}
            styles={{ label: { overflowWrap: 'anywhere' } }}
            checked={shown.includes(id)}
            onChange={() => set(shown.includes(id) ? shown.filter((one) => one !== id) : [...shown, id])}
          />
        ))}
        {items.length > MOST_SHOWN ? (
          <Text size="xs" c="dimmed">
            {items.length - MOST_SHOWN} more; search to see them
          </Text>
        ) : null}
      </Stack>
    </fieldset>
  );
}

/** Which columns are shown, from all that was logged. */
export function ColumnChooser({
  keys,
  shown,
  set,
}: {
  keys: RunKeys | undefined;
  shown: readonly string[];
  /** Without columns: the usual ones. */
  set: (columns: string[] | undefined) => void;
}) {
  const [search, setSearch] = useState('');
  const groups = choosable(keys);
  const found = (Object.keys(titles) as ColumnGroup[])
    .map((group) => ({
      group,
      items: groups[group].filter(({ title }) => title.toLowerCase().includes(search.trim().toLowerCase())),
    }))
    .filter(({ items }) => items.length > 0);
  return (
    <Popover position="bottom-end" width={340} trapFocus returnFocus shadow="md">
      <Popover.Target>
        <Button variant="default" leftSection={<IconColumns3 size={16} />}>
          Columns
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Group wrap="nowrap" gap="xs" mb="xs">
          <TextInput
            flex={1}
            size="xs"
            aria-label="Search columns"
            placeholder="Search columns"
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
          />
          <Button size="xs" variant="subtle" onClick={() => set(undefined)}>
            Usual ones
          </Button>
        </Group>
        <ScrollArea.Autosize mah={420} type="auto">
          <Stack gap="sm">
            {found.map(({ group, items }) => (
              <ColumnSection key={group} title={titles[group]} items={items} shown={shown} set={set} />
            ))}
            {found.length === 0 ? <Text size="sm">No column is called so.</Text> : null}
          </Stack>
        </ScrollArea.Autosize>
      </Popover.Dropdown>
    </Popover>
  );
}
