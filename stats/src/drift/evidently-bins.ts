import { sortedFinite } from '../sample/ranks.ts';
import { doaneEdges, histogramOfSorted, sturgesEdges } from './histogram-edges.ts';

/** Counts of both samples in bins that also depend on the current period. */
export interface PairedBins {
  readonly reference: Float64Array;
  readonly current: Float64Array;
  /** Shape [bins + 1]; null where each distinct value is a bin. */
  readonly edges: Float64Array | null;
}

/** Largest number of distinct reference values that are kept as they are. */
const DISTINCT_LIMIT = 20;

function distinctOfSorted(sorted: Float64Array): number {
  let distinct = 0;
  for (let i = 0; i < sorted.length; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) distinct++;
  return distinct;
}

function merge(a: Float64Array, b: Float64Array): Float64Array {
  const merged = new Float64Array(a.length + b.length);
  merged.set(a);
  merged.set(b, a.length);
  return merged.sort();
}

function unique(sorted: Float64Array): Float64Array {
  const kept = new Float64Array(sorted.length);
  let n = 0;
  for (let i = 0; i < sorted.length; i++) if (i === 0 || sorted[i] !== sorted[i - 1]) kept[n++] = sorted[i]!;
  return kept.subarray(0, n);
}

function countDistinct(sorted: Float64Array, values: Float64Array): Float64Array {
  const counts = new Float64Array(values.length);
  let v = 0;
  for (let i = 0; i < sorted.length; i++) {
    while (values[v] !== sorted[i]) v++;
    counts[v]!++;
  }
  return counts;
}

function bothFinite(reference: ArrayLike<number>, current: ArrayLike<number>): [Float64Array, Float64Array] {
  const a = sortedFinite(reference);
  const b = sortedFinite(current);
  if (a.length === 0 || b.length === 0) throw new RangeError('bins: a sample has no finite values');
  return [a, b];
}

/**
 * Bins of Evidently 0.7 for a numeric column: Sturges' edges on both samples together when the reference has more than
 * 20 distinct values, else one bin per distinct value. They depend on the current period, so scores of different
 * periods are not comparable: use frozen bins unless compatibility is asked for.
 *
 * @param reference shape [m]; NaN and ±∞ are dropped
 * @param current shape [n]; NaN and ±∞ are dropped
 * @returns counts of both samples in the same bins
 * @throws RangeError when a sample has no finite values
 * @example
 * evidentlyBins([1, 1, 2], [2, 3]).reference; // Float64Array [2, 1, 0]
 */
export function evidentlyBins(reference: ArrayLike<number>, current: ArrayLike<number>): PairedBins {
  const [a, b] = bothFinite(reference, current);
  const pooled = merge(a, b);
  if (distinctOfSorted(a) > DISTINCT_LIMIT) {
    const edges = sturgesEdges(pooled);
    return { reference: histogramOfSorted(a, edges), current: histogramOfSorted(b, edges), edges };
  }
  const values = unique(pooled);
  return { reference: countDistinct(a, values), current: countDistinct(b, values), edges: null };
}

/**
 * Bins of Evidently's Hellinger test for a numeric column: Sturges' edges on the distinct values of both samples.
 *
 * @param reference shape [m]; NaN and ±∞ are dropped
 * @param current shape [n]; NaN and ±∞ are dropped
 * @returns counts of both samples in the same bins
 * @throws RangeError when a sample has no finite values
 * @example
 * evidentlyHellingerBins([1, 1, 2], [2, 3]).edges; // Float64Array [1, 1.66…, 2.33…, 3]
 */
export function evidentlyHellingerBins(reference: ArrayLike<number>, current: ArrayLike<number>): PairedBins {
  const [a, b] = bothFinite(reference, current);
  const edges = sturgesEdges(unique(merge(a, b)));
  return { reference: histogramOfSorted(a, edges), current: histogramOfSorted(b, edges), edges };
}

/**
 * Bins of NannyML 0.13 for its Jensen-Shannon distance (base 2): Doane's edges on the reference, and a last bin for the
 * current rows outside them.
 *
 * @param reference shape [m]; NaN and ±∞ are dropped
 * @param current shape [n]; NaN and ±∞ are dropped
 * @returns counts of both samples, the last bin being "outside" (0 in the reference)
 * @throws RangeError when a sample has no finite values
 * @example
 * nannymlBins([1, 2, 3, 4], [4, 9]).current.at(-1); // 1
 */
export function nannymlBins(reference: ArrayLike<number>, current: ArrayLike<number>): PairedBins {
  const [a, b] = bothFinite(reference, current);
  const edges = doaneEdges(a);
  const counts = histogramOfSorted(b, edges);
  let inside = 0;
  for (let i = 0; i < counts.length; i++) inside += counts[i]!;
  const withOutside = (bins: Float64Array, outside: number): Float64Array => {
    const extended = new Float64Array(bins.length + 1);
    extended.set(bins);
    extended[bins.length] = outside;
    return extended;
  };
  return {
    reference: withOutside(histogramOfSorted(a, edges), 0),
    current: withOutside(counts, b.length - inside),
    edges,
  };
}

/**
 * The test Evidently 0.7 chooses by default.
 *
 * @param column type of the column, rows of the reference, distinct values in both samples together
 * @returns name of the test
 * @example
 * evidentlyDefaultTest({ type: 'num', referenceRows: 5000, distinctValues: 100 }); // 'wasserstein'
 */
export function evidentlyDefaultTest(column: {
  readonly type: 'num' | 'cat';
  readonly referenceRows: number;
  readonly distinctValues: number;
}): 'ks' | 'chisquare' | 'z' | 'wasserstein' | 'jensenshannon' {
  const numeric = column.type === 'num' && column.distinctValues > 5;
  if (column.referenceRows > 1000) return numeric ? 'wasserstein' : 'jensenshannon';
  if (numeric) return 'ks';
  return column.distinctValues > 2 ? 'chisquare' : 'z';
}
