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
/** Values that many runs have, one after the other. */
const MOST_VALUES = 20;
/** What comes after a filter that few runs pass: another way is better. */
const GAVE_UP = null;

type Rows = (experiment: number) => Fragment;

/** A place, or null for the beginning. */
type Start = PageValues | null;

/** Part of an order. Its runs, before those of the next stretch, come out of an index in the order of `v1` and `v2`. */
interface Stretch {
  /** The first values of the place of each of its runs. */
  readonly head: PageValues;
  /** The place after which the page begins, without these; null for the beginning of the stretch. */
  readonly after: PageValues | null;
  /** What follows the head in the order, of rows `c`. */
  readonly first: OrderTerm[];
  /** `run`, `v1` and `v2` of one experiment. */
  readonly rows: Rows;
  readonly order: Fragment;
  /** Whether few runs are equal in this order, as far as the index has it. */
  readonly isFine: boolean;
  /** The same runs cut into stretches of one value, of which the index has the newest first. */
  readonly cut?: (value: PageValues[number]) => Stretch;
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

const bound = (value: unknown, type: 'bigint' | 'float8' | 'text'): Fragment => sql`${String(value)}::${sql.raw(type)}`;

/** Values in their order. The index is walked backwards for a descending one, and has the newest of equals first. */
function valueStretch({ search, byStart }: Walk, entity: ValueEntity, order: SearchOrder, after: Start): Stretch {
  const { key, ascending } = order;
  const isMetric = entity === 'metric';
  const type = isMetric ? 'float8' : 'text';
  const isFound = ({ comparator }: SearchCondition) => comparator === '=' || (isMetric && comparator !== '!=');
  const [found, conditions] = split(search.conditions, (each) => isOwn(order, each) && isFound(each));
  const wanted = [sql`v.key = ${key}`, isMetric ? sql`not v.is_nan` : isIndexed('v')];
  wanted.push(...found.map((condition) => valueHolds('v', condition)));
  const rowsWith = (more: readonly Fragment[]) => (experiment: number) =>
    sql`
    select v.run, v.value as v1, v.start_ms as v2 from ${valueTable(entity)} v
    where v.experiment = ${experiment} and ${sql.join([...wanted, ...more], sql` and `)}`;
  const notAfter = (place: PageValues) => sql`v.start_ms <= ${bound(place[1], 'bigint')}`;
  const isFine = byStart && !ascending;
  const later = (place: PageValues) => {
    if (!isFine) return sql`v.value ${sql.raw(ascending ? '>=' : '<=')} ${bound(place[0], type)}`;
    return sql`(v.value, v.start_ms) <= (${bound(place[0], type)}, ${bound(place[1], 'bigint')})`;
  };
  const common = { checks: [], conditions };
  const cut = (value: PageValues[number]): Stretch => {
    const begun = after !== null && after[0] === value ? after : null;
    return {
      ...common,
      head: [0, value],
      after: begun?.slice(1) ?? null,
      first: [],
      rows: rowsWith([sql`v.value = ${bound(value, type)}`, ...(begun ? [notAfter(begun)] : [])]),
      order: sql`v2 desc`,
      isFine: true,
    };
  };
  return {
    ...common,
    head: [0],
    after,
    first: [{ expression: sql`c.v1`, type, ascending }],
    rows: rowsWith(after ? [later(after)] : []),
    order: isFine ? sql`v1 desc, v2 desc` : sql`v1 ${directionOf(ascending)}`,
    isFine,
    ...(byStart ? { cut } : {}),
  };
}

function split<T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

/** Runs whose metric is NaN, the newest first. */
function nanStretch({ search }: Walk, { key }: SearchOrder, after: Start): Stretch {
  const later = after ? sql`and v.start_ms <= ${bound(after[0], 'bigint')}` : sql``;
  return {
    head: [1, 0],
    after,
    first: [],
    rows: (experiment) => sql`select v.run, 0 as v1, v.start_ms as v2 from tracking.latest_metric v
      where v.experiment = ${experiment} and v.key = ${key} and v.is_nan ${later}`,
    order: sql`v2 desc`,
    isFine: true,
    checks: [],
    conditions: search.conditions,
  };
}

/** Runs by their start. */
function startStretch({ search }: Walk, head: PageValues, ascending: boolean, after: Start): Stretch {
  const later = after ? sql`and v.start_ms ${sql.raw(ascending ? '>=' : '<=')} ${bound(after[0], 'bigint')}` : sql``;
  return {
    head,
    after,
    first: [],
    rows: (experiment) => sql`select v.id as run, 0 as v1, v.start_ms as v2 from tracking.run v
      where v.experiment = ${experiment} ${later}`,
    order: sql`v2 ${directionOf(ascending)}`,
    isFine: true,
    checks: [],
    conditions: search.conditions,
  };
}

/** Runs without the value, the newest first. */
function missingStretch(walk: Walk, head: PageValues, entity: ValueEntity, key: string, after: Start): Stretch {
  const without = sql`not exists (select from ${valueTable(entity)} v where v.run = r.id and v.key = ${key} offset 0)`;
  return { ...startStretch(walk, head, false, after), checks: [without] };
}

/** The stretches that can have runs of the page; null for one that no index has in order. */
function stretchesOf(walk: Walk): (Stretch | null)[] {
  const { search, byStart } = walk;
  const [order] = search.orders;
  if (order === undefined) return [startStretch(walk, [], false, search.after)];
  const { entity, key, ascending } = order;
  if (!isValueEntity(entity)) return key === 'start_time' ? [startStretch(walk, [], ascending, search.after)] : [null];
  const own = search.conditions.filter((condition) => isOwn(order, condition)).map(({ comparator }) => comparator);
  const stretches: (Stretch | null)[] = [];
  const add = (head: PageValues, isWanted: boolean, make: (after: Start) => Stretch | null) => {
    const after = placeIn(head, search.after);
    if (isWanted && after !== undefined) stretches.push(make(after));
  };
  const missing = entity === 'metric' ? [2, 0] : [1, ''];
  const isAny = own.every((comparator) => comparator === 'IS NULL');
  add([0], !own.includes('IS NULL'), (after) => valueStretch(walk, entity, order, after));
  if (entity === 'metric') {
    const isNan = own.every((comparator) => comparator === '!=');
    add([1, 0], isNan, (after) => (byStart ? nanStretch(walk, order, after) : null));
  }
  add(missing, isAny, (after) => (byStart ? missingStretch(walk, missing, entity, key, after) : null));
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
  const { search } = walk;
  const { head, after, first, conditions, checks, order } = stretch;
  const rest = orderTerms(search.orders, head.length > 0 || search.orders.length === 0 ? 1 : 0);
  const terms = [...first, ...rest];
  const place = orderValues([...head.map((value) => constant(value)), ...terms]);
  const wanted = [isWanted(search, conditions, 'one by one'), ...checks, afterValues(terms, after)];
  // Said so that the runs are looked up among those known before, instead of being joined in some other order.
  const known = search.among ? sql`where (c.run in (${search.among.runs})) is true` : sql``;
  const joins = search.orders.map((each, i) => (i === 0 ? sql`` : joinOrderValue(each, i, search, 'one by one')));
  // What the index has in order is named as the index has it: then few runs are sorted at a time.
  const { rows } = await sql<FoundPlace>`select r.id, ${place} as place
    from (select * from (${candidates(walk, stretch, far)}) c ${known}) c
    cross join lateral (select * from tracking.run v where v.id = c.run offset 0) r ${sql.join(joins, sql` `)}
    where ${sql.join(wanted, sql` and `)}
    order by ${order}, ${orderBy(terms)} limit ${limit}`.execute(on.tables<unknown>());
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

/** How far a walk goes: among known runs at once as far as gathering them would cost, otherwise in two steps. */
function reachOf({ search }: Walk, limit: number): { near: number; far: number } {
  const { near, far, known, perKnown } = search.effort ?? usualEffort;
  const most = far + 20 * limit;
  if (search.among === undefined) return { near: near + 2 * limit, far: most };
  const reach = Math.max(limit, Math.min(known * most, perKnown * search.among.count));
  return { near: reach, far: reach };
}

/** Up to `limit` runs of a stretch, fewer only when it has no more; null when they are too far apart. */
async function walkStretch(on: Queryable, walk: Walk, stretch: Stretch, limit: number): Promise<FoundPlace[] | null> {
  const { near, far } = reachOf(walk, limit);
  const { isFine: isFineAlone, cut } = stretch;
  // Of runs that are known few are left to be sorted, however many are equal.
  const isFine = isFineAlone || walk.search.among !== undefined;
  if (!isFine && !(await isWithin(on, walk, stretch, near, cut ? 2 * near : far))) {
    return cut ? await walkValues(on, walk, { ...stretch, cut }, limit) : GAVE_UP;
  }
  const first = await pageOfStretch(on, walk, stretch, { far: near, limit });
  if (first.length === limit || (await isWithin(on, walk, stretch, near))) return first;
  if (first.length * (far / near) < limit) return GAVE_UP;
  if (cut && !isFine && !(await isWithin(on, walk, stretch, far, 2 * far))) {
    return await walkValues(on, walk, { ...stretch, cut }, limit);
  }
  const all = await pageOfStretch(on, walk, stretch, { far, limit });
  return all.length === limit || (await isWithin(on, walk, stretch, far)) ? all : GAVE_UP;
}

type Cuttable = Stretch & Required<Pick<Stretch, 'cut'>>;

/** The same value by value, where many runs have the same. */
async function walkValues(on: Queryable, walk: Walk, stretch: Cuttable, limit: number): Promise<FoundPlace[] | null> {
  const found: FoundPlace[] = [];
  let value = await nextValue(on, walk, stretch, null);
  for (let values = 0; value !== null && values < MOST_VALUES; values++) {
    const met = await walkStretch(on, walk, stretch.cut(value), limit - found.length);
    if (met === null) return GAVE_UP;
    found.push(...met);
    if (found.length === limit) return found;
    value = await nextValue(on, walk, stretch, value);
  }
  return value === null ? found : GAVE_UP;
}

async function nextValue(
  on: Queryable,
  { experiments }: Walk,
  { rows, first }: Stretch,
  value: PageValues[number] | null,
): Promise<PageValues[number] | null> {
  const [term] = first as [OrderTerm];
  const than = sql.raw(term.ascending ? '>' : '<');
  const later = value === null ? sql`` : sql`and v.value ${than} ${bound(value, term.type as 'float8' | 'text')}`;
  const each = experiments.map((experiment) => sql`(${rows(experiment)} ${later})`);
  const { rows: found } = await sql<{ v1: PageValues[number] }>`select v1 from (${sql.join(each, sql` union all `)}) u
    order by v1 ${directionOf(term.ascending)} limit 1`.execute(on.tables<unknown>());
  return found[0]?.v1 ?? null;
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
    const met = await walkStretch(on, walk, stretch, search.limit - found.length);
    if (met === null) return GAVE_UP;
    found.push(...met);
    if (found.length === search.limit) return found;
  }
  return found;
}
