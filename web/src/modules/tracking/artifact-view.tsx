import type { Artifact } from '@flyball/api';
import { Button, Code, Group, Image, ScrollArea, Stack, Table, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { saveFile } from '../../parts/csv.ts';
import { formatBytes } from '../../parts/format.ts';
import { Markdown } from '../../parts/markdown.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { readCsv } from '../../parts/read-csv.ts';
import { server } from '../../server.ts';

const TEXT_LIMIT = 1_000_000;
const IMAGE_LIMIT = 20_000_000;
const SHOWN_ROWS = 500;

type Kind = 'image' | 'table' | 'html' | 'markdown' | 'json' | 'text';

const endings: readonly (readonly [Kind, RegExp])[] = [
  ['image', /\.(png|jpe?g|gif|webp|svg)$/i],
  ['table', /\.(csv|tsv)$/i],
  ['html', /\.html?$/i],
  ['markdown', /\.(md|markdown)$/i],
  ['json', /\.json$/i],
  ['text', /(\.(txt|ya?ml|log|py|ts|js|r|sh|toml|ini|cfg|sql|xml|jsonl)|(^|\/)[A-Za-z]+)$/i],
];
const imageTypes: Readonly<Record<string, string>> = { svg: 'image/svg+xml', jpg: 'image/jpeg' };

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** How a file is shown; null where it is too long or of no known kind. */
function kindOf({ path, sizeBytes }: Artifact): Kind | null {
  const kind = endings.find(([, ending]) => ending.test(path))?.[0] ?? null;
  return (sizeBytes ?? 0) > (kind === 'image' ? IMAGE_LIMIT : TEXT_LIMIT) ? null : kind;
}

async function readArtifact(run: string, path: string): Promise<Blob> {
  return await (await server().getArtifact({ params: { run }, query: { path } })).blob();
}

async function download(run: string, path: string): Promise<void> {
  saveFile(nameOf(path), await readArtifact(run, path));
}

function ImageView({ blob, path }: { blob: Blob; path: string }) {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const ending = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
    const made = URL.createObjectURL(new Blob([blob], { type: imageTypes[ending] ?? `image/${ending}` }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob, path]);
  return <Image src={url} alt={path} fit="contain" mah={480} />;
}

function TableView({ text, path }: { text: string; path: string }) {
  const rows = readCsv(text, /\.tsv$/i.test(path) ? '\t' : ',', SHOWN_ROWS + 2);
  const [heads = [], ...lines] = rows;
  const numbered = lines.slice(0, SHOWN_ROWS).map((cells, number) => ({ cells, number }));
  if (heads.length === 0) return <Nothing title="An empty table" />;
  const columns = heads.map((head, column) => ({ head, column }));
  return (
    <>
      {lines.length > SHOWN_ROWS ? (
        <Text size="xs" c="dimmed">
          The first {SHOWN_ROWS} rows; the file holds all.
        </Text>
      ) : null}
      <ScrollArea.Autosize mah={480}>
        <Table stickyHeader fz="sm" verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              {columns.map(({ head, column }) => (
                <Table.Th key={column}>{head}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {numbered.map(({ cells, number }) => (
              <Table.Tr key={number}>
                {columns.map(({ column }) => (
                  <Table.Td key={column}>{cells[column]}</Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea.Autosize>
    </>
  );
}

/** A page of unknown origin: without scripts, forms, links to our pages or anything of this origin. */
function HtmlView({ text, path }: { text: string; path: string }) {
  return (
    <>
      <Text size="xs" c="dimmed">
        Scripts do not run here. Download the page to see what they would show.
      </Text>
      <iframe
        sandbox=""
        srcDoc={text}
        title={path}
        referrerPolicy="no-referrer"
        style={{ width: '100%', height: 480, border: 0, background: '#fff', colorScheme: 'light' }}
      />
    </>
  );
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function Content({ kind, path, blob, text }: { kind: Kind; path: string; blob: Blob; text: string }) {
  if (kind === 'image') return <ImageView blob={blob} path={path} />;
  if (kind === 'table') return <TableView text={text} path={path} />;
  if (kind === 'html') return <HtmlView text={text} path={path} />;
  if (kind === 'markdown') return <Markdown text={text} />;
  return (
    <Code block mah={480} style={{ overflow: 'auto' }}>
      {kind === 'json' ? pretty(text) : text}
    </Code>
  );
}

/** A file as its ending says, and to be taken. */
export function ArtifactView({ run, artifact }: { run: string; artifact: Artifact }) {
  const { path, sizeBytes, digest } = artifact;
  const kind = kindOf(artifact);
  const query = useQuery({
    queryKey: ['artifact', run, path, digest],
    enabled: kind !== null,
    queryFn: async () => {
      const blob = await readArtifact(run, path);
      return { blob, text: kind === 'image' ? '' : await blob.text() };
    },
  });
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
          onClick={() => void download(run, path)}
        >
          {formatBytes(sizeBytes)}
        </Button>
      </Group>
      <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
        SHA-256 {digest ?? 'unknown'}
      </Text>
      {kind === null ? (
        <Nothing title="This file is not shown here">Download it to look inside.</Nothing>
      ) : (
        <QueryState query={query}>
          {({ blob, text }) => <Content kind={kind} path={path} blob={blob} text={text} />}
        </QueryState>
      )}
    </Stack>
  );
}
