import { Anchor, Breadcrumbs, Card, Grid, Group, Text, UnstyledButton } from '@mantine/core';
import { IconFile, IconFolder } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { formatBytes } from '../../parts/format.ts';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { useAddress } from '../../parts/use-address.ts';
import { server } from '../../server.ts';
import { ArtifactView } from './artifact-view.tsx';
import { nameOf } from './read-artifact.ts';

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

/** The files of a run: what a browser can show is shown, all can be taken. */
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
                  <ArtifactView key={chosen.path} run={run} artifact={chosen} />
                )}
              </Card>
            </Grid.Col>
          </Grid>
        );
      }}
    </QueryState>
  );
}
