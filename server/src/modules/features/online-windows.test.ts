import { deepEqual, equal } from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { FeatureViewDefinition } from '@flyball/api';
import { FeatureViewDefinition as View } from '@flyball/api';
import fc from 'fast-check';
import type { Analytics, AnalyticsSession } from '#platform/analytics/analytics';
import { createAnalytics } from '#platform/analytics/duckdb-analytics';
import { answerView } from './answer-view.ts';
import { createOnlineWindows } from './online-windows.ts';

interface Event {
  readonly key: string;
  readonly happened: number;
  readonly known: number;
  readonly value: number | null;
}

const aggregates = ['count', 'sum', 'mean', 'min', 'max'] as const;

/** Every aggregate over both clocks and two windows, of the value and of "value > 5". */
function viewOf(ttlSeconds: number): FeatureViewDefinition {
  const features = aggregates.flatMap((aggregate) =>
    (['known', 'happened'] as const).flatMap((clock) =>
      [7, 20].flatMap((windowSeconds) => [
        { name: `${aggregate}_${clock}_${windowSeconds}`, aggregate, clock, windowSeconds, of: { column: 'value' } },
        {
          name: `${aggregate}_${clock}_${windowSeconds}_above`,
          aggregate,
          clock,
          windowSeconds,
          of: { column: 'value', above: 5 },
        },
      ]),
    ),
  );
  const source = { dataset: 'd', key: 'key', happenedAt: 'happened', knownAt: 'known' };
  const counting = { name: 'events', aggregate: 'count', windowSeconds: 20 };
  return View.parse({ name: 'v', entity: 'e', source, ttlSeconds, features: [...features, counting] });
}

function aggregated(aggregate: string, events: readonly Event[], above: number | undefined): number {
  const present = events.flatMap(({ value }) => (value === null ? [] : [value]));
  const values = above === undefined ? present : present.map((value) => Number(value > above));
  if (aggregate === 'count') return values.length;
  if (values.length === 0) return Number.NaN;
  const sum = values.reduce((total, value) => total + value, 0);
  if (aggregate === 'sum') return sum;
  if (aggregate === 'mean') return sum / values.length;
  return aggregate === 'min' ? Math.min(...values) : Math.max(...values);
}

/** The definition, word by word. */
function bruteForce(view: FeatureViewDefinition, events: readonly Event[], key: string, at: number): number[] {
  const visible = events
    .map((event) => ({ ...event, known: Math.max(event.known, event.happened) }))
    .filter((event) => event.key === key && event.known <= at);
  const newest = Math.max(...visible.map(({ known }) => known));
  const stale = view.ttlSeconds > 0 && !(visible.length > 0 && at - newest <= view.ttlSeconds * 1000);
  return view.features.map(({ aggregate, of, windowSeconds, clock }) => {
    if (stale) return Number.NaN;
    const inWindow = visible.filter((event) => {
      const time = clock === 'known' ? event.known : event.happened;
      return time > at - windowSeconds * 1000 && time <= at;
    });
    return of === undefined ? inWindow.length : aggregated(aggregate, inWindow, of.above);
  });
}

const moment = fc.integer({ min: 0, max: 60 }).map((second) => second * 1000);
const events = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b'),
    happened: moment,
    known: moment,
    value: fc.option(fc.integer({ min: 0, max: 10 })),
  }),
  { maxLength: 40 },
);
const questions = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), at: moment }), {
  minLength: 1,
  maxLength: 10,
});

