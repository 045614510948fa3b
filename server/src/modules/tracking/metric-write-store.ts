import type { PoolClient } from 'pg';
import { bigintArray, booleanArray, float8Array, textArray } from '#platform/database/binary-array';

/** A point as it is stored: NaN is a zero with a mark. */
export interface StoredPoint {
  readonly key: string;
  readonly value: number;
  readonly isNan: boolean;
  readonly step: number;
  readonly timestampMs: number;
  /** The logged model, and the data, that the point was measured on. */
  readonly model?: ModelPoint;
}

export interface ModelPoint {
  readonly modelId: string;
  readonly datasetName: string;
  readonly datasetDigest: string;
}

/** The run of a point, as far as what is written beside the point says. */
export interface WrittenRun {
  readonly id: number;
  readonly experiment: number;
  readonly start_ms: number;
}

/** Points of one metric of a run. */
export interface Series {
  readonly run: WrittenRun;
  readonly key: string;
  readonly points: StoredPoint[];
}

/** So many points are summed up in one block: few enough for a chart, and enough for a hundredth of the rows. */
export const BLOCK = 128;

const isNewer = '((excluded.step, excluded.timestamp_ms, excluded.value) > (l.step, l.timestamp_ms, l.value))';
const newest = (column: string) => `${column} = case when ${isNewer} then excluded.${column} else l.${column} end`;

/** Points that fill a block have gone into one: the open block begins anew. */
const isFull = `l.open_points >= ${BLOCK}`;

function extreme(name: 'least' | 'greatest'): string {
  const value = `open_${name}`;
  const better = `excluded.${value} ${name === 'least' ? '<' : '>'} l.${value}`;
  const replaces = `${isFull} or l.${value} is null or ${better}`;
  const columns = [value, `${value}_step`, `${value}_ms`];
  return columns
    .map((column) => `${column} = case when ${replaces} then excluded.${column} else l.${column} end`)
    .join();
}

const blockColumns = 'least, least_step, least_ms, greatest, greatest_step, greatest_ms';
const openColumns = blockColumns.replace(/\w+/g, 'open_$&');
const blockArrays = (first: number): string =>
  ['float8', 'bigint', 'bigint', 'float8', 'bigint', 'bigint'].map((type, i) => `$${first + i}::${type}[]`).join();

/**
 * The points, the latest of each metric, which is the greatest by (step, time, value) and not the newest, and what the
 * points of each metric have in common.
 */
const ADD_POINTS = `with points as (
    insert into tracking.metric (run, key, timestamp_ms, step, value, is_nan)
    select * from unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::float8[], $6::boolean[])),
  latest as (
    insert into tracking.latest_metric as l (run, experiment, start_ms, key, timestamp_ms, step, value, is_nan,
      first_step, points, least, greatest, open_points, ${openColumns})
    select * from unnest($7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::bigint[], $12::bigint[],
      $13::float8[], $14::boolean[], $15::bigint[], $16::bigint[], $17::float8[], $18::float8[], $19::int[],
      ${blockArrays(20)})
    on conflict (run, key) do update set ${['step', 'timestamp_ms', 'value', 'is_nan'].map(newest).join()},
      first_step = least(l.first_step, excluded.first_step), points = l.points + excluded.points,
      least = least(l.least, excluded.least), greatest = greatest(l.greatest, excluded.greatest),
      open_points = case when ${isFull} then 0 else l.open_points end + excluded.open_points,
      ${extreme('least')}, ${extreme('greatest')}
    returning run, key, open_points, ${openColumns})
  insert into tracking.metric_block (run, key, points, ${blockColumns})
  select * from unnest($26::bigint[], $27::text[], $28::int[], ${blockArrays(29)})
  union all
  select * from latest where open_points >= ${BLOCK}`;

const FIND_POINTS = `select given.number from unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[],
    $5::float8[], $6::boolean[]) with ordinality as given (run, key, timestamp_ms, step, value, is_nan, number)
  join tracking.metric m using (run, key, timestamp_ms, step, value, is_nan)`;

/** Numbers as PostgreSQL writes an array of them: much cheaper than the driver's way. */
const plainArray = (items: readonly (number | null)[]): string => `{${items.map((item) => item ?? 'NULL').join()}}`;

export const pointColumns = (points: readonly StoredPoint[]): Buffer[] => [
  textArray(points.map(({ key }) => key)),
  bigintArray(points.map(({ timestampMs }) => timestampMs)),
  bigintArray(points.map(({ step }) => step)),
  float8Array(points.map(({ value }) => value)),
  booleanArray(points.map(({ isNan }) => isNan)),
];

