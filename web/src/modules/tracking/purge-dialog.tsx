import { Alert, Button, Checkbox, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useChange } from '../../parts/use-change.ts';
import { server } from '../../server.ts';

interface Kept {
  readonly runId: string;
  readonly message: string;
}

const MOST_SHOWN = 5;

function KeptRuns({ kept }: { kept: readonly Kept[] }) {
  if (kept.length === 0) return null;
  return (
    <Alert color="yellow" title={`${kept.length} runs were kept`}>
      {kept.slice(0, MOST_SHOWN).map(({ runId, message }) => (
        <Text key={runId} size="xs">
          {message}
        </Text>
      ))}
    </Alert>
  );
}

/** Asks before runs in the trash are deleted for good, and shows which were kept. */
export function PurgeDialog({
  runs,
  onClose,
  onDone,
}: {
  runs: readonly string[];
  onClose: () => void;
  onDone: (kept: readonly string[]) => void;
}) {
  const [force, setForce] = useState(false);
  const [reason, setReason] = useState('');
  const [kept, setKept] = useState<readonly Kept[]>([]);
  const why = reason.trim();
  const purge = useChange(
    () => server().purgeRuns({ body: { runIds: [...runs], force, ...(why === '' ? {} : { reason: why }) } }),
    {
      done: 'Points and files are deleted in the background',
      stale: ['runs', 'purges'],
      after: (result) => {
        setKept(result.kept);
        onDone(result.kept.map(({ runId }) => runId));
        if (result.kept.length === 0) onClose();
      },
    },
  );
  return (
    <Modal opened onClose={onClose} title={`Delete ${runs.length} runs for good?`}>
      <Stack>
        <Text size="sm">
          Their metrics, parameters, tags and files go with them, and nobody can bring them back. Runs that registered
          versions came from are kept.
        </Text>
        <TextInput
          label="Reason, for the audit trail"
          required={force}
          maxLength={500}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <Checkbox
          label="Also those that registered versions came from"
          checked={force}
          onChange={(event) => setForce(event.currentTarget.checked)}
        />
        <KeptRuns kept={kept} />
        <Group justify="flex-end">
          <Button variant="default" data-autofocus onClick={onClose}>
            {kept.length === 0 ? 'Keep them' : 'Close'}
          </Button>
          <Button
            color="red"
            loading={purge.isPending}
            disabled={runs.length === 0 || (force && why === '')}
            onClick={() => purge.mutate(undefined)}
          >
            Delete for good
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
