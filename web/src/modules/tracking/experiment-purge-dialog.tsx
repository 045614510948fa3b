import type { Experiment } from '@flyball/api';
import { Alert, Button, Checkbox, Group, List, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { formatBytes, formatCount } from '../../parts/format.ts';
import { QueryState } from '../../parts/query-state.tsx';
import { useChange } from '../../parts/use-change.ts';
import { server } from '../../server.ts';

const MOST_SHOWN = 5;

type Preview = Awaited<ReturnType<ReturnType<typeof server>['previewExperimentPurge']>>;

function WhatGoes({ preview: { runs, models, files, bytes } }: { preview: Preview }) {
  return (
    <List size="sm">
      <List.Item>{formatCount(runs)} runs with their metrics, parameters and tags</List.Item>
      {models === 0 ? null : <List.Item>{formatCount(models)} logged models</List.Item>}
      <List.Item>
        {formatCount(files)} files, {formatBytes(bytes)}
      </List.Item>
      <List.Item>its traces, scorers and retention rule</List.Item>
    </List>
  );
}

function WhatRestsOnIt({ versions }: Pick<Preview, 'versions'>) {
  if (versions.length === 0) return null;
  const more = versions.length - MOST_SHOWN;
  return (
    <Alert color="yellow" title="Registered versions came from it">
      {versions.slice(0, MOST_SHOWN).join(', ')}
      {more > 0 ? ` and ${more} more` : ''}
    </Alert>
  );
}

function PurgeForm({
  experiment,
  preview,
  onClose,
  onDone,
}: {
  experiment: Experiment;
  preview: Preview;
  onClose: () => void;
  onDone: () => void;
}) {
  const [force, setForce] = useState(false);
  const [reason, setReason] = useState('');
  const why = reason.trim();
  const isHeld = preview.versions.length > 0;
  const purge = useChange(
    () =>
      server().purgeExperiment({
        params: { experiment: experiment.experimentId },
        body: { force, ...(why === '' ? {} : { reason: why }) },
      }),
    { done: `“${experiment.name}” is being deleted in the background`, stale: ['runs', 'purges'], after: onDone },
  );
  return (
    <Stack>
      <Text size="sm">These go with it, and nobody can bring them back:</Text>
      <WhatGoes preview={preview} />
      <WhatRestsOnIt versions={preview.versions} />
      <TextInput
        label="Reason, for the audit trail"
        required={isHeld}
        maxLength={500}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {isHeld ? (
        <Checkbox
          label="Delete it although registered versions came from it"
          checked={force}
          onChange={(event) => setForce(event.currentTarget.checked)}
        />
      ) : null}
      <Group justify="flex-end">
        <Button variant="default" data-autofocus onClick={onClose}>
          Keep it
        </Button>
        <Button
          color="red"
          loading={purge.isPending}
          disabled={isHeld && (!force || why === '')}
          onClick={() => purge.mutate(undefined)}
        >
          Delete for good
        </Button>
      </Group>
    </Stack>
  );
}

/** Asks before an experiment in the trash is deleted for good, and names what goes with it. */
export function ExperimentPurgeDialog({
  experiment,
  onClose,
  onDone,
}: {
  experiment: Experiment;
  onClose: () => void;
  onDone: () => void;
}) {
  const query = useQuery({
    queryKey: ['experiment-purge', experiment.experimentId],
    queryFn: () => server().previewExperimentPurge({ params: { experiment: experiment.experimentId } }),
    gcTime: 0,
  });
  return (
    <Modal opened onClose={onClose} title={`Delete the experiment “${experiment.name}” for good?`}>
      <QueryState query={query} height={220}>
        {(preview) => <PurgeForm experiment={experiment} preview={preview} onClose={onClose} onDone={onDone} />}
      </QueryState>
    </Modal>
  );
}