function greater(a: StoredPoint, b: StoredPoint): StoredPoint {
  const order = a.step - b.step || a.timestampMs - b.timestampMs || a.value - b.value;
  return order >= 0 ? a : b;
}

/** Some points in short; without a number among them there is neither a least nor a greatest. */
interface Block {
  readonly points: number;
  readonly least: StoredPoint | null;
  readonly greatest: StoredPoint | null;
}

function blockOf(points: readonly StoredPoint[]): Block {
  let least: StoredPoint | null = null;
  let greatest: StoredPoint | null = null;
  for (const point of points) {
    if (point.isNan) continue;
    if (least === null || point.value < least.value) least = point;
    if (greatest === null || point.value > greatest.value) greatest = point;
  }
  return { points: points.length, least, greatest };
}

/** Full blocks, and the rest. */
function blocksOf(points: readonly StoredPoint[]): { full: Block[]; rest: Block } {
  const full: Block[] = [];
  let from = 0;
  for (; from + BLOCK <= points.length; from += BLOCK) full.push(blockOf(points.slice(from, from + BLOCK)));
  return { full, rest: blockOf(points.slice(from)) };
}

const extremeColumns = (blocks: readonly Block[]): string[] =>
  (['least', 'greatest'] as const).flatMap((name) => [
    plainArray(blocks.map((block) => block[name]?.value ?? null)),
    plainArray(blocks.map((block) => block[name]?.step ?? null)),
    plainArray(blocks.map((block) => block[name]?.timestampMs ?? null)),
  ]);

const firstStep = (points: readonly StoredPoint[]): number =>
  points.reduce((least, { step }) => Math.min(least, step), Number.MAX_SAFE_INTEGER);

const columnsOfPoints = (series: readonly Series[]): unknown[] => [
  bigintArray(series.flatMap(({ run, points }) => points.map(() => run.id))),
  ...pointColumns(series.flatMap(({ points }) => points)),
];

function valuesOf(series: readonly Series[]): unknown[] {
  const cut = series.map((each) => ({ ...each, ...blocksOf(each.points), whole: blockOf(each.points) }));
  const full = cut.flatMap(({ run, key, full: blocks }) => blocks.map((block) => ({ run, key, block })));
  return [
    ...columnsOfPoints(series),
    plainArray(series.map(({ run }) => run.id)),
    plainArray(series.map(({ run }) => run.experiment)),
    plainArray(series.map(({ run }) => run.start_ms)),
    ...pointColumns(series.map(({ points }) => points.reduce(greater))),
    plainArray(series.map(({ points }) => firstStep(points))),
    plainArray(series.map(({ points }) => points.length)),
    plainArray(cut.map(({ whole }) => whole.least?.value ?? null)),
    plainArray(cut.map(({ whole }) => whole.greatest?.value ?? null)),
    plainArray(cut.map(({ rest }) => rest.points)),
    ...extremeColumns(cut.map(({ rest }) => rest)),
    plainArray(full.map(({ run }) => run.id)),
    full.map(({ key }) => key),
    plainArray(full.map(({ block }) => block.points)),
    ...extremeColumns(full.map(({ block }) => block)),
  ];
}

/** What is left without points that are stored already, and with each of the others once. */
async function withoutKnown(client: PoolClient, series: readonly Series[]): Promise<Series[]> {
  const values = columnsOfPoints(series);
  const { rows } = await client.query<{ number: number }>({ name: 'tracking find points', text: FIND_POINTS, values });
  const known = new Set(rows.map(({ number }) => number));
  let number = 0;
  return series.flatMap((each) => {
    const seen = new Set<string>();
    const points = each.points.filter(({ timestampMs, step, value, isNan }) => {
      const name = [timestampMs, step, value, isNan].join();
      const isNew = !known.has(++number) && !seen.has(name);
      seen.add(name);
      return isNew;
    });
    return points.length > 0 ? [{ ...each, points }] : [];
  });
}

/**
 * Adds points. Looking for those that are there already costs a third of the rate, and there are none but when a client
 * repeats itself: the statement fails then, and who tries again says that points may repeat.
 */
export async function writePoints(client: PoolClient, series: readonly Series[], mayRepeat: boolean): Promise<void> {
  const added = mayRepeat ? await withoutKnown(client, series) : series;
  if (added.length === 0) return;
  // A named statement is planned once per connection.
  await client.query({ name: 'tracking add points', text: ADD_POINTS, values: valuesOf(added) });
}
