import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Page } from '../../parts/page.tsx';
import { useAddress } from '../../parts/use-address.ts';
import { server } from '../../server.ts';
import { TraceList } from './trace-list.tsx';

export function TracesPage() {
  const [found, set] = useAddress<{ experiment?: string; pages?: string[] }>();
  // The router reads digits as a number.
  const experiment = found.experiment === undefined ? null : String(found.experiment);
  const { data } = useQuery({
    queryKey: ['runs', 'experiments'],
    queryFn: () => server().listExperiments({ query: { limit: 1000 } }),
  });
  return (
    <Page title="Traces" description="What applications did, step by step">
      <Select
        aria-label="Experiment"
        placeholder="All experiments"
        maw={320}
        searchable
        clearable
        limit={200}
        data={(data?.items ?? []).map(({ experimentId, name }) => ({ value: experimentId, label: name }))}
        value={experiment}
        onChange={(value) => set({ experiment: value ?? undefined, pages: undefined })}
      />
      <TraceList scope={{ experimentIds: experiment === null ? [] : [experiment] }} />
    </Page>
  );
}
