import { type RawBuilder, sql } from 'kysely';
import { compare } from '#platform/database/search-sql';
import type { SearchCondition } from './search-grammar.ts';

export type Fragment = RawBuilder<unknown>;

/** Where runs are looked for. Null: in all experiments of the project. */
export interface RunScope {
  readonly project: string;
  readonly experiments: readonly number[] | null;
}

/** One by one: each run is looked at by itself. As planned: the database may look at whole tables instead. */
export type SearchWay = 'one by one' | 'as planned';

export const runAttributes: Readonly<Record<string, Fragment>> = {
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

const valueTables = {
  metric: sql`tracking.latest_metric`,
  parameter: sql`tracking.param`,
  tag: sql`tracking.run_tag`,
} as const;

export type ValueEntity = keyof typeof valueTables;

export const isValueEntity = (entity: string): entity is ValueEntity => Object.hasOwn(valueTables, entity);

export const valueTable = (entity: ValueEntity): Fragment => valueTables[entity];

/** The experiments as a condition on a column. */
export function inExperiments(column: Fragment, { project, experiments }: RunScope): Fragment {
  if (experiments === null) return sql`${column} in (select id from tracking.experiment where project = ${project})`;
  if (experiments.length === 1) return sql`${column} = ${experiments[0]}`;
  return sql`${column} = any(${[...experiments]}::bigint[])`;
}

/** The project and the experiments of runs called `r`. */
export function inScope(scope: RunScope): Fragment {
  if (scope.experiments === null) return sql`r.project = ${scope.project}`;
  return sql`${inExperiments(sql`r.experiment`, scope)} and r.project = ${scope.project}`;
}

/** As many characters of a param or tag can be indexed; longer values are looked through. */
const MOST_INDEXED = 200;

/** Of rows of params or tags: whether the indexes of values know this one. */
export const isIndexed = (row: string): Fragment =>
  sql`char_length(${sql.ref(`${row}.value`)}) <= ${sql.lit(MOST_INDEXED)}`;

export const isLong = (row: string): Fragment =>
  sql`char_length(${sql.ref(`${row}.value`)}) > ${sql.lit(MOST_INDEXED)}`;

/** The condition on a row of the table of values. A NaN is neither less than, equal to nor greater than anything. */
export function valueHolds(row: string, { entity, comparator, value }: SearchCondition): Fragment {
  if (comparator === 'IS NOT NULL') return sql`true`;
  const holds = compare(sql.ref(`${row}.value`), comparator, value);
  const isNan = sql.ref(`${row}.is_nan`);
  if (entity === 'metric') return comparator === '!=' ? sql`(${isNan} or ${holds})` : sql`not ${isNan} and ${holds}`;
  if (comparator !== '=') return holds;
  // Said in the words of the index.
  return sql`${holds} and ${[...String(value)].length > MOST_INDEXED ? isLong(row) : isIndexed(row)}`;
}

/** Whether a run called `r` meets the condition. */
export function meets(condition: SearchCondition, way: SearchWay): Fragment {
  const { entity, key, comparator, value } = condition;
  if (entity === 'attribute') return compare(runAttributes[key]!, comparator, value);
  // With an offset the planner looks at each run by itself, which is right as long as there are few.
  const alone = way === 'one by one' ? sql`offset 0` : sql``;
  if (entity === 'dataset') {
    return sql`exists (select from tracking.dataset_input i join tracking.dataset d on d.id = i.dataset
      where i.run = r.id and ${compare(datasetColumns[key]!, comparator, value)} ${alone})`;
  }
  const row = sql`select from ${valueTables[entity]} v where v.run = r.id and v.key = ${key}`;
  if (comparator === 'IS NULL') return sql`not exists (${row} ${alone})`;
  const experiment = way === 'one by one' ? sql`` : sql`and v.experiment = r.experiment`;
  return sql`exists (${row} ${experiment} and ${valueHolds('v', condition)} ${alone})`;
}

/** The numbers of runs that an index finds. */
export interface RunSource {
  readonly runs: Fragment;
  /** What they meet, all of them and no others; undefined for sources that are no condition. */
  readonly condition?: SearchCondition;
  /** Whether finding some of them does not mean to look at many others. */
  readonly isDirect: boolean;
}

const direct = new Set(['=', '<', '<=', '>', '>=']);

function attributeSource(condition: SearchCondition, scope: RunScope): RunSource | null {
  const { key, comparator, value } = condition;
  const isId = key === 'run_id' && (comparator === '=' || comparator === 'IN');
  const isStart = key === 'start_time' && direct.has(comparator);
  if (!isId && !isStart) return null;
  const holds = compare(runAttributes[key]!, comparator, value);
  return {
    runs: sql`select r.id as run from tracking.run r where ${inScope(scope)} and ${holds}`,
    condition,
    isDirect: true,
  };
}

/** The runs that meet a condition, where an index finds them; null where none does. */
export function sourceOf(condition: SearchCondition, scope: RunScope): RunSource | null {
  const { entity, key, comparator, value } = condition;
  if (entity === 'attribute') return attributeSource(condition, scope);
  if (entity === 'dataset') {
    if (comparator !== '=' || key === 'context') return null;
    const runs = sql`select distinct i.run from tracking.dataset d join tracking.dataset_input i on i.dataset = d.id
      where ${inExperiments(sql`d.experiment`, scope)} and ${compare(datasetColumns[key]!, comparator, value)}`;
    return { runs, condition, isDirect: true };
  }
  const isDirect = direct.has(comparator) && (entity === 'metric' || comparator === '=');
  if (!isDirect && !/LIKE$/.test(comparator)) return null;
  const rows = sql`select v.run from ${valueTables[entity]} v
    where ${inExperiments(sql`v.experiment`, scope)} and v.key = ${key} and ${valueHolds('v', condition)}`;
  if (isDirect) return { runs: rows, condition, isDirect };
  return { condition, runs: sql`${rows} and ${isIndexed('v')} union all ${rows} and ${isLong('v')}`, isDirect };
}
