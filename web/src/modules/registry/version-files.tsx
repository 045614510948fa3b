import type { ModelVersion } from '@flyball/api';
import { Alert, Button, Group, Stack, Table, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useState } from 'react';
import { StateBadge } from '../../parts/badges.tsx';
import { formatBytes } from '../../parts/format.ts';
import { Nothing } from '../../parts/query-state.tsx';
import { ReasonDialog } from '../../parts/reason-dialog.tsx';
import { useChange } from '../../parts/use-change.ts';
import { server } from '../../server.ts';

async function download({ model, version }: ModelVersion, path: string): Promise<void> {
  const answer = await server().getModelFile({ params: { model, version }, query: { path } });
  const url = URL.createObjectURL(await answer.blob());
  Object.assign(document.createElement('a'), { href: url, download: path.slice(path.lastIndexOf('/') + 1) }).click();
  URL.revokeObjectURL(url);
}

function SignOff({ version }: { version: ModelVersion }) {
  const [opened, setOpened] = useState(false);
  const signOff = useChange(
    (reason: string) =>
      server().signOffScan({ params: { model: version.model, version: version.version }, body: { reason } }),
    { done: 'Signed off', stale: ['models'] },
  );
  return (
    <Alert color="orange" title="The scan could not judge all files">
      <Group justify="space-between">
        <Text size="sm">An approver may accept them, with a reason.</Text>
        <Button size="xs" color="orange" loading={signOff.isPending} onClick={() => setOpened(true)}>
          Sign off
        </Button>
      </Group>
      <ReasonDialog
        title="Accept files that the scan could not judge"
        opened={opened}
        onClose={() => setOpened(false)}
        choices={[{ title: 'Sign off', color: 'orange', run: (reason) => signOff.mutate(reason) }]}
      />
    </Alert>
  );
}

/** The files of a version with their digests, and what the scan found in them. */
export function VersionFiles({ version }: { version: ModelVersion }) {
  const fetchFile = useChange((path: string) => download(version, path), { done: 'Downloaded', stale: [] });
  const { verdict, findings } = version.scan;
  return (
    <Stack>
      {verdict === 'unknown' ? <SignOff version={version} /> : null}
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        Scan: <StateBadge state={verdict} /> SHA-256 of all files: <code>{version.digest}</code>
      </Text>
      <Table.ScrollContainer minWidth={600}>
        <Table fz="sm">
          <Table.Thead>
            <Table.Tr>
              {['File', 'Size', 'SHA-256', 'Found', ''].map((title) => (
                <Table.Th key={title}>{title}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {version.files.map(({ path, sizeBytes, digest }) => (
              <Table.Tr key={path}>
                <Table.Td>{path}</Table.Td>
                <Table.Td>{formatBytes(sizeBytes)}</Table.Td>
                <Table.Td>
                  <code title={digest}>{digest.slice(0, 16)}…</code>
                </Table.Td>
                <Table.Td>
                  {findings
                    .filter((finding) => finding.path === path)
                    .map((finding) => (
                      <div key={finding.message}>
                        <StateBadge state={finding.verdict} /> {finding.message}
                      </div>
                    ))}
                </Table.Td>
                <Table.Td>
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    aria-label={`Download ${path}`}
                    onClick={() => fetchFile.mutate(path)}
                  >
                    <IconDownload size={14} />
                  </Button>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}

/** Where each input of the model comes from when it serves. */
export function VersionInputs({ version }: { version: ModelVersion }) {
  if (version.inputs.length === 0)
    return <Nothing title="No inputs are wired">This version cannot serve: register it with its inputs.</Nothing>;
  return (
    <Table fz="sm" maw={900}>
      <Table.Thead>
        <Table.Tr>
          {['Input', 'Type', 'Comes from'].map((title) => (
            <Table.Th key={title}>{title}</Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {version.inputs.map(({ name, datatype, from }) => (
          <Table.Tr key={name}>
            <Table.Td>{name}</Table.Td>
            <Table.Td>{datatype}</Table.Td>
            <Table.Td>
              {from.kind === 'request'
                ? `request input ${from.input}`
                : `feature ${from.view}.${from.feature} of the key in ${from.key}${from.scale === 1 ? '' : `, times ${from.scale}`}`}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
