import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import { afterValues, orderBy, orderValues } from '#platform/database/search-sql';
import type { PageValues } from '#platform/page-token';
import {
  type Fragment,
  inExperiments,
  inScope,
  type RunSource,
  type SearchWay,
  sourceOf,
} from './run-condition-store.ts';
import { joinOrderValue, orderTerms } from './run-order-store.ts';
import { type RunText, runColumns, runTextColumns, type StoredRun } from './run-store.ts';
import { walkRuns } from './run-walk-store.ts';
import { type FoundPlace, isWanted, type RunSearch, runsBelow, usualEffort } from './run-wanted-store.ts';

export type FoundRun = StoredRun & { place: PageValues };

/** Each finds all runs that can be meant, and maybe some more. */
function sourcesOf(search: RunSearch): RunSource[] {
  const { conditions, parents = [] } = search;
  return [
    ...(parents.length > 0 ? [{ runs: runsBelow(search, parents), isDirect: true }] : []),
    ...conditions.flatMap((condition) => sourceOf(condition, search) ?? []),
  ];
}

/** Of experiments alone, an index knows all that is asked; that they are of the project is checked with the rest. */
function runsOfScope(search: RunSearch): RunSource {
  const inPlace = search.experiments === null ? inScope(search) : inExperiments(sql`r.experiment`, search);
  const inStage = isOfDeleted(search) ? sql`and r.stage = 'deleted'` : sql``;
  return { runs: sql`select r.id as run from tracking.run r where ${inPlace} ${inStage}`, isDirect: true };
}

const isOfDeleted = ({ stages }: RunSearch): boolean => stages.length === 1 && stages[0] === 'deleted';

interface Narrow extends RunSource {
  readonly count: number;
}

/** The source that finds the fewest runs, if these are fewer than its `most`. */
async function narrowSource(
  on: Queryable,
  sources: readonly (RunSource & { readonly most: number })[],
): Promise<Narrow | null> {
  const direct = sources.filter(({ isDirect }) => isDirect);
  const counts = direct.map(({ runs, most }) => sql`(select count(*)::int from (${runs} limit ${sql.lit(most)}) s)`);
  const { rows } = await sql<{ counts: number[] }>`select json_build_array(${sql.join(counts)}) as counts`.execute(
    on.tables<unknown>(),
  );
  const found = direct.map((source, i) => ({ ...source, count: rows[0]!.counts[i]! }));
  const [least] = found.filter(({ count, most }) => count < most).sort((a, b) => a.count - b.count);
  return least ?? null;
}

/** The limit tells the planner that they are not many; it has room for those that came since they were counted. */
const amongst = ({ runs, count }: Narrow, many: number) => ({ runs: sql`${runs} limit ${sql.lit(10 * many)}`, count });

/** What is left to check of the runs of a source. */
const beside = (search: RunSearch, { condition }: RunSource): RunSearch => ({
  ...search,
  conditions: search.conditions.filter((each) => each !== condition),
});

/** The page out of all that is wanted, sorted; the places are made for the page alone. */
async function sortRuns(on: Queryable, search: RunSearch, runs: Fragment, way: SearchWay): Promise<FoundPlace[]> {
  const terms = orderTerms(search.orders);
  const joins = search.orders.map((order, i) => joinOrderValue(order, i, search, way));
  const columns = terms.map(({ expression }, i) => sql`${expression} as ${sql.ref(`t${i}`)}`);
  const named = terms.map((term, i) => ({ ...term, expression: sql`${sql.ref(`p.t${i}`)}` }));
  const { rows } = await sql<FoundPlace>`select p.id, ${orderValues(named)} as place from (
      select r.id, ${sql.join(columns)} from ${runs} ${sql.join([sql``, ...joins], sql` `)}
      where ${isWanted(search, search.conditions, way)} and ${afterValues(terms, search.after)}
      order by ${orderBy(terms)} limit ${search.limit}) p
    order by ${orderBy(named)}`.execute(on.tables<unknown>());
  return rows;
}

const eachOf = (source: Fragment): Fragment =>
  sql`(${source}) s cross join lateral (select * from tracking.run v where v.id = s.run offset 0) r`;

/** Walks among the runs of a source that has no more than so many; null when there is none, or that leads nowhere. */
async function walkAmong(
  on: Queryable,
  search: RunSearch,
  sources: readonly RunSource[],
  most: number,
): Promise<FoundPlace[] | null> {
  const narrow = await narrowSource(
    on,
    sources.map((source) => ({ ...source, most })),
  );
  return narrow && (await walkRuns(on, { ...beside(search, narrow), among: amongst(narrow, most) }));
}

async function findPlaces(on: Queryable, search: RunSearch): Promise<FoundPlace[]> {
  const sources = sourcesOf(search);
  const { few, some, many, vast } = search.effort ?? usualEffort;
  const whole = runsOfScope(search);
  const narrow = await narrowSource(on, [
    { ...whole, most: some },
    ...sources.map((source) => ({ ...source, most: many })),
  ]);
  const gather = async (source: RunSource) =>
    await sortRuns(on, beside(search, source), eachOf(source.runs), 'one by one');
  if (narrow !== null && narrow.count < few) return await gather(narrow);
  const isKnown = narrow !== null && narrow.runs !== whole.runs;
  const walked = await walkRuns(on, isKnown ? { ...beside(search, narrow), among: amongst(narrow, many) } : search);
  if (walked !== null) return walked;
  if (narrow !== null && narrow.count < some) return await gather(narrow);
  if (sources.length === 0) return await sortRuns(on, search, sql`tracking.run r`, 'as planned');
  const found = isKnown ? null : await walkAmong(on, search, sources, vast);
  if (found !== null) return found;
  const all = sql.join(
    sources.map(({ runs }) => sql`(${runs})`),
    sql` intersect `,
  );
  return await sortRuns(on, search, eachOf(all), 'one by one');
}

async function loadRuns<Row extends { readonly id: number }>(
  on: Queryable,
  places: readonly FoundPlace[],
  columns: Fragment,
): Promise<(Row & { place: PageValues })[]> {
  if (places.length === 0) return [];
  const { rows } = await sql<Row>`select ${columns} from tracking.run r
    where r.id = any(${places.map(({ id }) => id)}::bigint[])`.execute(on.tables<unknown>());
  const runs = new Map(rows.map((run) => [run.id, run]));
  // A run that was purged meanwhile is gone.
  return places.flatMap(({ id, place }) => {
    const run = runs.get(id);
    return run === undefined ? [] : [{ ...run, place }];
  });
}

/**
 * A page of runs. Few runs are gathered and sorted. Of many, those of the page are met by walking along an index in its
 * order, so that the cost grows with the page; when a condition leaves some thousands, the walk knows these. Where too
 * few of them pass the filter, what its conditions find is intersected; and only orders that no index has look at all
 * runs.
 */
export async function searchRuns(on: Queryable, search: RunSearch): Promise<FoundRun[]> {
  return await loadRuns<StoredRun>(on, await findPlaces(on, search), runColumns);
}

/** The same for whoever passes JSON on. */
export async function searchRunTexts(on: Queryable, search: RunSearch): Promise<(RunText & { place: PageValues })[]> {
  return await loadRuns<RunText>(on, await findPlaces(on, search), runTextColumns);
}

/** The numbers of the runs of a page alone. */
export async function findRuns(on: Queryable, search: RunSearch): Promise<number[]> {
  return (await findPlaces(on, search)).map(({ id }) => id);
}
