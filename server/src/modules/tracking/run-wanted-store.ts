import { sql } from 'kysely';
import type { PageValues } from '#platform/page-token';
import {
  type Fragment,
  inExperiments,
  inScope,
  isIndexed,
  meets,
  type RunScope,
  type SearchWay,
} from './run-condition-store.ts';
import type { StoredRun } from './run-store.ts';
import type { SearchCondition, SearchOrder } from './search-grammar.ts';

export interface RunSearch extends RunScope {
  readonly conditions: readonly SearchCondition[];
  readonly orders: readonly SearchOrder[];
  readonly stages: readonly StoredRun['stage'][];
  /** Only runs right below these; with an empty list only runs that are below no other of the same stage. */
  readonly parents?: readonly string[] | undefined;
  readonly limit: number;
  readonly after: PageValues | null;
  readonly effort?: SearchEffort;
  /** Only these runs, found by an index and known before a walk begins. */
  readonly among?: { readonly runs: Fragment; readonly count: number };
}

/** When a search changes its way; which way it goes changes nothing of what it finds. */
export interface SearchEffort {
  /** Fewer runs than that are gathered and sorted, whatever the order. */
  readonly few: number;
  /** Fewer that meet a condition are gathered too, when those of the page are not met soon by walking. */
  readonly some: number;
  /** Among no more than that a walk knows beforehand which runs meet a condition. */
  readonly many: number;
  /** The same when a walk that met each run by itself gave up. */
  readonly vast: number;
  /** How far a walk goes before it asks whether that leads anywhere, and how far at most, beside what a page needs. */
  readonly near: number;
  readonly far: number;
  /** How many times as far when it knows them, and how many runs for each of them: passing by one costs less then. */
  readonly known: number;
  readonly perKnown: number;
}

export const usualEffort: SearchEffort = {
  few: 300,
  some: 2_000,
  many: 6_000,
  vast: 100_000,
  near: 500,
  far: 5_000,
  known: 8,
  perKnown: 15,
};

/** A run of the page and its place in the order. */
export interface FoundPlace {
  readonly id: number;
  readonly place: PageValues;
}

const inTag = sql`p.key = 'mlflow.parentRunId'`;

/** Right below some runs, which the index of tags finds first. */
export const runsBelow = (
  scope: RunScope,
  parents: readonly string[],
): Fragment => sql`select p.run from tracking.run_tag p
  where ${inExperiments(sql`p.experiment`, scope)} and ${inTag}
    and p.value = any(${[...parents]}::text[]) and ${isIndexed('p')}`;

/** Below no run of the same experiment and stage. */
function belowNone(way: SearchWay): Fragment {
  const above = sql`from tracking.run_tag p join tracking.run above on above.run_id = p.value
    where p.run = r.id and ${inTag} and above.stage = r.stage and above.experiment = r.experiment and above.id <> r.id`;
  return sql`not exists (select ${above} ${way === 'one by one' ? sql`offset 0` : sql``})`;
}

type Wanted = RunScope & Pick<RunSearch, 'stages' | 'parents'>;

function belowParents({ parents, ...scope }: Wanted, way: SearchWay): Fragment {
  if (parents === undefined) return sql`true`;
  return parents.length === 0 ? belowNone(way) : sql`r.id = any(array(${runsBelow(scope, parents)}))`;
}

/** Whether a run called `r` is wanted, when some conditions are left to check. */
export function isWanted(search: Wanted, conditions: readonly SearchCondition[], way: SearchWay): Fragment {
  const wanted = [
    inScope(search),
    ...(search.stages.length === 2 ? [] : [sql`r.stage = ${search.stages[0]}`]),
    ...conditions.map((condition) => meets(condition, way)),
    belowParents(search, way),
  ];
  return sql.join(wanted, sql` and `);
}
