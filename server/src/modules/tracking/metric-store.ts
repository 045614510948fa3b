import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import type { PageValues } from '#platform/page-token';
import { BLOCK } from './metric-write-store.ts';

export interface StoredMetricPoint {
  value: number;
  is_nan: boolean;
  step: number;
  timestamp_ms: number;
}

/** In the order of the index, where a page can begin anywhere. */
export const historyPlace = ({ timestamp_ms, step, value, is_nan }: StoredMetricPoint): PageValues => [
  timestamp_ms,
  step,
  value,
  Number(is_nan),
];

function afterPlace(place: PageValues | null): RawBuilder<unknown> {
  if (place === null) return sql``;
  const [timestamp, step, value, isNan] = place.map(String);
  return sql`and (m.timestamp_ms, m.step, m.value, m.is_nan) >
    (${timestamp}::bigint, ${step}::bigint, ${value}::float8, ${isNan}::int::boolean)`;
}

interface HistoryColumns {
  values: string | null;
  nans: string;
  steps: string;
  timestamps: string;
}

/**
 * Points are found by their index in its order, whatever the planner believes of a range: of points that came a moment
 * ago it knows nothing, and reads all of a metric for every page. Until the end of the transaction.
 */
export async function keepIndexOrder(on: Queryable): Promise<void> {
  await sql`select set_config(name, 'off', true)
    from unnest(array['enable_seqscan', 'enable_bitmapscan', 'enable_sort']) as name`.execute(on.tables<unknown>());
}

/** Points of one metric in the order of time, step and value. As four texts, since a row for each costs more. */
export async function readHistory(
  on: Queryable,
  of: { readonly run: number; readonly key: string; readonly limit: number; readonly after: PageValues | null },
): Promise<StoredMetricPoint[]> {
  const { rows } = await sql<HistoryColumns>`select string_agg(value::text, ',') as values,
      string_agg(is_nan::int::text, ',') as nans, string_agg(step::text, ',') as steps,
      string_agg(timestamp_ms::text, ',') as timestamps
    from (select m.value, m.is_nan, m.step, m.timestamp_ms from tracking.metric m
      where m.run = ${of.run} and m.key = ${of.key} ${afterPlace(of.after)}
      order by m.timestamp_ms, m.step, m.value, m.is_nan limit ${of.limit}) m`.execute(on.tables<unknown>());
  const { values, nans, steps, timestamps } = rows[0]!;
  if (values === null) return [];
  const [isNan, step, timestamp] = [nans, steps, timestamps].map((text) => text.split(',').map(Number));
  return values.split(',').map((value, i) => ({
    value: Number(value),
    is_nan: isNan![i] === 1,
    step: step![i]!,
    timestamp_ms: timestamp![i]!,
  }));
}

export interface BulkPoint extends StoredMetricPoint {
  run_id: string;
}

/** Points of one metric of several runs, run after run. */
export async function readBulkHistory(
  on: Queryable,
  of: { readonly project: string; readonly runIds: readonly string[]; readonly key: string; readonly limit: number },
): Promise<BulkPoint[]> {
  const { rows } = await sql<BulkPoint>`select r.run_id, m.value, m.is_nan, m.step, m.timestamp_ms
    from tracking.run r join tracking.metric m on m.run = r.id
    where r.project = ${of.project} and r.run_id = any(${[...of.runIds]}::text[]) and m.key = ${of.key}
    order by r.run_id, m.timestamp_ms, m.step, m.value limit ${of.limit}`.execute(on.tables<unknown>());
  return rows;
}

export interface Sampling {
  readonly run: number;
  readonly key: string;
  readonly steps: { readonly first: number; readonly last: number } | null;
  readonly limit: number;
}

/**
 * At most `limit` points in the order of steps: the first of each of as many equal parts, and the last one of all.
 * By points and not by steps, so that many points of one step are thinned too.
 */
export async function readSampled(on: Queryable, { run, key, steps, limit }: Sampling): Promise<StoredMetricPoint[]> {
  const within = steps === null ? sql`` : sql`and step between ${steps.first} and ${steps.last}`;
  const { rows } = await sql<StoredMetricPoint>`
    with part as (
      select value, is_nan, step, timestamp_ms, ntile(${limit}) over place as part, row_number() over place as number,
        count(*) over () as total
      from tracking.metric where run = ${run} and key = ${key} ${within}
      window place as (order by step, timestamp_ms, value, is_nan)),
    marked as (select *, lag(part) over (order by number) as before from part)
    select value, is_nan, step, timestamp_ms from marked
    where before is distinct from part or number = total order by number`.execute(on.tables<unknown>());
  // The last point stands for its part when there is no room for both.
  return rows.length > limit ? rows.filter((_, i) => i !== limit - 1) : rows;
}

export interface MetricRange {
  key: string;
  first_step: number;
  last_step: number;
  points: number;
}

