import type { Run } from '@flyball/api';
import { Button, Group, SimpleGrid, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Chart } from '../../parts/chart.tsx';
import { formatCount } from '../../parts/format.ts';
import { Nothing, QueryState } from '../../parts/query-state.tsx';
import { useAddress } from '../../parts/use-address.ts';
import { server } from '../../server.ts';
import { runColour } from './run-colour.ts';

const LIVE_MS = 2000;
const SHOWN = 12;
const SYSTEM = 'system/';

const isSystemMetric = (key: string): boolean => key.startsWith(SYSTEM);

interface CurvesAddress {
  /** Part of the names of the metrics that are shown. */
  readonly find?: string;
  /** How many, where there are more. */
  readonly more?: number;
}

type Curve = Awaited<ReturnType<ReturnType<typeof server>['getMetricCurve']>>['curves'][number];

/** What a machine measured is read by the clock: its steps are only counted. */
function CurveChart({ run, curve: { key, points, total } }: { run: Run; curve: Curve }) {
  const isSystem = isSystemMetric(key);
  const name = isSystem ? key.slice(SYSTEM.length) : key;
  return (
    <Chart
      title={total > points.length ? `${name} (${points.length} of ${formatCount(total)} points)` : name}
      xType={isSystem ? 'time' : 'value'}
      {...(isSystem ? {} : { xName: 'step' })}
      series={[
        {
          name,
          colour: runColour(run),
          points: points.map(({ step, value, timestamp }) => [isSystem ? timestamp : step, value] as const),
        },
      ]}
    />
  );
}

function Charts({ run, keys, isSystem }: { run: Run; keys: readonly string[]; isSystem: boolean }) {
  const query = useQuery({
    queryKey: ['runs', run.runId, 'curves', keys],
    enabled: keys.length > 0,
    queryFn: () => server().getMetricCurve({ params: { run: run.runId }, query: { key: [...keys] } }),
    refetchInterval: run.status === 'RUNNING' ? LIVE_MS : false,
    placeholderData: (old) => old,
  });
  if (keys.length === 0) return <Nothing title="No metric is called so" />;
  return (
    <QueryState query={query} height={300}>
      {({ curves }) => {
        const long = curves.filter(({ points }) => isSystem || points.length > 1);
        if (long.length === 0) return <Nothing title="No metric was logged more than once" />;
        return (
          <SimpleGrid cols={{ base: 1, md: 2 }}>
            {long.map((curve) => (
              <CurveChart key={curve.key} run={run} curve={curve} />
            ))}
          </SimpleGrid>
        );
      }}
    </QueryState>
  );
}

const missing = (isSystem: boolean) =>
  isSystem ? (
    <Nothing title="No system metrics">
      Clients send them after <code>mlflow.enable_system_metrics_logging()</code>.
    </Nothing>
  ) : (
    <Nothing title="No metric was logged more than once" />
  );

/** The curves of a run's metrics, or of what its machine measured meanwhile. */
export function RunCurves({ run, isSystem = false }: { run: Run; isSystem?: boolean }) {
  const [{ find = '', more = SHOWN }, set] = useAddress<CurvesAddress>();
  const all = Object.keys(run.metrics)
    .filter((key) => isSystemMetric(key) === isSystem)
    .sort();
  if (all.length === 0) return missing(isSystem);
  const found = all.filter((key) => key.toLowerCase().includes(String(find).trim().toLowerCase()));
  return (
    <Stack>
      {all.length <= SHOWN ? null : (
        <Group>
          <TextInput
            aria-label="Find metrics"
            placeholder="Find metrics"
            value={String(find)}
            onChange={(event) => set({ find: event.currentTarget.value || undefined, more: undefined })}
          />
          <Text size="xs" c="dimmed">
            {Math.min(more, found.length)} of {formatCount(all.length)} metrics
          </Text>
        </Group>
      )}
      <Charts run={run} keys={found.slice(0, more)} isSystem={isSystem} />
      {found.length > more ? (
        <Button variant="default" w="fit-content" onClick={() => set({ more: more + SHOWN })}>
          Show more
        </Button>
      ) : null}
    </Stack>
  );
}
