import type { RunKeys } from '@flyball/api';
import { ActionIcon, Button, Combobox, Group, ScrollArea, TextInput, useCombobox } from '@mantine/core';
import { IconSearch, IconX } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { completed, completionAt } from './filter-completion.ts';

const none: RunKeys = { metrics: [], params: [], tags: [] };

/** MLflow's filter language, completed from what was logged; what the server says against it stands below. */
export function FilterField({
  filter,
  keys = none,
  error,
  onFilter,
}: {
  filter: string;
  keys: RunKeys | undefined;
  error: string | undefined;
  onFilter: (filter: string) => void;
}) {
  const [text, setText] = useState(filter);
  const [caret, setCaret] = useState(filter.length);
  const input = useRef<HTMLInputElement>(null);
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  useEffect(() => setText(filter), [filter]);
  const completion = completionAt(text, Math.min(caret, text.length), keys);
  const look = (): void => {
    setCaret(input.current?.selectionStart ?? 0);
    combobox.openDropdown();
  };
  const pick = (item: string): void => {
    const next = completed(text, completion, item);
    setText(next.text);
    setCaret(next.caret);
    combobox.resetSelectedOption();
    requestAnimationFrame(() => {
      input.current?.focus();
      input.current?.setSelectionRange(next.caret, next.caret);
    });
  };
  const send = (wanted: string): void => {
    combobox.closeDropdown();
    onFilter(wanted.trim());
  };
  return (
    <form
      style={{ flex: 1, minWidth: 320 }}
      onSubmit={(event) => {
        event.preventDefault();
        send(text);
      }}
    >
      <Group align="flex-start" gap="xs" wrap="nowrap">
        <Combobox store={combobox} onOptionSubmit={pick} width="target">
          <Combobox.Target>
            <TextInput
              ref={input}
              flex={1}
              aria-label="Filter"
              placeholder="metrics.loss < 0.5 AND params.optimizer = 'adam'"
              leftSection={<IconSearch size={16} />}
              spellCheck={false}
              autoComplete="off"
              maxLength={5000}
              styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 13 } }}
              value={text}
              error={error}
              onChange={(event) => {
                setText(event.currentTarget.value);
                combobox.resetSelectedOption();
                look();
              }}
              onClick={look}
              onKeyUp={({ key }) => {
                if (['ArrowLeft', 'ArrowRight', 'Home', 'End'].includes(key)) look();
              }}
              onBlur={() => combobox.closeDropdown()}
              rightSection={
                text === '' ? null : (
                  <ActionIcon variant="subtle" size="sm" aria-label="Clear the filter" onClick={() => send('')}>
                    <IconX size={14} />
                  </ActionIcon>
                )
              }
            />
          </Combobox.Target>
          <Combobox.Dropdown hidden={completion.items.length === 0}>
            <Combobox.Options>
              <ScrollArea.Autosize mah={260}>
                {completion.items.map((item) => (
                  <Combobox.Option key={item} value={item} ff="monospace" fz="xs">
                    {item}
                  </Combobox.Option>
                ))}
              </ScrollArea.Autosize>
            </Combobox.Options>
          </Combobox.Dropdown>
        </Combobox>
        <Button type="submit" variant="default">
          Search
        </Button>
      </Group>
    </form>
  );
}
