import type { ColumnProfile } from '@flyball/api';
import { type AnalyticsSession, quoteIdentifier } from '#platform/analytics/analytics';
import { type Column, isTime } from './column-type.ts';

type Quantiles = ColumnProfile['quantiles'];
type Histogram = ColumnProfile['histogram'];

/** Every finite number of a column, in order, and how often it occurs; times in ms since 1970. */
export interface ValueCounts {
  readonly values: Float64Array;
  readonly counts: Float64Array;
}

/** For a column of few values: counting each is exact, and takes a tenth of what sketches of all rows take. */
export async function countValues(session: AnalyticsSession, relation: string, column: Column): Promise<ValueCounts> {
  const name = quoteIdentifier(column.name);
  const value = isTime(column.type) ? `CAST(epoch_ms(${name}) AS DOUBLE)` : `CAST(${name} AS DOUBLE)`;
  const present = isTime(column.type) ? `isfinite(${name})` : `isfinite(${value})`;
  const { columns } = await session.columns(
    `SELECT ${value} AS v, CAST(count(*) AS DOUBLE) AS n FROM ${relation} WHERE ${present} GROUP BY v ORDER BY v`,
  );
  return { values: columns[0]!.values as Float64Array, counts: columns[1]!.values as Float64Array };
}

/** The commonest values as text, the commonest first. */
export async function commonestValues(
  session: AnalyticsSession,
  relation: string,
  { name }: Column,
  most: number,
): Promise<{ value: string; count: number }[]> {
  const rows = await session.rows(
    `SELECT CAST(${quoteIdentifier(name)} AS VARCHAR) AS v, count(*) AS n FROM ${relation}
     WHERE ${quoteIdentifier(name)} IS NOT NULL GROUP BY v ORDER BY n DESC, v LIMIT ${most}`,
  );
  return rows.map((row) => ({ value: String(row['v']), count: Number(row['n']) }));
}

/** Interpolated between neighbours (Hyndman and Fan 1996, type 7). */
export function quantilesOf({ values, counts }: ValueCounts, wanted: readonly number[]): Quantiles {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return [];
  const ends: number[] = [];
  for (const count of counts) ends.push((ends.at(-1) ?? 0) + count);
  const valueAt = (rank: number): number => values[ends.findIndex((end) => rank < end)]!;
  return wanted.map((quantile) => {
    const place = quantile * (total - 1);
    const low = Math.floor(place);
    const [before, after] = [valueAt(low), valueAt(Math.min(low + 1, total - 1))];
    return { quantile, value: before === after ? before : before + (after - before) * (place - low) };
  });
}

/** Bins hold what is above their lower edge and not above their upper one; the first also the smallest value. */
export function histogramOf({ values, counts }: ValueCounts, edges: readonly number[]): Histogram {
  const bins = edges.slice(1).map((high, i) => ({ low: edges[i]!, high, count: 0 }));
  let bin = 0;
  for (const [i, value] of values.entries()) {
    while (bin < bins.length - 1 && value > bins[bin]!.high) bin++;
    const at = bins[bin];
    if (at !== undefined && value <= at.high) at.count += counts[i]!;
  }
  return bins;
}
