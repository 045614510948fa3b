import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import { type Fragment, inExperiments } from './run-condition-store.ts';
import { joinOrderValue } from './run-order-store.ts';
import { isWanted, type RunSearch } from './run-wanted-store.ts';

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
  /** The numbers of its runs, as PostgreSQL writes an array. */
  ids: string;
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

const isAttribute = ({ entity }: GroupField): boolean => entity === 'attribute';

/** Joins instead of one look-up per run: a group is over all runs that fit, and may be over all that there are. */
function joinOf({ search }: GroupSearch, field: GroupField, place: number): { join: Fragment; value: Fragment } {
  if (isAttribute(field)) return { join: sql``, value: attributes[field.key]! };
  return {
    join: joinOrderValue({ ...field, ascending: true }, place, search, 'as planned'),
    value: sql`${sql.ref(`o${place}.value`)} collate "C"`,
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

export const isAddable = (m: Fragment): Fragment => sql`not ${m}.is_nan and abs(${m}.value) < ${sql.lit(ADDABLE)}`;

/** What groups are ordered by, beside each run. */
function orderedMetric({ order, metrics, search }: GroupSearch): { join: Fragment; value: Fragment } {
  if (order.kind !== 'metric') return { join: sql``, value: sql`null::float8` };
  const m = sql`m`;
  return {
    join: sql`left join (select m.run, m.value from tracking.latest_metric m
      where ${inExperiments(sql`m.experiment`, search)} and m.key = ${metrics[order.place]} and ${isAddable(m)}) m
      on m.run = r.id`,
    value: sql`m.value`,
  };
}

/** The groups of a page, each with its runs, without the numbers of their metrics. */
export async function listRunGroups(on: Queryable, given: GroupSearch): Promise<StoredGroup[]> {
  const fields = given.by.map((field, i) => joinOf(given, field, i));
  const ordered = orderedMetric(given);
  const names = fields.map((_, i) => sql.ref(`v${i}`));
  const chosen = fields.map(({ value }, i) => sql`${value} as ${names[i]}`);
  const joins = sql.join([...fields.map(({ join }) => join), ordered.join], sql` `);
  const { rows } = await sql<StoredGroup>`with chosen as (
      select r.id, ${sql.join(chosen)}, ${ordered.value} as ordered
      from tracking.run r ${joins} where ${isWanted(given.search, given.search.conditions, 'as planned')}),
    grouped as materialized (
      select array[${sql.join(names)}]::text[] collate "C" as values, count(*)::int as runs, avg(ordered) as mean,
        array_agg(id) as ids from chosen group by ${sql.join(names)})
    select g.values, g.runs, g.ids::text as ids, (select count(*)::int from grouped) as total,
      (select sum(runs)::int from grouped) as all_runs
    from grouped g order by ${orderOf(given.order)} offset ${given.offset} limit ${given.limit}`.execute(
    on.tables<unknown>(),
  );
  return rows;
}
