import type { FeatureViewDefinition } from '@flyball/api';
import { quoteIdentifier } from '#platform/analytics/analytics';
import type { ViewPlan } from './measures.ts';
import { isHappenedAsked, measuredColumns, SWEPT } from './sweep-windows.ts';

/** What a view's events are joined to: the moments of the spine, and its column that holds the key. */
export interface Asked {
  readonly keyColumn: string;
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * Numbers the keys that are asked for from 1, because sorting by text costs several times as much; 0 stands for a
 * question without a key.
 */
export function keysSql({ keyColumn }: Asked): string {
  return `select name, (row_number() over ())::int as k
    from (select distinct ${quoteIdentifier(keyColumn)}::varchar as name from spine) where name is not null`;
}

/** Qualified, because a dataset may call its columns as the relations here call theirs. */
const ofData = (column: string): string => `data.${quoteIdentifier(column)}`;

/** Events that can matter, of keys that are asked for and in reach of some question, and all questions, in order. */
export function windowSql(
  source: FeatureViewDefinition['source'],
  plan: ViewPlan,
  keys: string,
  { keyColumn, minMs, maxMs }: Asked,
): string {
  const happened = `epoch_ms(${ofData(source.happenedAt)})`;
  const known = `greatest(epoch_ms(${ofData(source.knownAt)}), ${happened})`;
  const reach = Math.max(plan.longestMs, plan.ttlMs);
  const columns = measuredColumns(plan).map((name, c) => ({ sql: ofData(name), as: `v${c}` }));
  if (isHappenedAsked(plan)) columns.push({ sql: happened, as: 'h' });
  // What is sorted stays as narrow as it comes, and becomes DOUBLE afterwards.
  const names = [...SWEPT, ...columns.map(({ as }) => as)].map((name) => `${name}::double`);
  return `select ${names.join(', ')} from (
      select keys.k, ${known} as t, null as id${columns.map(({ sql, as }) => `, ${sql} as ${as}`).join('')}
      from data join ${keys} keys on keys.name = ${ofData(source.key)}::varchar
      where ${known} > ${minMs - reach} and ${known} <= ${maxMs}
      union all
      select coalesce(keys.k, 0), s.__t, s.__id${columns.map(() => ', null').join('')}
      from spine s left join ${keys} keys on keys.name = s.${quoteIdentifier(keyColumn)}::varchar
    ) order by k, t, id is not null`;
}
