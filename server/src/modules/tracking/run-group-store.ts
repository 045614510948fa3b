import { type RawBuilder, sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import { isWanted, type RunSearch } from './run-wanted-store.ts';

type Fragment = RawBuilder<unknown>;

/** What runs are grouped by. */
export interface GroupField {
  readonly entity: 'parameter' | 'tag' | 'attribute';
  readonly key: string;
}

export interface GroupOrder {
  readonly kind: 'value' | 'runs' | 'metric';
  /** Which of the fields or metrics. */
  readonly place: number;
  readonly descending: boolean;
}

export interface GroupSearch {
  readonly search: Pick<RunSearch, 'project' | 'experiments' | 'conditions' | 'stages'>;
  readonly by: readonly GroupField[];
  readonly metrics: readonly string[];
  readonly order: GroupOrder;
  readonly offset: number;
  readonly limit: number;
}

export interface StoredGroup {
  values: (string | null)[];
  runs: number;
  metrics: [key: string, count: number, mean: number, sd: number | null, min: number, max: number][];
  total: number;
  all_runs: number;
}

const attributes: Readonly<Record<string, Fragment>> = {
  status: sql`r.status`,
  user_id: sql`r.user_name`,
  experiment_id: sql`r.experiment::text`,
  run_name: sql`r.name`,
};
export const groupAttributes = Object.keys(attributes);

const tables = { parameter: sql`tracking.param`, tag: sql`tracking.run_tag` } as const;

/** Joins instead of one look-up per run: a group is over all runs that fit, and may be over all that there are. */
function joinOf({ entity, key }: GroupField, place: number): { join: Fragment; value: Fragment } {
  if (entity === 'attribute') return { join: sql``, value: attributes[key]! };
  const name = sql.id(`p${place}`);
  return {
    join: sql`left join ${tables[entity]} ${name}
      on ${name}.run = r.id and ${name}.key = ${key} and ${name}.experiment = r.experiment`,
    value: sql`${name}.value`,
  };
}

/** Greater numbers have squares that cannot be added up. */
const ADDABLE = 1e150;
const A_NUMBER = String.raw`^[-+]?\d{1,30}(\.\d{0,30})?([eE][-+]?\d{1,2})?$`;

function orderOf({ kind, place, descending }: GroupOrder): Fragment {
  const direction = sql.raw(descending ? 'desc' : 'asc');
  if (kind === 'runs') return sql`g.runs ${direction}, g.values`;
  if (kind === 'metric') return sql`g.mean ${direction} nulls last, g.values`;
  const value = sql`g.values[${place + 1}]`;
  // What looks like a number is put in order as one, whatever its digits.
  return sql`${value} is null, case when ${value} ~ ${A_NUMBER} then ${value}::float8 end ${direction} nulls last,
    ${value} ${direction}, g.values`;
}

const isAddable = (m: Fragment): Fragment => sql`not ${m}.is_nan and abs(${m}.value) < ${ADDABLE}`;

/** What groups are ordered by, beside each run. */
function orderedMetric({ order, metrics }: GroupSearch): { join: Fragment; value: Fragment } {
  if (order.kind !== 'metric') return { join: sql``, value: sql`null::float8` };
  const o = sql`o`;
  return {
    join: sql`left join tracking.latest_metric o on o.run = r.id and o.key = ${metrics[order.place]}
      and ${isAddable(o)}`,
    value: sql`o.value`,
  };
}

/**
 * One statement: which runs, their groups, and the numbers of the latest metrics of the groups on the page. Groups
 * carry their runs along: the planner, not knowing how many there are, would join them by comparing each with each.
 */
export async function listRunGroups(on: Queryable, given: GroupSearch): Promise<StoredGroup[]> {
  const fields = given.by.map(joinOf);
  const ordered = orderedMetric(given);
  const joins = sql.join([...fields.map(({ join }) => join), ordered.join], sql` `);
  const m = sql`m`;
  const { rows } = await sql<StoredGroup>`with chosen as (
      select r.id, array[${sql.join(fields.map(({ value }) => value))}]::text[] collate "C" as values,
        ${ordered.value} as ordered
      from tracking.run r ${joins} where ${isWanted(given.search, given.search.conditions, 'as planned')}),
    grouped as materialized (
      select values, count(*)::int as runs, avg(ordered) as mean, array_agg(id) as ids from chosen group by values),
    page as materialized (
      select g.*, row_number() over (order by ${orderOf(given.order)}) as place from grouped g
      order by place offset ${given.offset} limit ${given.limit}),
    numbers as materialized (
      select p.place, m.key, count(*)::int as count, avg(m.value) as mean, stddev_samp(m.value) as sd,
        min(m.value) as min, max(m.value) as max
      from page p join tracking.latest_metric m on m.run = any(p.ids)
      where m.key = any(${[...given.metrics]}::text[]) and ${isAddable(m)} group by p.place, m.key)
    select p.values, p.runs, (select count(*)::int from grouped) as total,
      (select sum(runs)::int from grouped) as all_runs,
      coalesce((select json_agg(json_build_array(n.key, n.count, n.mean, n.sd, n.min, n.max) order by n.key)
        from numbers n where n.place = p.place), '[]') as metrics
    from page p order by p.place`.execute(on.tables<unknown>());
  return rows;
}
