import type { Artifact } from '@flyball/api';
import {
  Anchor,
  Breadcrumbs,
  Button,
  Card,
  Code,
  Grid,
  Group,
  Image,
  Stack,
  Text,
  UnstyledButton,
} from '@mantine/core';
import { IconDownload, IconFile, IconFolder } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { saveFile } from '../../parts/csv.ts';
import { formatBytes } from '../../parts/format.ts';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { useAddress } from '../../parts/use-address.ts';
import { server } from '../../server.ts';

const TEXT_LIMIT = 1_000_000;
const isImage = (path: string): boolean => /\.(png|jpe?g|gif|webp|svg)$/i.test(path);
const isText = (path: string): boolean =>
  /\.(txt|md|json|ya?ml|csv|log|py|ts|js|html|toml|sql)$/i.test(path) || /(^|\/)[A-Za-z]+$/.test(path);
const imageTypes: Readonly<Record<string, string>> = { svg: 'image/svg+xml', jpg: 'image/jpeg' };

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

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

function pretty(text: string, path: string): string {
  if (!path.endsWith('.json')) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function ArtifactView({ run, artifact }: { run: string; artifact: Artifact }) {
  const { path, sizeBytes } = artifact;
  const readable = isImage(path) || (isText(path) && (sizeBytes ?? 0) <= TEXT_LIMIT);
  const query = useQuery({
    queryKey: ['artifact', run, path, artifact.digest],
    enabled: readable,
    queryFn: async () => {
      const blob = await readArtifact(run, path);
      return { blob, text: isImage(path) ? '' : pretty(await blob.text(), path) };
    },
  });
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Text fw={600}>{path}</Text>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconDownload size={14} />}
          onClick={() => void download(run, path)}
        >
          {formatBytes(sizeBytes)}
        </Button>
      </Group>
      <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
        SHA-256 {artifact.digest ?? 'unknown'}
      </Text>
      {readable ? (
        <QueryState query={query}>
          {({ blob, text }) =>
            isImage(path) ? (
              <ImageView blob={blob} path={path} />
            ) : (
              <Code block mah={480} style={{ overflow: 'auto' }}>
                {text}
              </Code>
            )
          }
        </QueryState>
      ) : (
        <Nothing title="This file is not shown here">Download it to look inside.</Nothing>
      )}
    </Stack>
  );
}

function Folder({ folder, open }: { folder: string; open: (folder: string) => void }) {
  const parts = folder === '' ? [] : folder.split('/');
  return (
    <Breadcrumbs mb="xs">
      <Anchor component="button" size="sm" onClick={() => open('')}>
        artifacts
      </Anchor>
      {parts.map((part, depth) => (
        <Anchor
          key={parts.slice(0, depth + 1).join('/')}
          component="button"
          size="sm"
          onClick={() => open(parts.slice(0, depth + 1).join('/'))}
        >
          {part}
        </Anchor>
      ))}
    </Breadcrumbs>
  );
}

/** The files of a run: text, JSON and images are shown, all can be taken. */
export function ArtifactBrowser({ run }: { run: string }) {
  const [{ folder = '', file }, set] = useAddress<{ folder?: string; file?: string }>();
  const query = useQuery({
    queryKey: ['runs', run, 'artifacts', folder],
    queryFn: () => server().listArtifacts({ params: { run }, query: { path: folder } }),
  });
  return (
    <QueryState query={query}>
      {({ items }) => {
        const chosen = items.find(({ path }) => path === file);
        return (
          <Grid>
            <Grid.Col span={{ base: 12, sm: 4 }}>
              <Folder folder={folder} open={(to) => set({ folder: to, file: undefined })} />
              {items.length === 0 ? <Nothing title="No files here" /> : null}
              {items.map(({ path, isDirectory, sizeBytes }) => (
                <UnstyledButton
                  key={path}
                  p={4}
                  w="100%"
                  fw={path === file ? 700 : 400}
                  onClick={() => set(isDirectory ? { folder: path, file: undefined } : { file: path })}
                >
                  <Group gap="xs" wrap="nowrap">
                    {isDirectory ? <IconFolder size={16} /> : <IconFile size={16} />}
                    <Text size="sm" inherit truncate>
                      {nameOf(path)}
                    </Text>
                    <Text size="xs" c="dimmed" ml="auto">
                      {isDirectory ? '' : formatBytes(sizeBytes)}
                    </Text>
                  </Group>
                </UnstyledButton>
              ))}
            </Grid.Col>
            <Grid.Col span={{ base: 12, sm: 8 }}>
              <Card withBorder>
                {chosen === undefined ? (
                  <Nothing title="Choose a file" />
                ) : (
                  <ArtifactView run={run} artifact={chosen} />
                )}
              </Card>
            </Grid.Col>
          </Grid>
        );
      }}
    </QueryState>
  );
}
