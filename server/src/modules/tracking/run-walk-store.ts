import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import { afterValues, type OrderTerm, orderBy, orderValues } from '#platform/database/search-sql';
import type { PageValues } from '#platform/page-token';
import {
  type Fragment,
  isIndexed,
  isLong,
  isValueEntity,
  type ValueEntity,
  valueHolds,
  valueTable,
} from './run-condition-store.ts';
import { joinOrderValue, orderTerms } from './run-order-store.ts';
import { type FoundPlace, isWanted, type RunSearch, usualEffort } from './run-wanted-store.ts';
import type { SearchCondition, SearchOrder } from './search-grammar.ts';

/** An index is walked for each experiment. */
const MOST_EXPERIMENTS = 64;
/** What comes after a filter that few runs pass: another way is better. */
const GAVE_UP = null;

type Rows = (experiment: number) => Fragment;

/** Part of an order. Its runs, before those of the next stretch, come out of an index in the order of `v1` and `v2`. */
interface Stretch {
  /** The first values of the place of each of its runs. */
  readonly head: PageValues;
  /** What follows them in the order, of rows `c`. */
  readonly first: OrderTerm[];
  /** `run`, `v1` and `v2` of one experiment. */
  readonly rows: Rows;
  readonly order: Fragment;
  /** What is left to check of each run. */
  readonly checks: readonly Fragment[];
  readonly conditions: readonly SearchCondition[];
}

interface Walk {
  readonly search: RunSearch;
  readonly experiments: readonly number[];
  /** Whether the start of the run is what decides between equal values. */
  readonly byStart: boolean;
}

const isOwn = ({ entity, key }: SearchOrder, condition: SearchCondition): boolean =>
  condition.entity === entity && condition.key === key;

const directionOf = (ascending: boolean): Fragment => sql.raw(ascending ? 'asc' : 'desc');

/** Where in a stretch the page begins, null for its beginning; undefined when it begins later. */
function placeIn(head: PageValues, after: PageValues | null): PageValues | null | undefined {
  if (after === null || head.length === 0) return after;
  if (after[0] === head[0]) return after.slice(head.length);
  return Number(after[0]) > Number(head[0]) ? undefined : null;
}

const number = (value: unknown, type: 'bigint' | 'float8'): Fragment => sql`${String(value)}::${sql.raw(type)}`;

/** Values in their order, as of the index in that direction. */
function valueStretch({ search, byStart }: Walk, entity: ValueEntity, order: SearchOrder): Stretch {
  const { key, ascending } = order;
  const isMetric = entity === 'metric';
  const start = ascending ? sql`(-v.start_ms)` : sql`v.start_ms`;
  const isFound = ({ comparator }: SearchCondition) => comparator === '=' || (isMetric && comparator !== '!=');
  const [found, conditions] = split(search.conditions, (each) => isOwn(order, each) && isFound(each));
  const head = [0];
  const after = placeIn(head, search.after);
  const wanted = [sql`v.key = ${key}`, isMetric ? sql`not v.is_nan` : isIndexed('v')];
  wanted.push(...found.map((condition) => valueHolds('v', condition)));
  if (after) {
    const [last, lastStart] = [isMetric ? number(after[0], 'float8') : sql`${String(after[0])}`, after[1]];
    const bound = ascending ? sql`-${number(lastStart, 'bigint')}` : number(lastStart, 'bigint');
    const than = sql.raw(ascending ? '>=' : '<=');
    wanted.push(byStart ? sql`(v.value, ${start}) ${than} (${last}, ${bound})` : sql`v.value ${than} ${last}`);
  }
  const direction = directionOf(ascending);
  return {
    head,
    first: [{ expression: sql`c.v1`, type: isMetric ? 'float8' : 'text', ascending }],
    rows: (experiment) => sql`select v.run, v.value as v1, ${start} as v2 from ${valueTable(entity)} v
      where v.experiment = ${experiment} and ${sql.join(wanted, sql` and `)}`,
    order: byStart ? sql`v1 ${direction}, v2 ${direction}` : sql`v1 ${direction}`,
    checks: [],
    conditions,
  };
}

