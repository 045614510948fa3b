import type { ModelVersion } from '@flyball/api';
import { Alert, Button, Group, Stack, Table, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { StateBadge } from '../../parts/badges.tsx';
import { Digest } from '../../parts/digest.tsx';
import { Facts } from '../../parts/facts.tsx';
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

type Files = Pick<ModelVersion, 'files' | 'scan'>;

/** Files with their digests and what the scan found in them. */
export function FileTable({ version, action }: { version: Files; action?: (path: string) => ReactNode }) {
  return (
    <Table.ScrollContainer minWidth={700}>
      <Table fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>File</Table.Th>
            <Table.Th ta="right">Size</Table.Th>
            <Table.Th>Scan</Table.Th>
            <Table.Th>SHA-256</Table.Th>
            {action === undefined ? null : <Table.Th aria-label="Actions" />}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {version.files.map(({ path, sizeBytes, digest }) => (
            <Table.Tr key={path}>
              <Table.Td>{path}</Table.Td>
              <Table.Td ta="right" style={{ whiteSpace: 'nowrap' }}>
                {formatBytes(sizeBytes)}
              </Table.Td>
              <Table.Td>
                {version.scan.findings
                  .filter((finding) => finding.path === path)
                  .map((finding) => (
                    <div key={finding.message}>
                      <StateBadge state={finding.verdict} /> {finding.message}
                    </div>
                  ))}
              </Table.Td>
              <Table.Td>
                <Digest value={digest} />
              </Table.Td>
              {action === undefined ? null : <Table.Td>{action(path)}</Table.Td>}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

/** The files of a version, to look at and to take, and what the scan found in them. */
export function VersionFiles({ version }: { version: ModelVersion }) {
  const fetchFile = useChange((path: string) => download(version, path), { done: 'Downloaded', stale: [] });
  const { verdict } = version.scan;
  return (
    <Stack>
      {verdict === 'unknown' ? <SignOff version={version} /> : null}
      <Facts
        facts={[
          ['Scan', <StateBadge key="scan" state={verdict} />],
          ['SHA-256 of all files', <Digest key="digest" value={version.digest} />],
        ]}
      />
      <FileTable
        version={version}
        action={(path) => (
          <Button
            size="compact-xs"
            variant="subtle"
            aria-label={`Download ${path}`}
            onClick={() => fetchFile.mutate(path)}
          >
            <IconDownload size={14} />
          </Button>
        )}
      />
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
