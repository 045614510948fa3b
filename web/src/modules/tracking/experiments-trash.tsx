import type { Experiment } from '@flyball/api';
import { Button, Group, Modal, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconArrowBackUp, IconTrash, IconTrashX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Moment } from '../../parts/badges.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { QueryState } from '../../parts/query-state.tsx';
import { useChange } from '../../parts/use-change.ts';
import { server } from '../../server.ts';
import { ExperimentPurgeDialog } from './experiment-purge-dialog.tsx';

const PAGE = 100;

function useMove(done: string, after?: () => void) {
  return useChange(
    ({ experimentId, stage }: { experimentId: string; stage: 'active' | 'deleted' }) =>
      server().moveExperiment({ params: { experiment: experimentId }, body: { stage } }),
    { done, stale: ['runs'], ...(after === undefined ? {} : { after }) },
  );
}

function RestoreButton({ experiment: { experimentId, name } }: { experiment: Experiment }) {
  const move = useMove(`“${name}” is restored with its runs`);
  return (
    <Button
      size="compact-sm"
      variant="default"
      leftSection={<IconArrowBackUp size={14} />}
      loading={move.isPending}
      aria-label={`Restore ${name}`}
      onClick={() => move.mutate({ experimentId, stage: 'active' })}
    >
      Restore
    </Button>
  );
}

/** Experiments in the trash, each to be restored or deleted for good. */
export function ExperimentsTrash({ onPurge }: { onPurge: () => void }) {
  const [pages, setPages] = useState<readonly string[]>([]);
  const [asked, setAsked] = useState<Experiment | null>(null);
  const pageToken = pages.at(-1);
  const query = useQuery({
    queryKey: ['runs', 'experiments', 'deleted', pageToken],
    queryFn: () =>
      server().listExperiments({
        query: { stage: 'deleted', limit: PAGE, ...(pageToken === undefined ? {} : { pageToken }) },
      }),
  });
  return (
    <QueryState query={query} height={240}>
      {({ items, nextPageToken }) => (
        <>
          <DataTable
            rows={items}
            rowKey={(row) => row.experimentId}
            empty="Experiments that are deleted wait here, with all their runs."
            columns={[
              { title: 'Experiment', cell: (row) => row.name, sort: (row) => row.name },
              { title: 'Id', cell: (row) => row.experimentId },
              { title: 'Deleted', cell: (row) => <Moment at={row.updatedAt} />, sort: (row) => row.updatedAt },
              {
                title: 'What to do',
                cell: (row) => (
                  <Group gap="xs" wrap="nowrap">
                    <RestoreButton experiment={row} />
                    <Button
                      size="compact-sm"
                      variant="default"
                      leftSection={<IconTrashX size={14} />}
                      aria-label={`Delete ${row.name} for good`}
                      onClick={() => setAsked(row)}
                    >
                      Delete for good
                    </Button>
                  </Group>
                ),
              },
            ]}
            previous={pages.length === 0 ? undefined : () => setPages(pages.slice(0, -1))}
            next={nextPageToken === undefined ? undefined : () => setPages([...pages, nextPageToken])}
          />
          {asked === null ? null : (
            <ExperimentPurgeDialog
              experiment={asked}
              onClose={() => setAsked(null)}
              onDone={() => {
                setAsked(null);
                onPurge();
              }}
            />
          )}
        </>
      )}
    </QueryState>
  );
}

/** Moves an experiment with all its runs into the trash, after a question. */
export function ExperimentDeleteButton({ experiment, onDone }: { experiment: string; onDone: () => void }) {
  const [isOpen, dialog] = useDisclosure();
  const move = useMove('The experiment is in the trash', () => {
    dialog.close();
    onDone();
  });
  return (
    <>
      <Button variant="default" leftSection={<IconTrash size={16} />} onClick={dialog.open}>
        Remove experiment
      </Button>
      {isOpen ? (
        <Modal opened onClose={dialog.close} title="Move this experiment to the trash?">
          <Text size="sm">It goes into the trash with all its runs, and can be restored from there.</Text>
          <Group justify="flex-end" mt="md">
            <Button variant="default" data-autofocus onClick={dialog.close}>
              Keep it
            </Button>
            <Button
              color="red"
              loading={move.isPending}
              onClick={() => move.mutate({ experimentId: experiment, stage: 'deleted' })}
            >
              Move to trash
            </Button>
          </Group>
        </Modal>
      ) : null}
    </>
  );
}