function split<T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

/** Runs whose metric is NaN, the newest first. */
function nanStretch({ search }: Walk, { key }: SearchOrder): Stretch {
  const head = [1, 0];
  const after = placeIn(head, search.after);
  const later = after ? sql`and (-v.start_ms) >= -${number(after[0], 'bigint')}` : sql``;
  return {
    head,
    first: [],
    rows: (experiment) => sql`select v.run, 0 as v1, (-v.start_ms) as v2 from tracking.latest_metric v
      where v.experiment = ${experiment} and v.key = ${key} and v.is_nan ${later}`,
    order: sql`v2`,
    checks: [],
    conditions: search.conditions,
  };
}

/** Runs by their start. */
function startStretch({ search }: Walk, head: PageValues, ascending: boolean): Stretch {
  const after = placeIn(head, search.after);
  const later = after ? sql`and v.start_ms ${sql.raw(ascending ? '>=' : '<=')} ${number(after[0], 'bigint')}` : sql``;
  return {
    head,
    first: [],
    rows: (experiment) => sql`select v.id as run, 0 as v1, v.start_ms as v2 from tracking.run v
      where v.experiment = ${experiment} ${later}`,
    order: sql`v2 ${directionOf(ascending)}`,
    checks: [],
    conditions: search.conditions,
  };
}

/** Runs without the value, the newest first. */
function missingStretch(walk: Walk, entity: ValueEntity, { key }: SearchOrder): Stretch {
  const without = sql`not exists (select from ${valueTable(entity)} v where v.run = r.id and v.key = ${key} offset 0)`;
  const head = entity === 'metric' ? [2, 0] : [1, ''];
  return { ...startStretch(walk, head, false), checks: [without] };
}

/** The stretches that can have runs of the search, as far as an index has them in order. */
function stretchesOf(walk: Walk): (Stretch | null)[] {
  const { search, byStart } = walk;
  const [order] = search.orders;
  if (order === undefined) return [startStretch(walk, [], false)];
  const { entity, key } = order;
  if (!isValueEntity(entity)) return key === 'start_time' ? [startStretch(walk, [], order.ascending)] : [null];
  const own = search.conditions.filter((condition) => isOwn(order, condition)).map(({ comparator }) => comparator);
  const stretches: (Stretch | null)[] = [];
  if (!own.includes('IS NULL')) stretches.push(valueStretch(walk, entity, order));
  if (entity === 'metric' && own.every((comparator) => comparator === '!=')) {
    stretches.push(byStart ? nanStretch(walk, order) : null);
  }
  if (own.every((comparator) => comparator === 'IS NULL')) {
    stretches.push(byStart ? missingStretch(walk, entity, order) : null);
  }
  return stretches;
}

/** The first rows of a stretch and those equal to the last of them, merged from the experiments. */
function candidates({ experiments }: Walk, { rows, order }: Stretch, count: number): Fragment {
  const each = experiments.map((experiment) => sql`(${rows(experiment)})`);
  return sql`select * from (${sql.join(each, sql` union all `)}) u
    order by ${order} fetch first ${sql.lit(count)} rows with ties`;
}

async function pageOfStretch(
  on: Queryable,
  walk: Walk,
  stretch: Stretch,
  { far, limit }: { readonly far: number; readonly limit: number },
): Promise<FoundPlace[]> {
  const { search, byStart } = walk;
  const { head, first, conditions, checks, order } = stretch;
  const rest = orderTerms(search.orders, head.length > 0 || search.orders.length === 0 ? 1 : 0);
  const terms = [...first, ...rest];
  const after = placeIn(head, search.after);
  const place = orderValues([...head.map((value) => constant(value)), ...terms]);
  const wanted = [isWanted(search, conditions, 'one by one'), ...checks, afterValues(terms, after ?? null)];
  const joins = search.orders.map((each, i) => (i === 0 ? sql`` : joinOrderValue(each, i, search, 'one by one')));
  // What the index has in order is named as the index has it: then few runs are sorted at a time.
  const sorted = byStart || first.length === 0 ? sql`${order}, ` : sql``;
  const { rows } = await sql<FoundPlace>`select r.id, ${place} as place
    from (${candidates(walk, stretch, far)}) c
    cross join lateral (select * from tracking.run v where v.id = c.run offset 0) r ${sql.join(joins, sql` `)}
    where ${sql.join(wanted, sql` and `)}
    order by ${sorted}${orderBy(terms)} limit ${limit}`.execute(on.tables<unknown>());
  return rows;
}

