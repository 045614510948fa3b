import { sql } from 'kysely';
import type { Queryable } from '#platform/database/database';
import type { MeasuredRun } from './param-importance.ts';

/** A longer value stands for itself by its hash: it is no number, and all that matters is whether it is the same. */
const LONG = 100;
/** Of one run, so that none can be too large to read. */
const MOST_PARAMS = 1000;

/** The metric and the params of runs that have it, in the order given. The params stay text: a thread reads them. */
export async function listMeasuredRuns(on: Queryable, runs: readonly number[], metric: string): Promise<MeasuredRun[]> {
  const { rows } = await sql<MeasuredRun>`select m.value, (
      select json_object_agg(p.key, case when char_length(p.value) <= ${sql.lit(LONG)} then p.value
        else 'hash ' || hashtextextended(p.value, 0) end)::text
      from (select key, value from tracking.param v where v.run = m.run order by key limit ${sql.lit(MOST_PARAMS)}) p
    ) as params
    from unnest(${[...runs]}::bigint[]) with ordinality g (run, place)
    join tracking.latest_metric m on m.run = g.run and m.key = ${metric}
    where not m.is_nan order by g.place`.execute(on.tables<unknown>());
  return rows;
}
