import type { Endpoint } from '@flyball/api';
import { SegmentedControl, SimpleGrid, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Chart, type Series } from '../../parts/chart.tsx';
import { QueryState } from '../../parts/query-state.tsx';
import { useAddress } from '../../parts/use-address.ts';
import { server } from '../../server.ts';

const DAY_MS = 86_400_000;
/** How far back, and how long one point of the charts then is. */
const ranges = {
  day: { days: 1, bucketSeconds: 3600 },
  week: { days: 7, bucketSeconds: 3600 },
  month: { days: 31, bucketSeconds: 21_600 },
  all: { days: null, bucketSeconds: 86_400 },
} as const;
type Range = keyof typeof ranges;

type Point = Awaited<ReturnType<ReturnType<typeof server>['readTraffic']>>['points'][number];

const readRange = (endpoint: Endpoint, range: Range) => {
  const { days, bucketSeconds } = ranges[range];
  const until = endpoint.watermark === null ? Date.now() : Date.parse(endpoint.watermark);
  return server().readTraffic({
    params: { endpoint: endpoint.name },
    query: {
      bucketSeconds,
      ...(days === null ? {} : { from: new Date(until - days * DAY_MS).toISOString() }),
    },
  });
};

function perVersion(points: readonly Point[], prefix: string, value: (point: Point) => number | null): Series[] {
  const groups = new Map<string, [number, number | null][]>();
  for (const point of points) {
    const name = `${prefix}version ${point.version} (${point.role})`;
    const group = groups.get(name) ?? [];
    group.push([Date.parse(point.at), value(point)]);
    groups.set(name, group);
  }
  return [...groups].map(([name, group]) => ({ name, points: group }));
}

/** The truth is the same whoever predicted it: the champion's rows tell it best. */
function meanLabel(points: readonly Point[]): Series {
  const champions = points.filter(({ role, meanLabel: mean }) => role === 'champion' && mean !== null);
  return {
    name: 'label',
    dashed: true,
    points: champions.map(({ at, meanLabel: mean }) => [Date.parse(at), mean] as const),
  };
}

function Charts({ points }: { points: readonly Point[] }) {
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <Chart title="Predictions" series={perVersion(points, '', (point) => point.predictions)} />
      <Chart title="Log loss on labelled predictions" series={perVersion(points, '', (point) => point.logLoss)} />
      <Chart
        title="Mean prediction and mean label"
        series={[meanLabel(points), ...perVersion(points, '', (point) => point.meanPrediction)]}
      />
      <Chart
        title="Latency in milliseconds"
        series={[
          ...perVersion(points, 'p50 ', (point) => point.p50Ms),
          ...perVersion(points, 'p99 ', (point) => point.p99Ms),
        ]}
      />
      <Chart title="Errors" series={perVersion(points, '', (point) => point.errors)} />
      <Chart title="Labels" series={perVersion(points, '', (point) => point.labels)} />
    </SimpleGrid>
  );
}

/** What the endpoint answered over event time, how fast and how well, per version. */
export function TrafficCharts({ endpoint }: { endpoint: Endpoint }) {
  const [{ range = 'week' }, set] = useAddress<{ range?: Range }>();
  const shown: Range = range in ranges ? range : 'week';
  const query = useQuery({
    queryKey: ['endpoints', endpoint.name, 'traffic', shown, endpoint.watermark],
    queryFn: () => readRange(endpoint, shown),
  });
  return (
    <Stack>
      <SegmentedControl
        aria-label="Range"
        style={{ alignSelf: 'flex-start' }}
        data={Object.keys(ranges)}
        value={shown}
        onChange={(value) => set({ range: value as Range })}
      />
      <QueryState query={query} height={600}>
        {({ points }) => <Charts points={points} />}
      </QueryState>
    </Stack>
  );
}
