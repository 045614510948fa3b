import { deepEqual, equal } from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { TrainingSet, TrainingSetSpec } from '@flyball/api';
import { createAnalytics } from '#platform/analytics/duckdb-analytics';
import { createTestServer, type TestServer } from '#testing/test-server';

interface Trip {
  readonly n: number;
  readonly at: number;
  readonly known: number;
  readonly from: string;
  readonly to: string;
  readonly delay: number;
}

const HOUR = 3_600_000;
const places = ['north', 'south', ''];

/** In no order of time, several at a moment, and some from nowhere. */
const trips: Trip[] = Array.from({ length: 300 }, (_, n) => {
  const at = Date.UTC(2001, 0, 1, (n * 37) % 97);
  const delay = (n * 13) % 41;
  return { n, at, known: at + delay * 60_000, from: places[n % 3]!, to: places[(n * 7) % 2]!, delay };
});

const iso = (ms: number): string => new Date(ms).toISOString();
const csv = [
  'n,at,known_at,origin,target,delay',
  ...trips.map(({ n, at, known, from, to, delay }) => [n, iso(at), iso(known), from, to, delay].join(',')),
].join('\n');

/** How many trips of a place were known in the hours before, and how late they were on average. */
function expected(place: 'from' | 'to', trip: Trip, hours: number): { count: number; mean: number | null } {
  const seen = trips.filter((other) => other.known <= trip.at && other.known > trip.at - hours * HOUR);
  const same = seen.filter((other) => trip[place] !== '' && other[place] === trip[place]);
  const sum = same.reduce((total, { delay }) => total + delay, 0);
  return { count: same.length, mean: same.length === 0 ? null : sum / same.length };
}

const features = [
  { view: 'leaving', feature: 'count', key: 'origin', as: 'leaving' },
  { view: 'leaving', feature: 'mean', key: 'origin', as: 'late_leaving' },
  { view: 'bound', feature: 'mean', key: 'target', as: 'late_bound' },
  { view: 'bound', feature: 'count', key: 'origin', as: 'back' },
];

const answer = (trip: Trip) => {
  const leaving = expected('from', trip, 5);
  const back = trips.filter(
    ({ known, to }) => trip.from !== '' && to === trip.from && known <= trip.at && known > trip.at - 9 * HOUR,
  );
  return {
    n: trip.n,
    leaving: leaving.count,
    late_leaving: leaving.mean,
    late_bound: expected('to', trip, 9).mean,
    back: back.length,
  };
};

describe('training sets', () => {
  let server: TestServer;

  before(async () => {
    server = await createTestServer();
    const client = server.client();
    const { digest } = await client.uploadObject({ upload: csv });
    await client.putEntity({ params: { entity: 'place' }, body: { key: 'place' } });
    await client.putDataset({ params: { dataset: 'trips' }, body: {} });
    const files = [{ digest, name: 'trips.csv', format: 'csv' as const }];
    await client.addDatasetVersion({ params: { dataset: 'trips' }, body: { files } });
    for (const [view, key, hours] of [
      ['leaving', 'origin', 5],
      ['bound', 'target', 9],
    ] as const) {
      const window = { windowSeconds: hours * 3600 };
      await client.putFeatureView({
        params: { view },
        body: {
          entity: 'place',
          source: { dataset: 'trips', key, happenedAt: 'at', knownAt: 'known_at' },
          features: [
            { name: 'count', aggregate: 'count', ...window },
            { name: 'mean', aggregate: 'mean', of: { column: 'delay' }, ...window },
          ],
        },
      });
    }
  });

  after(async () => {
    await server?.close();
  });

  async function build(spec: Partial<TrainingSetSpec>): Promise<{ set: TrainingSet; rows: object[] }> {
    const set = await server.client().createTrainingSet({
      body: {
        dataset: 'trips',
        at: 'at',
        columns: { n: 'n' },
        label: { name: 'late', sql: 'delay > 15' },
        features,
        ...spec,
      },
    });
    const { digest } = set;
    const file = path.join(server.dataDir, 'objects', digest.slice(0, 2), digest.slice(2, 4), digest);
    const analytics = createAnalytics({
      scratchDir: path.join(server.dataDir, 'read'),
      memoryLimitMb: 200,
      threads: 1,
    });
    const rows = await analytics.run({ name: 'test' }, async (session) => {
      const attached = await session.attach('set.parquet', file);
      return await session.rows(`select * exclude (late) from read_parquet('${attached}')`);
    });
    await analytics.close();
    return { set, rows };
  }

  it('hold every row in the order of time, with what each view knew of its key at its moment', async () => {
    const { set, rows } = await build({});
    equal(set.rowCount, trips.length);
    deepEqual(
      set.columns.map(({ name }) => name),
      ['n', 'late', ...features.map(({ as }) => as)],
    );
    const ordered = trips.toSorted((a, b) => a.at - b.at || a.n - b.n);
    deepEqual(
      rows,
      ordered.map((trip) => ({ __at: trip.at, ...answer(trip) })),
    );
  });

  it('are the same rows when only a sample of them is asked for', async () => {
    const { rows } = await build({ sample: { rows: 40, seed: 3 }, where: 'delay < 30' });
    equal(rows.length, 40);
    const numbers = rows.map((row) => (row as Trip).n);
    equal(new Set(numbers).size, 40);
    deepEqual(
      rows,
      numbers.map((n) => ({ __at: trips[n]!.at, ...answer(trips[n]!) })),
    );
    const moments = numbers.map((n) => trips[n]!.at);
    deepEqual(
      moments,
      moments.toSorted((a, b) => a - b),
    );
    const { rows: others } = await build({ sample: { rows: 40, seed: 4 }, where: 'delay < 30' });
    equal(others.length, 40);
    equal(JSON.stringify(others) === JSON.stringify(rows), false);
  });

  it('have rows without features too', async () => {
    const { rows } = await build({ features: [], until: iso(Date.UTC(2001, 0, 1, 2)) });
    const early = trips.filter(({ at }) => at < Date.UTC(2001, 0, 1, 2)).toSorted((a, b) => a.at - b.at || a.n - b.n);
    deepEqual(
      rows,
      early.map(({ at, n }) => ({ __at: at, n })),
    );
  });
});