const constant = (value: PageValues[number]): OrderTerm => ({
  expression: typeof value === 'number' ? sql.lit(value) : sql`${String(value)}::text`,
  ascending: true,
  type: 'int',
});

/** Whether a stretch has no more than so many runs, equal ones at the end included. */
async function isWithin(on: Queryable, walk: Walk, stretch: Stretch, far: number, most = far): Promise<boolean> {
  const { rows } = await sql<{ count: number }>`select count(*)::int as count
    from (select from (${candidates(walk, stretch, far)}) c limit ${most}) c`.execute(on.tables<unknown>());
  return rows[0]!.count < most;
}

/** Up to `limit` runs of a stretch, fewer only when it has no more; null when they are too far apart. */
async function walkStretch(on: Queryable, walk: Walk, stretch: Stretch, limit: number): Promise<FoundPlace[] | null> {
  const effort = walk.search.effort ?? usualEffort;
  const [near, far] = [effort.near + 2 * limit, effort.far + 20 * limit];
  if (!walk.byStart && !(await isWithin(on, walk, stretch, near, far))) return GAVE_UP;
  const first = await pageOfStretch(on, walk, stretch, { far: near, limit });
  if (first.length === limit || (await isWithin(on, walk, stretch, near))) return first;
  if (first.length * (far / near) < limit) return GAVE_UP;
  const all = await pageOfStretch(on, walk, stretch, { far, limit });
  return all.length === limit || (await isWithin(on, walk, stretch, far)) ? all : GAVE_UP;
}

async function experimentsOf(on: Queryable, { project, experiments }: RunSearch): Promise<readonly number[]> {
  if (experiments !== null) return experiments;
  const { rows } = await sql<{ id: number }>`select id from tracking.experiment where project = ${project}
    limit ${MOST_EXPERIMENTS + 1}`.execute(on.tables<unknown>());
  return rows.map(({ id }) => id);
}

/** Whether some value is longer than the index can tell. */
async function hasLongValues(on: Queryable, { entity, key }: SearchOrder, experiments: readonly number[]) {
  if (!isValueEntity(entity) || entity === 'metric') return false;
  const long: RawBuilder<{ found: boolean }> = sql`select exists (select from ${valueTable(entity)} v
    where v.experiment = any(${[...experiments]}::bigint[]) and v.key = ${key} and ${isLong('v')}) as found`;
  return (await long.execute(on.tables<unknown>())).rows[0]!.found;
}

/**
 * The page by walking along the index that has the runs in its order, until it is full. Null when no index has, or when
 * too few of the runs on the way are wanted.
 */
export async function walkRuns(on: Queryable, search: RunSearch): Promise<FoundPlace[] | null> {
  const [order, next] = search.orders;
  const experiments = await experimentsOf(on, search);
  if (experiments.length === 0) return [];
  if (experiments.length > MOST_EXPERIMENTS || (order && (await hasLongValues(on, order, experiments)))) return GAVE_UP;
  const byStart = next === undefined || (next.entity === 'attribute' && next.key === 'start_time' && !next.ascending);
  const walk = { search, experiments, byStart };
  const found: FoundPlace[] = [];
  for (const stretch of stretchesOf(walk)) {
    if (stretch === null) return GAVE_UP;
    if (placeIn(stretch.head, search.after) === undefined) continue;
    const met = await walkStretch(on, walk, stretch, search.limit - found.length);
    if (met === null) return GAVE_UP;
    found.push(...met);
    if (found.length === search.limit) return found;
  }
  return found;
}
