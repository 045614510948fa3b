import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import {
  afterValues,
  compare,
  compareIndexed,
  nullable,
  type OrderTerm,
  orderBy,
  orderValues,
} from '#platform/database/search-sql';
import type { PageValues } from '#platform/page-token';
import { runColumns, type StoredRun } from './run-store.ts';
import type { SearchCondition, SearchOrder } from './search-grammar.ts';

type Fragment = RawBuilder<unknown>;

const attributes: Readonly<Record<string, Fragment>> = {
  run_id: sql`r.run_id`,
  run_name: sql`r.name`,
  status: sql`r.status`,
  artifact_uri: sql`r.artifact_uri`,
  user_id: sql`r.user_name`,
  experiment_id: sql`r.experiment::text`,
  start_time: sql`r.start_ms`,
  end_time: sql`r.end_ms`,
};

const datasetColumns: Readonly<Record<string, Fragment>> = {
  name: sql`d.name`,
  digest: sql`d.digest`,
  context: sql`i.tags ->> 'mlflow.data.context'`,
};

const pairTables = { parameter: sql`tracking.param`, tag: sql`tracking.run_tag` } as const;

function pairCondition({ entity, key, comparator, value }: SearchCondition): Fragment {
  const table = pairTables[entity as keyof typeof pairTables];
  const pair = sql`select from ${table} p where p.run = r.id and p.key = ${key}`;
  if (comparator === 'IS NULL') return sql`not exists (${pair})`;
  if (comparator === 'IS NOT NULL') return sql`exists (${pair})`;
  const experiment = sql`p.experiment = r.experiment`;
  return sql`exists (${pair} and ${experiment} and ${compareIndexed(sql`p.value`, comparator, value)})`;
}

/** A NaN is neither less than, equal to nor greater than anything: it differs from everything. */
function metricCondition({ key, comparator, value }: SearchCondition): Fragment {
  const isNan = comparator === '!=' ? sql`(m.is_nan or ${compare(sql`m.value`, comparator, value)})` : null;
  const holds = isNan ?? sql`not m.is_nan and ${compare(sql`m.value`, comparator, value)}`;
  return sql`exists (select from tracking.latest_metric m
    where m.run = r.id and m.key = ${key} and m.experiment = r.experiment and ${holds})`;
}

function conditionOf(condition: SearchCondition): Fragment {
  const { entity, key, comparator, value } = condition;
  if (entity === 'attribute') return compare(attributes[key]!, comparator, value);
  if (entity === 'metric') return metricCondition(condition);
  if (entity !== 'dataset') return pairCondition(condition);
  return sql`exists (select from tracking.dataset_input i join tracking.dataset d on d.id = i.dataset
    where i.run = r.id and ${compare(datasetColumns[key]!, comparator, value)})`;
}

/** Numbers first, then NaN, then runs without the metric, whatever the direction. */
function metricTerms(key: string, ascending: boolean): OrderTerm[] {
  const of = sql`from tracking.latest_metric o where o.run = r.id and o.key = ${key}`;
  return [
    { expression: sql`coalesce((select o.is_nan::int ${of}), 2)`, type: 'int', ascending: true },
    { expression: sql`coalesce((select o.value ${of}), 0)`, type: 'float8', ascending },
  ];
}

function termsOf({ entity, key, ascending }: SearchOrder): OrderTerm[] {
  if (entity === 'metric') return metricTerms(key, ascending);
  if (entity === 'attribute') {
    if (key === 'end_time') return nullable(attributes[key]!, 'bigint', ascending);
    if (key === 'experiment_id') return [{ expression: sql`r.experiment`, type: 'bigint', ascending }];
    return [{ expression: attributes[key]!, type: key === 'start_time' ? 'bigint' : 'text', ascending }];
  }
  const table = pairTables[entity as keyof typeof pairTables];
  return nullable(sql`(select o.value from ${table} o where o.run = r.id and o.key = ${key})`, 'text', ascending);
}

export interface RunSearch {
  readonly project: string;
  /** Null: all of the project. */
  readonly experiments: readonly number[] | null;
  readonly conditions: readonly SearchCondition[];
  readonly orders: readonly SearchOrder[];
  readonly stages: readonly StoredRun['stage'][];
  /** Only runs right below these; with an empty list only runs that are below no other of the same stage. */
  readonly parents?: readonly string[] | undefined;
  readonly limit: number;
  readonly after: PageValues | null;
}

export type FoundRun = StoredRun & { place: PageValues };

function inExperiments(experiments: RunSearch['experiments']): Fragment {
  if (experiments === null) return sql`true`;
  if (experiments.length === 1) return sql`r.experiment = ${experiments[0]}`;
  return sql`r.experiment = any(${[...experiments]}::bigint[])`;
}

const inTag = sql`p.key = 'mlflow.parentRunId'`;

/** Right below some runs, which the index of tags finds first. */
function belowSome({ project, experiments }: RunSearch, parents: readonly string[]): Fragment {
  const within =
    experiments === null
      ? sql`p.experiment in (select id from tracking.experiment where project = ${project})`
      : sql`p.experiment = any(${[...experiments]}::bigint[])`;
  return sql`r.id = any(array(select p.run from tracking.run_tag p
    where ${within} and ${inTag} and left(p.value, 200) = any(${[...parents]}::text[])))`;
}

/** Below no run of the same experiment and stage. */
function belowNone({ orders }: RunSearch): Fragment {
  const above = sql`from tracking.run_tag p join tracking.run above on above.run_id = p.value
    where p.run = r.id and ${inTag} and above.stage = r.stage and above.experiment = r.experiment and above.id <> r.id`;
  // In the order of an index a page needs few runs: each is looked at by itself, which the planner would not choose.
  return orders.length === 0 ? sql`(select true ${above} limit 1) is null` : sql`not exists (select ${above})`;
}

function belowParents(search: RunSearch): Fragment {
  if (search.parents === undefined) return sql`true`;
  return search.parents.length === 0 ? belowNone(search) : belowSome(search, search.parents);
}

/** One statement: the page first, then everything of its runs. */
export async function searchRuns(on: Queryable, search: RunSearch): Promise<FoundRun[]> {
  const named = search.orders.filter(({ entity }) => entity === 'attribute').map(({ key }) => key);
  const terms = search.orders.flatMap(termsOf);
  if (!named.includes('start_time')) terms.push({ expression: sql`r.start_ms`, type: 'bigint', ascending: false });
  if (!named.includes('run_id')) terms.push({ expression: sql`r.run_id`, type: 'text', ascending: true });
  const conditions = [
    inExperiments(search.experiments),
    sql`r.project = ${search.project}`,
    ...(search.stages.length === 2 ? [] : [sql`r.stage = ${search.stages[0]}`]),
    ...search.conditions.map(conditionOf),
    belowParents(search),
    afterValues(terms, search.after),
  ];
  const { rows } = await sql<FoundRun>`with page as materialized (
      select r.*, ${orderValues(terms)} as place, row_number() over () as place_number from (
        select r.* from tracking.run r where ${sql.join(conditions, sql` and `)}
        order by ${orderBy(terms)} limit ${search.limit}) r)
    select ${runColumns}, r.place from page r order by r.place_number`.execute(on.tables<unknown>());
  return rows;
}
