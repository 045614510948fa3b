import { sql } from 'kysely';
import { nullable, type OrderTerm } from '#platform/database/search-sql';
import {
  type Fragment,
  inExperiments,
  isIndexed,
  isLong,
  isValueEntity,
  type RunScope,
  runAttributes,
  type SearchWay,
  valueTable,
} from './run-condition-store.ts';
import type { SearchOrder } from './search-grammar.ts';

/** The value that a run called `r` is ordered by, as a row of its own. */
export function joinOrderValue({ entity, key }: SearchOrder, index: number, scope: RunScope, way: SearchWay): Fragment {
  if (!isValueEntity(entity)) return sql``;
  const name = sql.ref(`o${index}`);
  const table = valueTable(entity);
  if (way === 'one by one') {
    return sql`left join lateral (select * from ${table} v where v.run = r.id and v.key = ${key} offset 0) ${name}
      on true`;
  }
  // In two parts, as the indexes are, and with nothing that these do not have.
  const part = (isNan: boolean, condition: Fragment) => sql`select v.run, v.value, ${sql.lit(isNan)} as is_nan
    from ${table} v where ${inExperiments(sql`v.experiment`, scope)} and v.key = ${key} and ${condition}`;
  const parts =
    entity === 'metric'
      ? [part(false, sql`not v.is_nan`), part(true, sql`v.is_nan`)]
      : [part(false, isIndexed('v')), part(false, isLong('v'))];
  return sql`left join (${sql.join(parts, sql` union all `)}) ${name} on ${name}.run = r.id`;
}

function termsOf({ entity, key, ascending }: SearchOrder, index: number): OrderTerm[] {
  const value = sql.ref(`o${index}.value`);
  if (entity === 'metric') {
    // Numbers first, then NaN, then runs without the metric, whatever the direction.
    return [
      { expression: sql`coalesce(${sql.ref(`o${index}.is_nan`)}::int, 2)`, type: 'int', ascending: true },
      { expression: sql`coalesce(${value}, 0)`, type: 'float8', ascending },
    ];
  }
  if (entity !== 'attribute') return nullable(value, 'text', ascending);
  if (key === 'end_time') return nullable(runAttributes[key]!, 'bigint', ascending);
  if (key === 'experiment_id') return [{ expression: sql`r.experiment`, type: 'bigint', ascending }];
  return [{ expression: runAttributes[key]!, type: key === 'start_time' ? 'bigint' : 'text', ascending }];
}

/** Among equals the newest run is first, then the least id. */
function tieTerms(orders: readonly SearchOrder[]): OrderTerm[] {
  const named = new Set(orders.filter(({ entity }) => entity === 'attribute').map(({ key }) => key));
  const terms: OrderTerm[] = [];
  if (!named.has('start_time')) terms.push({ expression: sql`r.start_ms`, type: 'bigint', ascending: false });
  if (!named.has('run_id')) terms.push({ expression: sql`r.run_id`, type: 'text', ascending: true });
  return terms;
}

/** What runs called `r`, with their order values joined, are sorted by. The first `skipped` orders are left out. */
export const orderTerms = (orders: readonly SearchOrder[], skipped = 0): OrderTerm[] => [
  ...orders.flatMap((order, i) => (i < skipped ? [] : termsOf(order, i))),
  ...tieTerms(orders),
];
