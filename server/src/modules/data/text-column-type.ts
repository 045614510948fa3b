import { type AnalyticsSession, quoteIdentifier } from '#platform/analytics/analytics';
import type { Column } from './column-type.ts';

const WHOLE = '[+-]?(0|[1-9][0-9]*)';
/** Whole numbers that a double cannot hold exactly, and codes such as 00501. */
const NOT_A_NUMBER = '[+-]?([1-9][0-9]{15,}|0[0-9]+)';
const DAY = '[0-9]{4}-[0-9]{2}-[0-9]{2}';
const MOMENT = `${DAY}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?`;
const ZONE = '( ?(Z|z|[+-][0-9]{2}(:?[0-9]{2})?))';

const CANDIDATES: readonly { readonly type: string; readonly test: (name: string) => string }[] = [
  {
    type: 'BIGINT',
    test: (name) => `regexp_full_match(${name}, '${WHOLE}') AND TRY_CAST(${name} AS BIGINT) IS NOT NULL`,
  },
  {
    type: 'DOUBLE',
    test: (name) => `TRY_CAST(${name} AS DOUBLE) IS NOT NULL AND NOT regexp_full_match(${name}, '${NOT_A_NUMBER}')`,
  },
  { type: 'BOOLEAN', test: (name) => `lower(${name}) IN ('true', 'false')` },
  { type: 'DATE', test: (name) => `regexp_full_match(${name}, '${DAY}') AND TRY_CAST(${name} AS DATE) IS NOT NULL` },
  {
    type: 'TIMESTAMP',
    test: (name) => `regexp_full_match(${name}, '${MOMENT}') AND TRY_CAST(${name} AS TIMESTAMP) IS NOT NULL`,
  },
  {
    type: 'TIMESTAMP WITH TIME ZONE',
    test: (name) => `regexp_full_match(${name}, '${MOMENT}${ZONE}') AND TRY_CAST(${name} AS TIMESTAMPTZ) IS NOT NULL`,
  },
];

const COLUMNS_AT_ONCE = 50;

/** The narrowest type that holds every text of each column without losing anything; VARCHAR when none does. */
export async function textColumnTypes(
  session: AnalyticsSession,
  relation: string,
  names: readonly string[],
): Promise<Column[]> {
  const columns: Column[] = [];
  for (let from = 0; from < names.length; from += COLUMNS_AT_ONCE) {
    const some = names.slice(from, from + COLUMNS_AT_ONCE);
    const terms = some.flatMap((name, i) => {
      const quoted = quoteIdentifier(name);
      // A text that is null is no evidence against any type.
      return CANDIDATES.map(
        ({ test }, t) => `bool_and(${test(quoted)}) FILTER (WHERE ${quoted} IS NOT NULL) AS "${i}.${t}"`,
      );
    });
    const [row] = await session.rows(`SELECT ${terms.join(', ')} FROM ${relation}`);
    for (const [i, name] of some.entries()) {
      const fitting = CANDIDATES.find((_, t) => row?.[`${i}.${t}`] === true);
      columns.push({ name, type: fitting?.type ?? 'VARCHAR' });
    }
  }
  return columns;
}
