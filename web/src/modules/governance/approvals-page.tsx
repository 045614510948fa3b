import type { Approval } from '@flyball/api';
import { Button, Group, SegmentedControl, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Page } from '../../parts/page.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { ReasonDialog } from '../../parts/reason-dialog.tsx';
import { useAddress } from '../../parts/use-address.ts';
import { useChange } from '../../parts/use-change.ts';
import { server } from '../../server.ts';
import { ApprovalCard } from './approval-card.tsx';

interface ApprovalsSearch {
  readonly state?: 'pending' | 'approved' | 'rejected';
  readonly pages?: string[];
}

function Decide({ approval }: { approval: Approval }) {
  const [opened, setOpened] = useState(false);
  const decide = useChange(
    (body: { decision: 'approve' | 'reject'; reason: string }) =>
      server().decideApproval({ params: { approval: approval.id }, body }),
    { done: 'Decided', stale: ['approvals', 'models', 'endpoints', 'overview'] },
  );
  return (
    <>
      <Button size="xs" loading={decide.isPending} onClick={() => setOpened(true)}>
        Decide
      </Button>
      <ReasonDialog
        title={`${approval.model}@${approval.version} for ${approval.endpoint}`}
        opened={opened}
        onClose={() => setOpened(false)}
        choices={[
          { title: 'Reject', color: 'red', run: (reason) => decide.mutate({ decision: 'reject', reason }) },
          { title: 'Approve', color: 'green', run: (reason) => decide.mutate({ decision: 'approve', reason }) },
        ]}
      />
    </>
  );
}

const pendingFirst = (a: Approval, b: Approval): number =>
  Number(b.state === 'pending') - Number(a.state === 'pending');

export function ApprovalsPage() {
  const [{ state, pages = [] }, set] = useAddress<ApprovalsSearch>();
  const pageToken = pages.at(-1);
  const query = useQuery({
    queryKey: ['approvals', state, pageToken],
    queryFn: () =>
      server().listApprovals({
        query: { ...(state === undefined ? {} : { state }), ...(pageToken === undefined ? {} : { pageToken }) },
      }),
  });
  return (
    <Page title="Approvals" description="Who let which version reach production, and why">
      <SegmentedControl
        style={{ alignSelf: 'flex-start' }}
        aria-label="State"
        data={['all', 'pending', 'approved', 'rejected']}
        value={state ?? 'all'}
        onChange={(value) =>
          set({ state: value === 'all' ? undefined : (value as 'pending' | 'approved' | 'rejected'), pages: undefined })
        }
      />
      <QueryState query={query}>
        {({ items, nextPageToken }) =>
          items.length === 0 ? (
            <Nothing title="Nothing to approve">Open a model version and choose “Roll out”.</Nothing>
          ) : (
            <Stack>
              {[...items].sort(pendingFirst).map((approval) => (
                <ApprovalCard
                  key={approval.id}
                  approval={approval}
                  action={approval.state === 'pending' ? <Decide approval={approval} /> : null}
                />
              ))}
              <Group justify="flex-end">
                <Button
                  size="xs"
                  variant="default"
                  disabled={pages.length === 0}
                  onClick={() => set({ pages: pages.slice(0, -1) })}
                >
                  Newer
                </Button>
                <Button
                  size="xs"
                  variant="default"
                  disabled={nextPageToken === undefined}
                  onClick={() => set({ pages: [...pages, nextPageToken ?? ''] })}
                >
                  Older
                </Button>
              </Group>
            </Stack>
          )
        }
      </QueryState>
    </Page>
  );
}
