import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconArrowBackUp, IconTag, IconTrash, IconTrashX } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { linkTo } from '../../parts/go.tsx';
import { useChange } from '../../parts/use-change.ts';
import { server } from '../../server.ts';
import { PurgeDialog } from './purge-dialog.tsx';

export const MOST_COMPARED = 100;

interface RunsChange {
  readonly stage?: 'active' | 'deleted';
  readonly tags?: Record<string, string>;
  readonly removeTags?: string[];
}

function tellFailures(failed: readonly { runId: string; message: string }[]): void {
  if (failed.length === 0) return;
  notifications.show({
    color: 'red',
    title: `${failed.length} runs were not changed`,
    message: failed[0]?.message,
    autoClose: 15_000,
  });
}

function TagDialog({
  count,
  onClose,
  change,
}: {
  count: number;
  onClose: () => void;
  change: (to: RunsChange) => void;
}) {
  const [key, setKey] = useState('');
  const [value, setValue] = useState('');
  const send = (to: RunsChange): void => {
    change(to);
    onClose();
  };
  return (
    <Modal opened onClose={onClose} title={`Tag ${count} runs`}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send({ tags: { [key.trim()]: value } });
        }}
      >
        <Stack>
          <TextInput
            label="Tag"
            data-autofocus
            required
            maxLength={250}
            value={key}
            onChange={(event) => setKey(event.currentTarget.value)}
          />
          <TextInput label="Value" value={value} onChange={(event) => setValue(event.currentTarget.value)} />
          <Group justify="flex-end">
            <Button variant="default" disabled={key.trim() === ''} onClick={() => send({ removeTags: [key.trim()] })}>
              Remove this tag
            </Button>
            <Button type="submit" disabled={key.trim() === ''}>
              Set the tag
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function DeleteDialog({ count, onClose, change }: { count: number; onClose: () => void; change: () => void }) {
  return (
    <Modal opened onClose={onClose} title={`Delete ${count} runs?`}>
      <Text size="sm">They go into the trash with all that they logged, and can be restored from there.</Text>
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={onClose}>
          Keep them
        </Button>
        <Button
          color="red"
          data-autofocus
          onClick={() => {
            change();
            onClose();
          }}
        >
          Delete
        </Button>
      </Group>
    </Modal>
  );
}

function CompareButton({ chosen }: { chosen: readonly string[] }) {
  const isMany = chosen.length > MOST_COMPARED;
  return (
    <Button
      size="xs"
      disabled={isMany || chosen.length === 0}
      title={isMany ? `At most ${MOST_COMPARED} runs can be compared` : undefined}
      component={Link}
      {...linkTo('/runs/compare', { runs: chosen })}
    >
      Compare
    </Button>
  );
}

/** What can be done with the selected runs. */
export function RunActions({
  chosen,
  isTrash,
  choose,
}: {
  chosen: readonly string[];
  isTrash: boolean;
  choose: (runs: readonly string[]) => void;
}) {
  const [tagging, tag] = useDisclosure();
  const [deleting, remove] = useDisclosure();
  const [purging, purge] = useDisclosure();
  const change = useChange((to: RunsChange) => server().changeRuns({ body: { runIds: [...chosen], ...to } }), {
    done: `${chosen.length} runs: done`,
    stale: ['runs'],
    after: ({ failed }) => tellFailures(failed),
  });
  const move = (stage: 'active' | 'deleted'): void => change.mutate({ stage }, { onSuccess: () => choose([]) });
  return (
    <Group gap="xs" role="toolbar" aria-label="Selected runs">
      <Text size="sm" fw={600}>
        {chosen.length} selected
      </Text>
      <CompareButton chosen={chosen} />
      {isTrash ? (
        <>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconArrowBackUp size={14} />}
            loading={change.isPending}
            onClick={() => move('active')}
          >
            Restore
          </Button>
          <Button size="xs" variant="default" leftSection={<IconTrashX size={14} />} onClick={purge.open}>
            Delete for good
          </Button>
        </>
      ) : (
        <>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconTag size={14} />}
            loading={change.isPending}
            onClick={tag.open}
          >
            Tag
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconTrash size={14} />}
            loading={change.isPending}
            onClick={remove.open}
          >
            Delete
          </Button>
        </>
      )}
      <Button size="xs" variant="subtle" onClick={() => choose([])}>
        Clear
      </Button>
      {purging ? <PurgeDialog runs={chosen} onClose={purge.close} onDone={choose} /> : null}
      {tagging ? <TagDialog count={chosen.length} onClose={tag.close} change={(to) => change.mutate(to)} /> : null}
      {deleting ? <DeleteDialog count={chosen.length} onClose={remove.close} change={() => move('deleted')} /> : null}
    </Group>
  );
}
