import type { ColumnProfile } from '@flyball/api';
import { type AnalyticsSession, quoteIdentifier, quoteLiteral } from '#platform/analytics/analytics';
import { type Column, familyOf, isNumber, isTime } from './column-type.ts';
import { commonestValues, countValues, histogramOf, quantilesOf } from './count-values.ts';
import { binEdges } from './histogram-bins.ts';
import { missingSql } from './row-rule.ts';
import { numberSql } from './sql-value.ts';

type Row = Record<string, unknown>;

const QUANTILES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];
const TOP_VALUES = 10;
const FEW_VALUES = 20;
/** A column of few values in many rows is counted value by value; elsewhere a query per column costs too much. */
const MANY_ROWS = 100_000;
const MANY_VALUES = 10_000;
const MAX_TEXT = 200;
/** Columns are read apart from each other, so a wide table costs no more in pieces, and its plans stay small. */
const COLUMNS_AT_ONCE = 40;
/** Above it a square overflows, and the standard deviation of the rest says more than none. */
const LARGEST_DEVIATING = '1e150';

/**
 * What the columns of `relation` hold: counts, extremes and means exactly, distinct counts approximately. Quantiles and
 * the commonest values are exact where a column has few of them, and approximate elsewhere.
 */
export async function profileColumns(
  session: AnalyticsSession,
  relation: string,
  columns: readonly Column[],
): Promise<ColumnProfile[]> {
  const profiles: ColumnProfile[] = [];
  for (let from = 0; from < columns.length; from += COLUMNS_AT_ONCE) {
    const some = columns.slice(from, from + COLUMNS_AT_ONCE);
    const first = await readTerms(session, relation, some.map(summaryTerms));
    const summaries = some.map((column, i) => readSummary(column, first[i]!));
    profiles.push(...(await readDetails(session, relation, summaries)));
  }
  return profiles;
}

async function readDetails(
  session: AnalyticsSession,
  relation: string,
  summaries: readonly Summary[],
): Promise<ColumnProfile[]> {
  const sketched = summaries.filter(({ profile }) => profile.distinctCount > MANY_VALUES || profile.count < MANY_ROWS);
  const sketches = await readTerms(session, relation, sketched.map(sketchTerms));
  const texts = sketches.map((row) => (Array.isArray(row['top']) ? row['top'].map(String).filter(canBeQuoted) : []));
  const counts = await readTerms(
    session,
    relation,
    sketched.map((summary, i) => topTerms(summary, texts[i]!)),
  );
  const profiles: ColumnProfile[] = [];
  for (const summary of summaries) {
    const i = sketched.indexOf(summary);
    if (i >= 0) profiles.push(withSketches(summary, sketches[i]!, counts[i]!, texts[i]!));
    else profiles.push(await withCounts(session, relation, summary));
  }
  return profiles;
}

/** Terms of several columns in one SELECT; the values of each column by the names of its terms. */
async function readTerms(
  session: AnalyticsSession,
  relation: string,
  columns: readonly (readonly Term[])[],
): Promise<Row[]> {
  if (columns.every((terms) => terms.length === 0)) return columns.map(() => ({}));
  const list = columns.flatMap((terms, i) => terms.map(({ name, sql }) => `${sql} AS "${i}.${name}"`));
  const [row = {}] = await session.rows(`SELECT ${list.join(', ')} FROM ${relation}`);
  return columns.map((terms, i) => Object.fromEntries(terms.map(({ name }) => [name, row[`${i}.${name}`]])));
}

interface Term {
  readonly name: string;
  readonly sql: string;
}

const hasOrder = (type: string): boolean => familyOf(type) !== 'other' || ['TIME', 'UUID'].includes(type);

function summaryTerms(column: Column): Term[] {
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
  }
  if (isTime(column.type)) {
    const finite = ` FILTER (WHERE isfinite(${name}))`;
    terms.push(['low', `epoch_ms(min(${name})${finite})`], ['high', `epoch_ms(max(${name})${finite})`]);
  }
  return terms.map(([term, sql]) => ({ name: term, sql }));
}

interface Summary {
  readonly column: Column;
  readonly profile: ColumnProfile;
  readonly edges: readonly number[];
}