describe('windows', () => {
  describe('online windows', () => {
    it('answer as the definition says, whatever order events come in, and never from the future', () => {
      fc.assert(
        fc.property(events, questions, fc.constantFrom(0, 5), (given, asked, ttl) => {
          const view = viewOf(ttl);
          const windows = createOnlineWindows(view);
          for (const { key, happened, known, value } of given) windows.add(key, happened, known, { value });
          for (const { key, at } of asked) {
            deepEqual([...windows.read(key, at)], bruteForce(view, given, key, at));
            const earlier = given.filter((event) => Math.max(event.known, event.happened) <= at);
            deepEqual([...windows.read(key, at)], bruteForce(view, earlier, key, at));
          }
        }),
      );
    });

    it('answer the same after what no question can reach was forgotten', () => {
      fc.assert(
        fc.property(events, questions, moment, (given, asked, now) => {
          const view = viewOf(0);
          const windows = createOnlineWindows(view);
          for (const { key, happened, known, value } of given) windows.add(key, happened, known, { value });
          windows.expire(now);
          for (const { key, at } of asked.filter((one) => one.at >= now)) {
            const expected = bruteForce(view, given, key, at);
            deepEqual([...windows.read(key, at)], expected);
          }
        }),
      );
    });
  });

  describe('offline windows', () => {
    let folder: string;
    let analytics: Analytics;
    before(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'flyball-windows-'));
      analytics = createAnalytics({ scratchDir: folder, memoryLimitMb: 700, threads: 2 });
    });
    after(async () => {
      await analytics.close();
      await rm(folder, { recursive: true, force: true });
    });

    async function offline(session: AnalyticsSession, view: FeatureViewDefinition): Promise<(number | null)[][]> {
      const wanted = view.features.map(({ name }) => ({ feature: name, as: name }));
      const [row] = await session.rows('select min(__t) as low, max(__t) as high from spine');
      const bounds = { minMs: Number(row!['low']), maxMs: Number(row!['high']) };
      const { table, columns } = await answerView(session, { view, keyColumn: 'asked', wanted }, 0, bounds);
      const rows = await session.rows(`select ${columns.join(', ')} from spine s positional join ${table}`);
      return rows.map((answer) => Object.values(answer) as (number | null)[]);
    }

    it('answer as the online ones do', async () => {
      await fc.assert(
        fc.asyncProperty(events, questions, fc.constantFrom(0, 5), async (given, asked, ttl) => {
          const view = viewOf(ttl);
          const found = await analytics.run({ name: 'test' }, async (session) => {
            await session.execute('create table data (key varchar, happened timestamp, known timestamp, value bigint)');
            for (const { key, happened, known, value } of given) {
              await session.execute(
                'insert into data values ($1, make_timestamp($2 * 1000), make_timestamp($3 * 1000), $4)',
                [key, happened, known, value],
              );
            }
            await session.execute('create table spine (__id bigint, __t bigint, asked varchar)');
            for (const [i, { key, at }] of asked.entries())
              await session.execute('insert into spine values ($1, $2, $3)', [i, at, key]);
            return await offline(session, view);
          });
          const expected = asked.map(({ key, at }) => bruteForce(view, given, key, at));
          deepEqual(
            found.map((row) => row.map((value) => value ?? Number.NaN)),
            expected,
          );
        }),
        { numRuns: 25 },
      );
    });

    it('take the newest value that is not missing, and read columns with the names of their own', async () => {
      const view = View.parse({
        name: 'v',
        entity: 'e',
        source: { dataset: 'd', key: 'name', happenedAt: 'k', knownAt: 't' },
        features: ['known', 'happened'].flatMap((clock) =>
          [5, 10].map((windowSeconds) => ({
            name: `${clock}_${windowSeconds}`,
            aggregate: 'last',
            clock,
            windowSeconds,
            of: { column: 'id' },
          })),
        ),
      });
      const found = await analytics.run({ name: 'test' }, async (session) => {
        await session.execute(`create table data as select name, to_timestamp(k) as k, to_timestamp(t) as t, id from
          (values ('a', 1, 2, 10), ('a', 3, 4, 20), ('a', 1, 6, 30), ('a', 6, 7, null), ('b', 1, 1, 40),
            (null, 1, 1, 50), ('a', 2, 11, 60)) d(name, k, t, id)`);
        await session.execute(`create table spine as select id as __id, t * 1000 as __t, asked from
          (values (1, 'a', 5), (2, 'a', 10), (3, 'a', 1), (4, 'b', 10), (5, 'c', 10), (6, null, 10)) s(id, asked, t)`);
        return await offline(session, view);
      });
      const nothing = [null, null, null, null];
      deepEqual(found, [[20, 20, 20, 20], [30, 30, null, 30], nothing, [null, 40, null, 40], nothing, nothing]);
    });

    it('equal the online ones on a week of real flights, bit by bit', async () => {
      const entry = createRequire(import.meta.url).resolve('vega-datasets');
      const file = path.join(
        entry.slice(0, entry.lastIndexOf('vega-datasets')),
        'vega-datasets/data/flights-3m.parquet',
      );
      const view = View.parse({
        name: 'v',
        entity: 'airport',
        source: { dataset: 'flights', key: 'origin', happenedAt: 'date', knownAt: 'landed_at' },
        ttlSeconds: 2 * 86_400,
        features: [
          { name: 'late_3h', aggregate: 'mean', of: { column: 'delay', above: 15 }, windowSeconds: 10_800 },
          { name: 'late_24h', aggregate: 'mean', of: { column: 'delay', above: 15 }, windowSeconds: 86_400 },
          { name: 'landed_3h', aggregate: 'count', windowSeconds: 10_800 },
        ],
      });
      const landed = 'date + to_seconds(cast(round(60 * (30 + distance / 7.5)) as bigint))';
      const week = "date >= '2001-03-01' and date < '2001-03-08'";
      await analytics.run({ name: 'test' }, async (session) => {
        const attached = await session.attach('flights.parquet', file);
        await session.execute(
          `create table data as select date, delay, origin, ${landed} as landed_at from read_parquet('${attached}') where ${week}`,
        );
        await session.execute(
          'create table spine as select row_number() over (order by date, origin, delay) as __id, epoch_ms(date) as __t, origin as asked from data',
        );
        const found = await offline(session, view);
        const windows = createOnlineWindows(view);
        for (const row of await session.rows(
          'select origin, epoch_ms(date) as h, epoch_ms(landed_at) as k, delay from data order by landed_at',
        )) {
          windows.add(String(row['origin']), Number(row['h']), Number(row['k']), { delay: Number(row['delay']) });
        }
        const asked = await session.rows('select __t, asked from spine order by __id');
        equal(found.length, asked.length);
        for (const [i, { __t, asked: key }] of asked.entries()) {
          deepEqual(
            found[i]!.map((value) => value ?? Number.NaN),
            [...windows.read(String(key), Number(__t))],
          );
        }
      });
    });
  });
});
