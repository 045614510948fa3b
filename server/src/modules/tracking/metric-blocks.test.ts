import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { allRoutes, Client } from '@flyball/api';
import fc from 'fast-check';
import { sql } from 'kysely';
import { systemActor } from '#platform/access/actor';
import { createTestServer, type TestServer } from '#testing/test-server';

interface Point {
  readonly value: number;
  readonly step: number;
  readonly timestamp: number;
}

describe('what all points of a metric have in common', () => {
  let server: TestServer;
  let client: Client<typeof allRoutes>;
  let experimentId: string;

  before(async () => {
    server = await createTestServer();
    client = server.client();
    ({ experimentId } = await client.createExperiment({ body: { name: 'blocks' } }));
  });

  after(() => server.close());

  const start = async () => (await client.startRun({ body: { experimentId } })).runId;
  const log = async (run: string, points: readonly Point[]) => {
    for (let from = 0; from < points.length; from += 1000) {
      const metrics = points.slice(from, from + 1000).map((point) => ({ key: 'loss', ...point }));
      await server.modules.tracking.logBatch(systemActor, 'default', run, { metrics });
    }
  };
  const summary = async (run: string) => (await client.summarizeMetrics({ body: { runIds: [run] } })).items[0]!;
  const curve = async (run: string, maxPoints = 20) =>
    (await client.getMetricCurve({ params: { run }, query: { key: 'loss', maxPoints } })).curves[0]!;

  const values = (points: readonly Point[]) => points.map(({ value }) => value).filter((value) => !Number.isNaN(value));

  /** The curve has the extremes, only points that were logged, and the count of all. */
  async function checkRun(run: string, points: readonly Point[]): Promise<void> {
    const numbers = values(points);
    const [min, max] = numbers.length === 0 ? [null, null] : [Math.min(...numbers), Math.max(...numbers)];
    assert.deepEqual(await summary(run), { runId: run, key: 'loss', count: points.length, min, max });
    const { points: drawn, total } = await curve(run);
    assert.equal(total, points.length);
    const known = new Set(points.map((point) => [point.value, point.step, point.timestamp].join()));
    for (const { value, step, timestamp } of drawn) {
      assert.ok(known.has([value ?? Number.NaN, step, timestamp].join()), `${value} at ${step} was never logged`);
    }
    const shown = drawn.flatMap(({ value }) => value ?? []);
    if (numbers.length > 0) assert.deepEqual([Math.min(...shown), Math.max(...shown)], [min, max]);
    assert.deepEqual(
      drawn.map(({ step }) => step),
      drawn.map(({ step }) => step).sort((a, b) => a - b),
    );
  }

  it('is right after batches of any size and order, repeated or not', async () => {
    const value = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: -1e6, max: 1e6 }) }, fc.constant(Number.NaN));
    const point = fc.record({ value, step: fc.nat(5000), timestamp: fc.integer({ min: 1, max: 1e9 }) });
    const size = fc.constantFrom(1, 5, 127, 128, 129, 300, 700);
    const batch = size.chain((length) => fc.array(point, { minLength: length, maxLength: length }));
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 8 }), fc.boolean(), async (batches, isRepeated) => {
        const run = await start();
        for (const each of batches) {
          await log(run, each);
          // Some of it again, with something new.
          if (isRepeated) await log(run, [...each.slice(0, 3), { value: 7, step: 1, timestamp: 2 }]);
        }
        const all = [...batches.flat(), ...(isRepeated ? [{ value: 7, step: 1, timestamp: 2 }] : [])];
        const unique = new Map(all.map((each) => [[each.value, each.step, each.timestamp].join(), each]));
        await checkRun(run, [...unique.values()]);
      }),
      { numRuns: 25 },
    );
  });

  it('loses nothing when many clients log the same metric', async () => {
    const run = await start();
    const clients = Array.from({ length: 8 }, (_, i) =>
      Array.from({ length: 40 }, (_each, k) => ({ value: i * 100 + k, step: k, timestamp: i * 100 + k + 1 })),
    );
    await Promise.all(
      clients.map(async (points) => {
        for (const point of points) await log(run, [point]);
      }),
    );
    await checkRun(run, clients.flat());
  });

  it('is made up for metrics from before points were counted, while others go on logging', async () => {
    const run = await start();
    const points = Array.from({ length: 3000 }, (_, i) => ({ value: Math.sin(i), step: i, timestamp: i + 1 }));
    await log(run, points.slice(0, 2500));
    const tables = server.platform.database.tables<unknown>();
    await sql`update tracking.latest_metric l set points = null, least = null, greatest = null, open_points = 0,
        open_least = null, open_greatest = null
      from tracking.run r where r.id = l.run and r.run_id = ${run}`.execute(tables);
    await sql`delete from tracking.metric_block b using tracking.run r where r.id = b.run and r.run_id = ${run}`.execute(
      tables,
    );
    await log(run, points.slice(2500, 2600));
    await Promise.all([summary(run), curve(run), log(run, points.slice(2600))]);
    await checkRun(run, points);
  });

  it('keeps the extreme of every stretch of a long curve', async () => {
    const run = await start();
    const points = Array.from({ length: 20_000 }, (_, i) => ({ value: Math.sin(i * i), step: i, timestamp: i + 1 }));
    await log(run, points);
    const { points: drawn } = await curve(run, 100);
    assert.ok(drawn.length <= 100);
    // Half of the points are least values, each of one of 50 stretches that begin and end with blocks of 128 points.
    const reach = 20_000 / 50 + 128;
    for (let at = 0; at < 20_000; at += 100) {
      const near = drawn.filter(({ step }) => Math.abs(step - at) <= reach).map(({ value }) => value!);
      assert.ok(Math.min(...near) <= points[at]!.value && points[at]!.value <= Math.max(...near), `at ${at}`);
    }
  });

  it('is right after a program of the version before has written between', async () => {
    const run = await start();
    const points = Array.from({ length: 300 }, (_, step) => ({ value: Math.sin(step), step, timestamp: 5 + step }));
    await log(run, points.slice(0, 200));
    await checkRun(run, points.slice(0, 200));
    const { database } = server.platform;
    const db = database.tables<unknown>();
    const number = sql`(select id from tracking.run where run_id = ${run})`;
    const last = { value: 17, step: 1000, timestamp: 2000 };
    // The statements of that version.
    await sql`insert into tracking.metric (run, key, timestamp_ms, step, value, is_nan)
      values (${number}, 'loss', ${last.timestamp}, ${last.step}, ${last.value}, false)`.execute(db);
    await sql`insert into tracking.latest_metric as l
        (run, experiment, key, timestamp_ms, step, value, is_nan, first_step)
      values (${number}, ${experimentId}::bigint, 'loss',
          ${last.timestamp}, ${last.step}, ${last.value}, false, 0)
      on conflict (run, key) do update set step = excluded.step, timestamp_ms = excluded.timestamp_ms,
        value = excluded.value, is_nan = excluded.is_nan,
        first_step = least(l.first_step, excluded.first_step)`.execute(db);
    await sql`insert into tracking.latest_metric
        (run, experiment, key, timestamp_ms, step, value, is_nan, first_step)
      values (${number}, ${experimentId}::bigint, 'only before', 1, 1, 1, false, 1)`.execute(db);
    await sql`insert into tracking.param (run, experiment, key, value)
      values (${number}, ${experimentId}::bigint, 'depth', '6')`.execute(db);
    await sql`insert into tracking.run_tag (run, experiment, key, value)
      values (${number}, ${experimentId}::bigint, 'old', 'yes')`.execute(db);
    await sql`delete from tracking.latest_metric where key = 'only before'`.execute(db);
    await log(run, points.slice(200));
    await checkRun(run, [...points, last]);
    const filter = "params.depth = '6' and tags.old = 'yes' and metrics.loss = 17";
    const { items } = await client.searchRuns({ body: { filter, orderBy: ['params.depth ASC'] } });
    assert.deepEqual(
      items.map(({ runId }) => runId),
      [run],
    );
  });
});