function readSummary(column: Column, row: Row): Summary {
  const rows = Number(row['rows']);
  const missing = Number(row['missing']);
  const [low, high] = [finite(row['low']), finite(row['high'])];
  return {
    column,
    edges: low === null || high === null ? [] : binEdges(low, high, familyOf(column.type) === 'integer'),
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
      quantiles: [],
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

function sketchTerms({ column, edges }: Summary): Term[] {
  const name = quoteIdentifier(column.name);
  const value = isTime(column.type) ? `epoch_ms(${name})` : `CAST(${name} AS DOUBLE)`;
  const finite = `FILTER (WHERE isfinite(${isTime(column.type) ? name : value}))`;
  const terms: Term[] = [];
  if (isNumber(column.type)) {
    terms.push({ name: 'quantiles', sql: `approx_quantile(${value}, [${QUANTILES.join(', ')}]) ${finite}` });
  }
  if (edges.length > 1) {
    const bounds = edges.slice(1).map(numberSql).join(', ');
    terms.push({ name: 'histogram', sql: `histogram(CAST(${value} AS DOUBLE), [${bounds}]) ${finite}` });
  }
  if (familyOf(column.type) === 'text') terms.push({ name: 'top', sql: `approx_top_k(${name}, ${TOP_VALUES})` });
  return terms;
}

function topTerms(summary: Summary, texts: readonly string[]): Term[] {
  const name = quoteIdentifier(summary.column.name);
  if (texts.length > 0) {
    return [{ name: 'top', sql: `histogram_exact(${name}, [${texts.map(quoteLiteral).join(', ')}])` }];
  }
  return isCode(summary) ? [{ name: 'top', sql: `histogram(CAST(${name} AS VARCHAR))` }] : [];
}

/** Few values that are no text, and yet names of something. */
function isCode({ column, profile }: Summary): boolean {
  const family = familyOf(column.type);
  return family === 'boolean' || (family === 'integer' && profile.distinctCount <= FEW_VALUES);
}

function withSketches({ edges, profile }: Summary, row: Row, counts: Row, texts: readonly string[]): ColumnProfile {
  const quantiles = Array.isArray(row['quantiles']) ? row['quantiles'] : [];
  const bins = entriesOf(row['histogram']);
  const known = new Set(texts);
  const top = entriesOf(counts['top'])
    .map(({ key, value }) => ({ value: String(key), count: value }))
    // The last entry counts all others, under a name of the engine's own.
    .filter(({ value, count }) => count > 0 && (texts.length === 0 || known.has(value)));
  return {
    ...profile,
    quantiles: quantiles.map((value, i) => ({ quantile: QUANTILES[i]!, value: Number(value) })),
    histogram: edges.slice(1).map((high, i) => ({
      low: edges[i]!,
      high,
      count: bins.find(({ key }) => Number(key) === high)?.value ?? 0,
    })),
    top: commonestFirst(top),
  };
}

async function withCounts(session: AnalyticsSession, relation: string, summary: Summary): Promise<ColumnProfile> {
  const { column, edges, profile } = summary;
  const counted = edges.length > 1 ? await countValues(session, relation, column) : null;
  const hasTop = familyOf(column.type) === 'text' || isCode(summary);
  const top = hasTop ? await commonestValues(session, relation, column, TOP_VALUES) : [];
  return {
    ...profile,
    quantiles: counted === null || !isNumber(column.type) ? [] : quantilesOf(counted, QUANTILES),
    histogram: counted === null ? [] : histogramOf(counted, edges),
    top: commonestFirst(top.filter(({ value }) => canBeQuoted(value))),
  };
}

const commonestFirst = (top: readonly { value: string; count: number }[]): ColumnProfile['top'] =>
  top
    .toSorted((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
    .slice(0, TOP_VALUES)
    .map(({ value, count }) => ({ value: value.slice(0, MAX_TEXT), count }));

function entriesOf(map: unknown): { key: unknown; value: number }[] {
  if (!Array.isArray(map)) return [];
  return map.map((entry: { key: unknown; value: unknown }) => ({ key: entry.key, value: Number(entry.value) }));
}
