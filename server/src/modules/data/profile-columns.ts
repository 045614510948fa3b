import type { ColumnProfile } from '@flyball/api';
import { type AnalyticsSession, quoteIdentifier, quoteLiteral } from '#platform/analytics/analytics';
import { type Column, familyOf, isNumber, isTime } from './column-type.ts';
import { binEdges } from './histogram-bins.ts';
import { missingSql } from './row-rule.ts';
import { numberSql } from './sql-value.ts';

type Row = Record<string, unknown>;

const QUANTILES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];
const TOP_VALUES = 10;
const FEW_VALUES = 20;
const MAX_TEXT = 200;
/** Columns are read apart from each other, so a wide table costs no more in pieces, and its plans stay small. */
const COLUMNS_AT_ONCE = 40;
/** Above it a square overflows, and the standard deviation of the rest says more than none. */
const LARGEST_DEVIATING = '1e150';

/**
 * What the columns of `relation` hold: counts, extremes and means exactly, distinct counts, quantiles and the choice of
 * the commonest values approximately.
 */
export async function profileColumns(
  session: AnalyticsSession,
  relation: string,
  columns: readonly Column[],
): Promise<ColumnProfile[]> {
  const profiles: ColumnProfile[] = [];
  for (let from = 0; from < columns.length; from += COLUMNS_AT_ONCE) {
    const some = columns.slice(from, from + COLUMNS_AT_ONCE);
    const [first] = await session.rows(select(some.flatMap(summaryTerms), relation));
    const summaries = some.map((column, i) => readSummary(column, pick(first!, i)));
    const details = summaries.flatMap(detailTerms);
    const [second = {}] = details.length === 0 ? [] : await session.rows(select(details, relation));
    profiles.push(...summaries.map((summary, i) => readDetails(summary, pick(second, i))));
  }
  return profiles;
}

interface Term {
  readonly column: number;
  readonly name: string;
  readonly sql: string;
}

const select = (terms: readonly Term[], relation: string): string =>
  `SELECT ${terms.map(({ column, name, sql }) => `${sql} AS "${column}.${name}"`).join(', ')} FROM ${relation}`;

/** The values of one column, by the names of its terms. */
const pick = (row: Row, column: number): Row =>
  Object.fromEntries(
    Object.entries(row)
      .filter(([key]) => key.startsWith(`${column}.`))
      .map(([key, value]) => [key.slice(key.indexOf('.') + 1), value]),
  );

const hasOrder = (type: string): boolean => familyOf(type) !== 'other' || ['TIME', 'UUID'].includes(type);

function summaryTerms(column: Column, index: number): Term[] {
  const name = quoteIdentifier(column.name);
  const family = familyOf(column.type);
  const terms: [string, string][] = [
    ['rows', 'count(*)'],
    ['missing', `count(*) FILTER (WHERE ${missingSql(column)})`],
  ];
  if (hasOrder(column.type)) {
    const present = family === 'float' ? ` FILTER (WHERE NOT isnan(${name}))` : '';
    terms.push(['distinct', `approx_count_distinct(${name})${present}`]);
    if (family !== 'boolean') terms.push(['min', `min(${name})${present}`], ['max', `max(${name})${present}`]);
  }
  if (isNumber(column.type)) {
    const value = `CAST(${name} AS DOUBLE)`;
    const finite = ` FILTER (WHERE isfinite(${value}))`;
    terms.push(['low', `min(${value})${finite}`], ['high', `max(${value})${finite}`]);
    terms.push(['mean', `avg(${value})${finite}`]);
    terms.push(['stdev', `stddev_samp(${value}) FILTER (WHERE abs(${value}) < ${LARGEST_DEVIATING})`]);
    terms.push(['quantiles', `approx_quantile(${value}, [${QUANTILES.join(', ')}])${finite}`]);
  }
  if (isTime(column.type)) {
    const finite = ` FILTER (WHERE isfinite(${name}))`;
    terms.push(['low', `epoch_ms(min(${name})${finite})`], ['high', `epoch_ms(max(${name})${finite})`]);
  }
  if (family === 'text') terms.push(['top', `approx_top_k(${name}, ${TOP_VALUES})`]);
  return terms.map(([term, sql]) => ({ column: index, name: term, sql }));
}

