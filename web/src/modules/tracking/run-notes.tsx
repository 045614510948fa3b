import type { Run } from '@flyball/api';
import { Button, Group, SegmentedControl, Stack, Textarea } from '@mantine/core';
import { IconPencil } from '@tabler/icons-react';
import { useState } from 'react';
import { Markdown } from '../../parts/markdown.tsx';
import { Nothing } from '../../parts/query-state.tsx';
import { useChange } from '../../parts/use-change.ts';
import { server } from '../../server.ts';

/** Where MLflow keeps the description of a run. */
export const NOTE = 'mlflow.note.content';

async function saveNote(runId: string, text: string): Promise<void> {
  if (text.trim() !== '') {
    await server().logBatch({ params: { run: runId }, body: { tags: { [NOTE]: text } } });
    return;
  }
  const { failed } = await server().changeRuns({ body: { runIds: [runId], removeTags: [NOTE] } });
  if (failed[0] !== undefined) throw new Error(failed[0].message);
}

function NoteEditor({ run, note, onEnd }: { run: string; note: string; onEnd: () => void }) {
  const [text, setText] = useState(note);
  const [view, setView] = useState('write');
  const save = useChange((wanted: string) => saveNote(run, wanted), {
    done: 'Notes saved',
    stale: ['runs'],
    after: onEnd,
  });
  return (
    <Stack maw={900}>
      <SegmentedControl
        size="xs"
        w="fit-content"
        aria-label="View"
        data={[
          { value: 'write', label: 'Write' },
          { value: 'preview', label: 'Preview' },
        ]}
        value={view}
        onChange={setView}
      />
      {view === 'preview' ? (
        <Markdown text={text} />
      ) : (
        <Textarea
          aria-label="Notes in Markdown"
          autosize
          minRows={8}
          maxRows={24}
          data-autofocus
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 13 } }}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) save.mutate(text);
          }}
        />
      )}
      <Group>
        <Button size="xs" loading={save.isPending} onClick={() => save.mutate(text)}>
          Save
        </Button>
        <Button size="xs" variant="default" onClick={onEnd}>
          Cancel
        </Button>
      </Group>
    </Stack>
  );
}

/** What people say about the run, in Markdown. */
export function RunNotes({ run }: { run: Run }) {
  const [isEditing, setEditing] = useState(false);
  const note = run.tags[NOTE] ?? '';
  if (isEditing) return <NoteEditor run={run.runId} note={note} onEnd={() => setEditing(false)} />;
  const edit = (
    <Button
      size="xs"
      w="fit-content"
      variant="default"
      leftSection={<IconPencil size={14} />}
      disabled={run.lifecycleStage === 'deleted'}
      onClick={() => setEditing(true)}
    >
      {note === '' ? 'Write notes' : 'Edit'}
    </Button>
  );
  if (note === '') return <Nothing title="No notes yet">{edit}</Nothing>;
  return (
    <Stack maw={900}>
      <Markdown text={note} />
      {edit}
    </Stack>
  );
}
