import { Code, Group, Stack, Text } from '@mantine/core';
import { useMemo } from 'react';
import { Markdown } from '../../parts/markdown.tsx';
import { Nothing } from '../../parts/query-state.tsx';
import { ImageView } from './blob-view.tsx';
import { FramedHtml } from './framed-html.tsx';
import { type NotebookCell, type NotebookOutput, readNotebook } from './notebook.ts';

const MOST_CELLS = 300;

function bytesOf(base64: string): Blob {
  try {
    return new Blob([Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0))]);
  } catch {
    return new Blob([]);
  }
}

function PictureOutput({ base64, ending }: { base64: string; ending: string }) {
  const blob = useMemo(() => bytesOf(base64), [base64]);
  return <ImageView blob={blob} path={`output.${ending}`} />;
}

function Output({ output }: { output: NotebookOutput }) {
  if (output.kind === 'image') return <PictureOutput base64={output.base64} ending={output.ending} />;
  if (output.kind === 'html') return <FramedHtml text={output.text} title="Output of a cell" height={240} />;
  return (
    <Code block mah={320} style={{ overflow: 'auto' }} {...(output.kind === 'error' ? { c: 'red' } : {})}>
      {output.text}
    </Code>
  );
}

function Cell({ cell }: { cell: NotebookCell }) {
  if (cell.kind === 'markdown') return <Markdown text={cell.text} />;
  const outputs = cell.outputs.map((output, place) => ({ output, place }));
  return (
    <Stack gap={4}>
      <Group wrap="nowrap" align="flex-start" gap="xs">
        <Text size="xs" c="dimmed" w={44} ff="monospace" pt={6}>
          [{cell.turn ?? ' '}]
        </Text>
        <Code block flex={1} style={{ overflow: 'auto' }}>
          {cell.text}
        </Code>
      </Group>
      <Stack gap={4} pl={52}>
        {outputs.map(({ output, place }) => (
          <Output key={place} output={output} />
        ))}
      </Stack>
    </Stack>
  );
}

/** A notebook as it was saved; nothing in it runs. */
export function NotebookView({ text }: { text: string }) {
  const cells = useMemo(() => readNotebook(text), [text]);
  if (cells === null) return <Nothing title="This is no notebook">Download it to look inside.</Nothing>;
  const numbered = cells.slice(0, MOST_CELLS).map((cell, place) => ({ cell, place }));
  return (
    <Stack gap="sm">
      {numbered.map(({ cell, place }) => (
        <Cell key={place} cell={cell} />
      ))}
      {cells.length > MOST_CELLS ? <Text size="xs">The first {MOST_CELLS} cells; the file holds all.</Text> : null}
    </Stack>
  );
}