interface Summary {
  readonly column: Column;
  readonly profile: ColumnProfile;
  readonly edges: readonly number[];
  readonly top: readonly string[];
}

function readSummary(column: Column, row: Row): Summary {
  const rows = Number(row['rows']);
  const missing = Number(row['missing']);
  const quantiles = Array.isArray(row['quantiles']) ? row['quantiles'] : [];
  const [low, high] = [finite(row['low']), finite(row['high'])];
  return {
    column,
    edges: low === null || high === null ? [] : binEdges(low, high, familyOf(column.type) === 'integer'),
    top: Array.isArray(row['top']) ? row['top'].map(String).filter(canBeQuoted) : [],
    profile: {
      name: column.name,
      type: column.type,
      count: rows - missing,
      nullCount: missing,
      // The estimate can exceed what is possible.
      distinctCount: Math.min(Number(row['distinct'] ?? 0), rows - missing),
      min: extreme(row['min']),
      max: extreme(row['max']),
      mean: finite(row['mean']),
      stdev: finite(row['stdev']),
      quantiles: quantiles.map((value, i) => ({ quantile: QUANTILES[i]!, value: Number(value) })),
      histogram: [],
      top: [],
    },
  };
}

/** SQL texts cannot hold a NUL character, so such a value is not counted among the commonest. */
const canBeQuoted = (value: string): boolean => !value.includes('\0');

/** PostgreSQL cannot keep it either. */
const withoutNul = (value: string): string => value.replaceAll('\0', '\uFFFD');

const finite = (value: unknown): number | null =>
  value === null || value === undefined || !Number.isFinite(Number(value)) ? null : Number(value);

function extreme(value: unknown): string | number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  return typeof value === 'string' ? withoutNul(value.slice(0, MAX_TEXT)) : null;
}

function detailTerms({ column, edges, top, profile }: Summary, index: number): Term[] {
  const name = quoteIdentifier(column.name);
  const terms: Term[] = [];
  if (edges.length > 1) {
    const value = isTime(column.type) ? `epoch_ms(${name})` : `CAST(${name} AS DOUBLE)`;
    const present = isTime(column.type) ? `isfinite(${name})` : `isfinite(${value})`;
    const bounds = edges.slice(1).map(numberSql).join(', ');
    terms.push({
      column: index,
      name: 'histogram',
      sql: `histogram(CAST(${value} AS DOUBLE), [${bounds}]) FILTER (WHERE ${present})`,
    });
  }
  const family = familyOf(column.type);
  const isCode = family === 'integer' && profile.distinctCount <= FEW_VALUES;
  if (top.length > 0) {
    const values = top.map(quoteLiteral).join(', ');
    terms.push({ column: index, name: 'top', sql: `histogram_exact(${name}, [${values}])` });
  } else if (family === 'boolean' || isCode) {
    terms.push({ column: index, name: 'top', sql: `histogram(CAST(${name} AS VARCHAR))` });
  }
  return terms;
}

function readDetails({ edges, top, profile }: Summary, row: Row): ColumnProfile {
  const counts = entriesOf(row['histogram']);
  const histogram = edges.slice(1).map((high, i) => ({
    low: edges[i]!,
    high,
    count: counts.find(({ key }) => Number(key) === high)?.value ?? 0,
  }));
  const known = new Set(top);
  const values = entriesOf(row['top'])
    .map(({ key, value }) => ({ value: String(key), count: value }))
    // The last entry counts all others, under a name of the engine's own.
    .filter(({ value, count }) => count > 0 && (top.length === 0 || known.has(value)))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
    .slice(0, TOP_VALUES)
    .map(({ value, count }) => ({ value: value.slice(0, MAX_TEXT), count }));
  return { ...profile, histogram, top: values };
}

function entriesOf(map: unknown): { key: unknown; value: number }[] {
  if (!Array.isArray(map)) return [];
  return map.map((entry: { key: unknown; value: unknown }) => ({ key: entry.key, value: Number(entry.value) }));
}
