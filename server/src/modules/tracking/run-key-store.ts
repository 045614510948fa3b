import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import { type Fragment, isIndexed, isLong } from './run-condition-store.ts';

export interface LoggedKeys {
  metrics: string[];
  params: string[];
  tags: string[];
}

const LIMIT = 1000;

/**
 * The different keys of a table, by jumping from each to the next in the indexes that begin with experiment and key,
 * one for each condition: the cost grows with the keys, not with the runs.
 */
function keysIn(table: Fragment, conditions: readonly Fragment[]): Fragment {
  const next = (after: Fragment): Fragment => {
    const firsts = conditions.map(
      (condition) => sql`(select k.key from ${table} k
        where k.experiment = e.id and ${condition} ${after} order by k.key limit 1)`,
    );
    return sql`select min(key) from (${sql.join(firsts, sql` union all `)}) n`;
  };
  return sql`coalesce((select json_agg(key) from (
    select distinct each.key from chosen e, lateral (
      with recursive found (key) as (
        (${next(sql``)})
        union all
        select (${next(sql`and k.key > f.key`)}) from found f where f.key is not null)
      select key from found where key is not null limit ${LIMIT}) each
    order by 1 limit ${LIMIT}) named), '[]')`;
}

/** What was logged in these experiments, or in all of the project (null). Metrics that are NaN alone are left out. */
export async function listLoggedKeys(
  on: Queryable,
  project: string,
  experiments: readonly number[] | null,
): Promise<LoggedKeys> {
  const some = experiments === null ? sql`true` : sql`id = any(${[...experiments]}::bigint[])`;
  const pairs = [isIndexed('k'), isLong('k')];
  const { rows } = await sql<LoggedKeys>`with chosen as (
      select id from tracking.experiment where project = ${project} and ${some} order by id desc limit ${LIMIT})
    select ${keysIn(sql`tracking.latest_metric`, [sql`not k.is_nan`])} as metrics,
      ${keysIn(sql`tracking.param`, pairs)} as params, ${keysIn(sql`tracking.run_tag`, pairs)} as tags`.execute(
    on.tables<unknown>(),
  );
  return rows[0]!;
}