/** The metrics of a run, all or those of these keys; their points are counted. */
export async function listMetricRanges(
  on: Queryable,
  run: number,
  keys: readonly string[] | null,
): Promise<MetricRange[]> {
  const some = keys === null ? sql`` : sql`and key = any(${[...keys]}::text[])`;
  const { rows } = await sql<MetricRange>`select key, first_step, step as last_step, points from tracking.latest_metric
    where run = ${run} ${some} order by key`.execute(on.tables<unknown>());
  return rows;
}

/** At most `limit` points in the order of steps. */
export async function readByStep(
  on: Queryable,
  of: { readonly run: number; readonly key: string; readonly limit: number },
): Promise<StoredMetricPoint[]> {
  // The limit comes before the order: whoever has more points than that wants them thinned anyway.
  const { rows } = await sql<StoredMetricPoint>`select value, is_nan, step, timestamp_ms from (
      select value, is_nan, step, timestamp_ms from tracking.metric m
      where m.run = ${of.run} and m.key = ${of.key} limit ${of.limit}) m
    order by step, timestamp_ms, value`.execute(on.tables<unknown>());
  return rows;
}

export interface Thinning {
  readonly run: number;
  readonly key: string;
  /** What the curve is drawn over; time, when all points have the same step. */
  readonly axis: 'step' | 'timestamp_ms';
  readonly first: number;
  readonly last: number;
  readonly buckets: number;
  /** How many there are. */
  readonly points: number;
}

interface Bucket {
  least: [value: number, step: number, timestampMs: number];
  greatest: [value: number, step: number, timestampMs: number];
}

/** The least and the greatest points of all blocks, which stand for the others. */
function extremes({ run, key }: Thinning): RawBuilder<unknown> {
  const each = (['least', 'greatest'] as const).map((name) => {
    const columns = (prefix: string) => {
      const [value, step, timestamp] = ['', '_step', '_ms'].map((suffix) => sql.ref(`${prefix}${name}${suffix}`));
      return sql`select ${value} as value, ${step} as step, ${timestamp} as timestamp_ms`;
    };
    const of = sql`where run = ${run} and key = ${key} and`;
    return sql`${columns('')} from tracking.metric_block ${of} ${sql.ref(name)} is not null
      union all ${columns('open_')} from tracking.latest_metric ${of} ${sql.ref(`open_${name}`)} is not null`;
  });
  return sql`(${sql.join(each, sql` union all `)}) m`;
}

/**
 * Of each of the equally wide buckets the points with the least and the greatest value; NaN is left out. Where blocks
 * are smaller than buckets, they are looked at instead of all points.
 */
export async function readThinned(on: Queryable, thinning: Thinning): Promise<StoredMetricPoint[]> {
  const { run, key, first, last, buckets, points: total } = thinning;
  const width = Math.max(1, Math.ceil((last - first + 1) / buckets));
  const tables = on.tables<unknown>();
  // A bucket is a group of a hash table; the planner, not knowing how few there are, would sort all points.
  await sql`set local enable_sort = off`.execute(tables);
  const triple = sql`array[value, step, timestamp_ms]::float8[]`;
  const all = sql`tracking.metric where run = ${run} and key = ${key} and not is_nan`;
  const { rows } = await sql<Bucket>`select min(${triple}) as least, max(${triple}) as greatest
    from ${total >= BLOCK * buckets ? extremes(thinning) : all}
    group by (${sql.ref(thinning.axis)} - ${first}::bigint) / ${width}::bigint`.execute(tables);
  const points = rows.flatMap(({ least, greatest }) =>
    least.every((value, i) => value === greatest[i]) ? [least] : [least, greatest],
  );
  return points.map(([value, step, timestamp_ms]) => ({ value, step, timestamp_ms, is_nan: false }));
}

export async function timeRange(
  on: Queryable,
  run: number,
  key: string,
): Promise<{ readonly first: number; readonly last: number }> {
  const { rows } = await sql<{ first: number; last: number }>`
    select min(timestamp_ms) as first, max(timestamp_ms) as last from tracking.metric
    where run = ${run} and key = ${key}`.execute(on.tables<unknown>());
  return rows[0]!;
}

export interface StoredSummary {
  run_id: string;
  key: string;
  count: number;
  min: number | null;
  max: number | null;
}

/** Every metric of some runs in short; their points are counted. */
export async function summarizeMetrics(on: Queryable, runs: readonly number[]): Promise<StoredSummary[]> {
  const { rows } = await sql<StoredSummary>`select r.run_id, m.key, m.points as count, m.least as min, m.greatest as max
    from tracking.run r join tracking.latest_metric m on m.run = r.id
    where r.id = any(${[...runs]}::bigint[]) order by r.run_id, m.key`.execute(on.tables<unknown>());
  return rows;
}
