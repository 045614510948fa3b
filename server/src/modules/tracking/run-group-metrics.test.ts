import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { sql } from 'kysely';
import { createTestDatabase, type TestDatabase } from '#testing/test-database';
import { sumGroupMetrics } from './run-group-metric-store.ts';

interface Latest {
  readonly run: number;
  readonly key: string;
  readonly value: number;
  readonly is_nan: boolean;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** What plain arithmetic makes of one metric of a group. */
function sumsOf(values: readonly number[]) {
  const squares = values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0);
  const sd = values.length === 1 ? null : Math.sqrt(squares / (values.length - 1));
  return { count: values.length, mean: mean(values), sd, min: Math.min(...values), max: Math.max(...values) };
}

const isNear = (a: number | null, b: number | null): boolean =>
  a === null || b === null ? a === b : Math.abs(a - b) < 1e-9;

function expectedOf(rows: readonly Latest[], placeOf: ReadonlyMap<number, number>) {
  const wanted = rows.filter(({ run, is_nan, value }) => placeOf.has(run) && !is_nan && value < 1e150);
  const each = Map.groupBy(wanted, ({ run, key }) => `${placeOf.get(run)} ${key}`);
  return [...each]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, own]) => ({ name, ...sumsOf(own.map(({ value }) => value)) }));
}

describe('the numbers of groups of runs', () => {
  let test: TestDatabase;
  const scope = { project: 'default', experiments: [81] };

  before(async () => {
    test = await createTestDatabase();
    const tables = test.database.tables<unknown>();
    await sql`insert into tracking.experiment (id, project, name, artifact_location, created_ms, updated_ms)
      select id, 'default', 'numbers ' || id, '', 0, 0 from unnest(array[81, 82]) id`.execute(tables);
    await sql`insert into tracking.run (run_id, project, experiment, name, status, start_ms, artifact_uri)
      select md5(i::text), 'default', 81 + (i % 3) / 2, '', 'FINISHED', i, ''
      from generate_series(1, 300) i`.execute(tables);
    await sql`insert into tracking.latest_metric
        (run, key, experiment, start_ms, timestamp_ms, step, value, is_nan, first_step)
      select r.id, k, r.experiment, r.start_ms, 0, 0, case when h % 9 = 0 then 1e200 else h / 7.0 - 60 end, h % 8 = 0, 0
      from tracking.run r, unnest(array['loss', 'some']) k,
        lateral (select abs(hashtext(r.run_id || k)) % 1000 h) n
      where k = 'loss' or h % 4 = 1`.execute(tables);
  });

  after(() => test.drop());

  it('are the same whichever way they are read, and what plain arithmetic makes of them', async () => {
    const { rows } = await sql<Latest>`select run, key, value, is_nan from tracking.latest_metric
      where experiment = 81`.execute(test.database.tables<unknown>());
    const runs = [...new Set(rows.map(({ run }) => run))];
    const groups = fc.array(fc.integer({ min: -1, max: 4 }), { minLength: runs.length, maxLength: runs.length });
    await fc.assert(
      fc.asyncProperty(groups, fc.boolean(), fc.boolean(), async (given, areFew, isWhole) => {
        const placeOf = new Map(runs.map((run, i) => [run, given[i]!] as const).filter(([, place]) => place >= 0));
        const members = { runs: Float64Array.from(placeOf.keys()), places: Int32Array.from(placeOf.values()) };
        const effort = { few: areFew ? 1000 : 0, readPerLookUp: 1000 };
        const of = isWhole ? { ...scope, experiments: null } : scope;
        const found = await sumGroupMetrics(test.database, of, members, ['loss', 'some', 'none'], effort);
        const expected = expectedOf(rows, placeOf);
        assert.deepEqual(
          found.map(({ place, key, count, min, max }) => [`${place} ${key}`, count, min, max]),
          expected.map(({ name, count, min, max }) => [name, count, min, max]),
        );
        for (const [i, { mean: average, sd }] of found.entries()) {
          assert.ok(isNear(average, expected[i]!.mean) && isNear(sd, expected[i]!.sd));
        }
      }),
      { numRuns: 30 },
    );
  });
});
