import type { Artifact } from '@flyball/api';
import { Button, Code, Group, Stack, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { formatBytes } from '../../parts/format.ts';
import { Markdown } from '../../parts/markdown.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { type ArtifactKind, kindOfArtifact } from './artifact-kind.ts';
import { ArtifactRows } from './artifact-rows.tsx';
import { AudioView, ImageView, PdfView } from './blob-view.tsx';
import { CellsTable, CsvView, splitTable } from './cells-table.tsx';
import { FramedHtml } from './framed-html.tsx';
import { ModelDescriptionView } from './model-description.tsx';
import { NotebookView } from './notebook-view.tsx';
import { downloadArtifact, readArtifact } from './read-artifact.ts';

const binary: ReadonlySet<ArtifactKind> = new Set(['image', 'audio', 'pdf']);

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function JsonView({ text }: { text: string }) {
  const table = splitTable(text);
  if (table !== null) return <CellsTable {...table} />;
  return (
    <Code block mah={480} style={{ overflow: 'auto' }}>
      {pretty(text)}
    </Code>
  );
}

function Content({ kind, path, blob, text }: { kind: ArtifactKind; path: string; blob: Blob; text: string }) {
  switch (kind) {
    case 'image':
      return <ImageView blob={blob} path={path} />;
    case 'audio':
      return <AudioView blob={blob} path={path} />;
    case 'pdf':
      return <PdfView blob={blob} path={path} />;
    case 'table':
      return <CsvView text={text} path={path} />;
    case 'html':
      return <FramedHtml text={text} title={path} />;
    case 'markdown':
      return <Markdown text={text} />;
    case 'notebook':
      return <NotebookView text={text} />;
    case 'model':
      return <ModelDescriptionView text={text} />;
    case 'json':
      return <JsonView text={text} />;
    default:
      return (
        <Code block mah={480} style={{ overflow: 'auto' }}>
          {text}
        </Code>
      );
  }
}

function Fetched({ run, artifact, kind }: { run: string; artifact: Artifact; kind: ArtifactKind }) {
  const { path, digest } = artifact;
  const query = useQuery({
    queryKey: ['artifact', run, path, digest],
    queryFn: async () => {
      const blob = await readArtifact(run, path);
      return { blob, text: binary.has(kind) ? '' : await blob.text() };
    },
  });
  return (
    <QueryState query={query}>
      {({ blob, text }) => <Content kind={kind} path={path} blob={blob} text={text} />}
    </QueryState>
  );
}

/** A file as its ending says, and to be taken. */
export function ArtifactView({ run, artifact }: { run: string; artifact: Artifact }) {
  const { path, sizeBytes, digest } = artifact;
  const kind = kindOfArtifact(artifact);
  return (
    <Stack gap="xs">
      <Group justify="space-between" wrap="nowrap">
        <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
          {path}
        </Text>
        <Button
          size="xs"
          variant="default"
          style={{ flexShrink: 0 }}
          leftSection={<IconDownload size={14} />}
          onClick={() => void downloadArtifact(run, path)}
        >
          {formatBytes(sizeBytes)}
        </Button>
      </Group>
      <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
        SHA-256 {digest ?? 'unknown'}
      </Text>
      {kind === null ? (
        <Nothing title="This file is not shown here">Download it to look inside.</Nothing>
      ) : kind === 'rows' ? (
        <ArtifactRows run={run} path={path} />
      ) : (
        <Fetched run={run} artifact={artifact} kind={kind} />
      )}
    </Stack>
  );
}
