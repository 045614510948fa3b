import { sql } from 'kysely';
import type { Database, Queryable } from '#platform/database/database';
import { BLOCK } from './metric-write-store.ts';

interface SeriesName {
  readonly run: number;
  readonly key: string;
}

/** Metrics from before points were counted. */
async function uncounted(on: Queryable, runs: readonly number[], keys: readonly string[] | null) {
  const some = keys === null ? sql`` : sql`and key = any(${[...keys]}::text[])`;
  const { rows } = await sql<SeriesName>`select run, key from tracking.latest_metric
    where run = any(${[...runs]}::bigint[]) and points is null ${some} order by run, key`.execute(on.tables<unknown>());
  return rows;
}

/** While the row is locked nobody adds points to the metric. */
async function lockUncounted(on: Queryable, { run, key }: SeriesName): Promise<boolean> {
  const { rows } = await sql`select from tracking.latest_metric
    where run = ${run} and key = ${key} and points is null for no key update`.execute(on.tables<unknown>());
  return rows.length > 0;
}

async function countSeries(on: Queryable, { run, key }: SeriesName): Promise<void> {
  const tables = on.tables<unknown>();
  const triple = sql`array[value, step, timestamp_ms]::float8[]`;
  await sql`delete from tracking.metric_block where run = ${run} and key = ${key}`.execute(tables);
  await sql`insert into tracking.metric_block (run, key, points, least, least_step, least_ms,
      greatest, greatest_step, greatest_ms)
    select ${run}::bigint, ${key}, points, least[1], least[2], least[3], greatest[1], greatest[2], greatest[3] from (
      select count(*) as points, min(${triple}) filter (where not is_nan) as least,
        max(${triple}) filter (where not is_nan) as greatest
      from (select *, row_number() over (order by timestamp_ms, step, value, is_nan) - 1 as number
        from tracking.metric where run = ${run} and key = ${key}) m
      group by number / ${BLOCK}::int) b`.execute(tables);
  await sql`update tracking.latest_metric l set points = coalesce(b.points, 0), least = b.least, greatest = b.greatest,
      open_points = 0, open_least = null, open_greatest = null
    from (select sum(points)::bigint as points, min(least) as least, max(greatest) as greatest
      from tracking.metric_block where run = ${run} and key = ${key}) b
    where l.run = ${run} and l.key = ${key}`.execute(tables);
}

/** Counts the points of metrics that were logged before points were counted, once. */
export async function countMissing(
  database: Database,
  runs: readonly number[],
  keys: readonly string[] | null,
): Promise<void> {
  for (const name of await uncounted(database, runs, keys)) {
    await database.transaction(async (trx) => {
      if (await lockUncounted(trx, name)) await countSeries(trx, name);
    });
  }
}
