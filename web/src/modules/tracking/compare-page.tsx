import type { Run } from '@flyball/api';
import { Alert, Badge, CloseButton, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Page } from '../../parts/page.tsx';
import { PageTabs } from '../../parts/page-tabs.tsx';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { server } from '../../server.ts';
import { namesOf, useCompareAddress } from './compare-address.ts';
import { CompareContour } from './compare-contour.tsx';
import { CompareCurves } from './compare-curves.tsx';
import { CompareImportance } from './compare-importance.tsx';
import { CompareMedia } from './compare-media.tsx';
import { CompareParallel } from './compare-parallel.tsx';
import { CompareScatter } from './compare-scatter.tsx';
import { CompareTable } from './compare-table.tsx';
import { MOST_COMPARED } from './run-actions.tsx';
import { RunDot } from './run-dot.tsx';

async function readRuns(ids: readonly string[]): Promise<Run[]> {
  const filter = `attributes.run_id IN (${ids.map((id) => `'${id}'`).join(', ')})`;
  const { items } = await server().searchRuns({ body: { filter, stage: 'all', limit: MOST_COMPARED } });
  return ids.flatMap((id) => items.find(({ runId }) => runId === id) ?? []);
}

function Chosen({ runs, drop }: { runs: readonly Run[]; drop: (run: string) => void }) {
  const names = namesOf(runs);
  return (
    <Group gap="xs" mah={96} style={{ overflow: 'auto' }}>
      {runs.map((run) => (
        <Badge
          key={run.runId}
          variant="default"
          tt="none"
          fw={400}
          leftSection={<RunDot run={run} />}
          rightSection={
            <CloseButton size="xs" aria-label={`Leave out ${names.get(run.runId)}`} onClick={() => drop(run.runId)} />
          }
        >
          {names.get(run.runId)}
          {run.lifecycleStage === 'deleted' ? ' (in the trash)' : ''}
        </Badge>
      ))}
    </Group>
  );
}

function Compared({ runs, missing }: { runs: readonly Run[]; missing: number }) {
  const [, set] = useCompareAddress();
  if (runs.length === 0) return <Nothing title="None of these runs is there" />;
  return (
    <>
      {missing === 0 ? null : <Alert color="yellow" title={`${missing} of the runs are not there`} />}
      <Chosen
        runs={runs}
        drop={(run) => set({ runs: runs.map(({ runId }) => runId).filter((runId) => runId !== run) })}
      />
      <PageTabs
        tabs={[
          { value: 'curves', title: 'Curves', content: () => <CompareCurves runs={runs} /> },
          { value: 'table', title: 'Side by side', content: () => <CompareTable runs={runs} /> },
          { value: 'scatter', title: 'Scatter', content: () => <CompareScatter runs={runs} /> },
          { value: 'parallel', title: 'Parallel coordinates', content: () => <CompareParallel runs={runs} /> },
          { value: 'contour', title: 'Contour', content: () => <CompareContour runs={runs} /> },
          { value: 'importance', title: 'Importance', content: () => <CompareImportance runs={runs} /> },
          { value: 'media', title: 'Images and tables', content: () => <CompareMedia runs={runs} /> },
        ]}
      />
    </>
  );
}

export function ComparePage() {
  const [{ runs = [] }] = useCompareAddress();
  // Ids come from the address: what cannot be one is not asked for.
  const wanted = [...new Set(runs.map(String))].filter((id) => /^[\w-]{1,64}$/.test(id)).slice(0, MOST_COMPARED);
  const query = useQuery({
    queryKey: ['runs', 'compared', wanted],
    enabled: wanted.length > 0,
    queryFn: () => readRuns(wanted),
  });
  const found = query.data;
  const compared = useMemo(() => found ?? [], [found]);
  return (
    <Page
      title="Runs compared"
      description="The same question asked of several runs"
      crumbs={[{ title: 'Runs', to: '/runs' }]}
    >
      {wanted.length === 0 ? (
        <Nothing title="No runs to compare">Select some in the table of runs.</Nothing>
      ) : (
        <QueryState query={query} height={400}>
          {() => <Compared runs={compared} missing={new Set(runs).size - compared.length} />}
        </QueryState>
      )}
    </Page>
  );
}
