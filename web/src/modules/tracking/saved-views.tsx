import type { RunView } from '@flyball/api';
import { Button, Group, Menu, Modal, Stack, Text, TextInput } from '@mantine/core';
import { IconBookmark, IconDeviceFloppy, IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useChange } from '../../parts/use-change.ts';
import { server } from '../../server.ts';
import { type ChangeRunsAddress, type RunsAddress, viewFields, viewPart } from './runs-address.ts';

const inOrder = (address: object): string =>
  JSON.stringify(Object.entries(address).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Everything of the address as the view says it, and nothing else. */
function openView(set: ChangeRunsAddress, { name, address }: RunView): void {
  const nothing = Object.fromEntries(viewFields.map((field) => [field, undefined]));
  const place = { pages: undefined, chosen: undefined, groupOffset: undefined, view: name };
  set({ ...nothing, ...viewPart(address), ...place });
}

function NameDialog({ views, onClose, save }: NameDialogProps) {
  const [text, setText] = useState('');
  const name = text.trim();
  const isThere = views.some((view) => view.name === name);
  return (
    <Modal opened onClose={onClose} title="Save this view">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          save(name, isThere);
        }}
      >
        <Stack>
          <TextInput
            label="Name"
            description="Filter, columns, order, groups and pinned runs are kept, for everyone in the project"
            data-autofocus
            required
            maxLength={100}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          {isThere ? (
            <Text size="sm" c="orange">
              There is a view of that name. It will be replaced.
            </Text>
          ) : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" disabled={name === ''}>
              {isThere ? 'Replace it' : 'Save'}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

interface NameDialogProps {
  readonly views: readonly RunView[];
  readonly onClose: () => void;
  readonly save: (name: string, replace: boolean) => void;
}

function useViewChanges(address: RunsAddress, set: ChangeRunsAddress, onSaved: () => void) {
  const save = useChange(
    ({ name, replace }: { name: string; replace: boolean }) =>
      server().saveRunView({ params: { view: name }, body: { address: { ...viewPart(address) }, replace } }),
    {
      done: 'View saved',
      stale: ['run-views'],
      after: ({ name }) => {
        onSaved();
        set({ view: name });
      },
    },
  );
  const remove = useChange((name: string) => server().deleteRunView({ params: { view: name } }), {
    done: 'View deleted',
    stale: ['run-views'],
    after: () => set({ view: undefined }),
  });
  return { save, remove };
}

/** An address that only names a view means all that the view holds. */
function useNamedView(address: RunsAddress, set: ChangeRunsAddress, current: RunView | undefined): void {
  const isBare = current !== undefined && Object.keys(viewPart(address)).length === 0;
  useEffect(() => {
    if (isBare && Object.keys(viewPart(current.address)).length > 0) openView(set, current);
  });
}

/** Views of the table that the project keeps by name. */
export function SavedViews({ address, set }: { address: RunsAddress; set: ChangeRunsAddress }) {
  const [naming, setNaming] = useState(false);
  const found = useQuery({ queryKey: ['run-views'], queryFn: () => server().listRunViews({}) }).data?.items;
  const views = found ?? [];
  const current = views.find(({ name }) => name === String(address.view ?? ''));
  const { save, remove } = useViewChanges(address, set, () => setNaming(false));
  useNamedView(address, set, current);
  const isChanged = current !== undefined && inOrder(viewPart(current.address)) !== inOrder(viewPart(address));
  const isMissing = found !== undefined && address.view !== undefined && current === undefined;
  return (
    <>
      {isMissing ? (
        <Text size="xs" c="orange" maw={200} lineClamp={2}>
          No view is called “{String(address.view)}”
        </Text>
      ) : null}
      <Menu shadow="md" position="bottom-end" width={280}>
        <Menu.Target>
          <Button variant="default" leftSection={<IconBookmark size={16} />} maw={260}>
            {current === undefined ? 'Views' : `${current.name}${isChanged ? ' (changed)' : ''}`}
          </Button>
        </Menu.Target>
        <Menu.Dropdown mah={480} style={{ overflow: 'auto' }}>
          <Menu.Item leftSection={<IconPlus size={14} />} onClick={() => setNaming(true)}>
            Save this view…
          </Menu.Item>
          {current === undefined ? null : (
            <>
              <Menu.Item
                leftSection={<IconDeviceFloppy size={14} />}
                disabled={!isChanged}
                onClick={() => save.mutate({ name: current.name, replace: true })}
              >
                Save the changes
              </Menu.Item>
              <Menu.Item
                leftSection={<IconTrash size={14} />}
                onClick={() => remove.mutate(current.name)}
                title={`Saved by ${current.updatedBy}`}
              >
                Delete “{current.name}”
              </Menu.Item>
            </>
          )}
          <Menu.Divider />
          {views.length === 0 ? <Menu.Label>No view was saved yet</Menu.Label> : null}
          {views.map((view) => (
            <Menu.Item
              key={view.name}
              fw={view.name === current?.name ? 700 : 400}
              style={{ overflowWrap: 'anywhere' }}
              onClick={() => openView(set, view)}
            >
              {view.name}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {naming ? (
        <NameDialog
          views={views}
          onClose={() => setNaming(false)}
          save={(name, replace) => save.mutate({ name, replace })}
        />
      ) : null}
    </>
  );
}
