import type { RunGroup } from '@flyball/api';
import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { formatCount } from '../../parts/format.ts';
import { linkTo } from '../../parts/go.tsx';
import { server } from '../../server.ts';
import { groupFilter } from './group-filter.ts';
import { MOST_COMPARED } from './run-actions.tsx';
import type { RunsAddress } from './runs-address.ts';

async function newestOf({ experiment, filter, stage, group }: RunsAddress, { values }: RunGroup): Promise<string[]> {
  const own = groupFilter(filter ?? '', group ?? [], values);
  if (own === null) throw new Error('The filter language cannot say a value that has both quotes');
  const { items } = await server().searchRuns({
    body: {
      experimentIds: experiment === undefined ? [] : [experiment],
      filter: own,
      stage: stage ?? 'active',
      limit: MOST_COMPARED,
    },
  });
  return items.map(({ runId }) => runId);
}

/** Opens the comparison of the runs of a group, of the newest where there are more than it shows. */
export function CompareGroup({ address, group }: { address: RunsAddress; group: RunGroup }) {
  const navigate = useNavigate();
  const open = useMutation({
    mutationFn: async () => await newestOf(address, group),
    onSuccess: async (runs) => {
      if (group.runs > runs.length) {
        const message = `The newest ${formatCount(runs.length)} of ${formatCount(group.runs)} runs are compared`;
        notifications.show({ color: 'yellow', message, autoClose: 10_000 });
      }
      await navigate(linkTo('/runs/compare', { runs }));
    },
    onError: ({ message }) => notifications.show({ color: 'red', message }),
  });
  const isMany = group.runs > MOST_COMPARED;
  return (
    <Button
      size="compact-xs"
      variant="subtle"
      disabled={group.runs < 2}
      loading={open.isPending}
      title={isMany ? `Compare the newest ${MOST_COMPARED} of these runs` : 'Compare these runs'}
      aria-label={`Compare the runs of ${group.values.map((value) => value ?? 'not logged').join(', ')}`}
      onClick={(event) => {
        event.stopPropagation();
        open.mutate();
      }}
      onKeyDown={(event) => event.stopPropagation()}
    >
      Compare
    </Button>
  );
}
