import { quantileOfSorted, sortedFinite } from '../sample/ranks.ts';

/** A cell of a column: missing is null, undefined or NaN. */
export type Cell = number | string | boolean | null | undefined;

/** Bins of a numeric column, cut at quantiles of its reference. Plain JSON. */
export interface QuantileBins {
  readonly kind: 'quantile';
  /** Ascending, distinct; bin i holds edges[i−1] ≤ x < edges[i], open at both ends. */
  readonly edges: readonly number[];
  /** Counts of the reference, shape [edges + 1 bins, missing]. */
  readonly reference: readonly number[];
}

/** Bins of a categorical column, one per frequent value of its reference. Plain JSON. */
export interface ValueBins {
  readonly kind: 'values';
  /** Most frequent first; equal counts in text order. */
  readonly values: readonly (number | string | boolean)[];
  /** Counts of the reference, shape [values, other, missing]. */
  readonly reference: readonly number[];
}

/** Bins that were cut once, from the reference, so that the scores of all later periods are comparable. */
export type FrozenBins = QuantileBins | ValueBins;

/** How to cut a reference. */
export interface BinPlan {
  readonly kind: 'quantile' | 'values';
  /** Number of quantile bins (default 10), or of values kept apart before "other" (default 50). */
  readonly bins?: number;
}

function isMissing(value: Cell): boolean {
  return value === null || value === undefined || (typeof value === 'number' && Number.isNaN(value));
}

/** Number of edges ≤ x. */
function binOf(edges: readonly number[], x: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (edges[middle]! <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}

function countNumbers(edges: readonly number[], values: ArrayLike<Cell>): Float64Array {
  const counts = new Float64Array(edges.length + 2);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (isMissing(value)) counts[edges.length + 1]!++;
    else if (typeof value === 'number') counts[binOf(edges, value)]!++;
    else throw new TypeError(`quantile bins: row ${i} holds ${JSON.stringify(value)}, not a number`);
  }
  return counts;
}

function countValues(kept: readonly (number | string | boolean)[], values: ArrayLike<Cell>): Float64Array {
  const positions = new Map<Cell, number>(kept.map((value, position) => [value, position]));
  const counts = new Float64Array(kept.length + 2);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (isMissing(value)) counts[kept.length + 1]!++;
    else counts[positions.get(value) ?? kept.length]!++;
  }
  return counts;
}

function frequentValues(values: ArrayLike<Cell>, limit: number): (number | string | boolean)[] {
  const counts = new Map<number | string | boolean, number>();
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === null || value === undefined || isMissing(value)) continue;
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const ranked = [...counts].sort(([a, m], [b, n]) => n - m || (String(a) < String(b) ? -1 : 1));
  return ranked.slice(0, limit).map(([value]) => value);
}

/** Distinct quantiles at 1/bins … (bins − 1)/bins, without the minimum, below which the reference has nothing. */
function quantileEdges(values: ArrayLike<Cell>, bins: number): number[] {
  const numbers = new Float64Array(values.length);
  for (let i = 0; i < numbers.length; i++) {
    const value = values[i];
    if (typeof value !== 'number' && !isMissing(value)) {
      throw new TypeError(`quantile bins: row ${i} holds ${JSON.stringify(value)}, not a number`);
    }
    numbers[i] = typeof value === 'number' ? value : Number.NaN;
  }
  const sorted = sortedFinite(numbers);
  if (sorted.length === 0) return [];
  const edges: number[] = [];
  let previous = sorted[0]!;
  const step = 1 / bins;
  for (let b = 1; b < bins; b++) {
    const edge = quantileOfSorted(sorted, b * step);
    if (edge > previous) edges.push(edge);
    previous = edge;
  }
  return edges;
}

/**
 * Cuts a reference into bins once. The result is plain JSON and carries the reference's counts, so that the reference
 * itself is not needed again and the scores of different periods are comparable.
 *
 * @param reference shape [n], a column of the reference; NaN, null and undefined are missing
 * @param plan quantile bins for numbers, value bins for categories, and how many
 * @returns frozen bins
 * @throws RangeError when fewer than one bin is asked for; TypeError when quantile bins meet a value that is no number
 * @example
 * freezeBins([1, 2, 3, 4], { kind: 'quantile', bins: 2 }); // { kind: 'quantile', edges: [2.5], reference: [2, 2, 0] }
 */
export function freezeBins(reference: ArrayLike<Cell>, plan: BinPlan): FrozenBins {
  const bins = plan.bins ?? (plan.kind === 'quantile' ? 10 : 50);
  if (!(Number.isInteger(bins) && bins >= 1)) throw new RangeError(`freeze bins: need at least 1 bin, got ${bins}`);
  if (plan.kind === 'quantile') {
    const edges = quantileEdges(reference, bins);
    return { kind: 'quantile', edges, reference: [...countNumbers(edges, reference)] };
  }
  const values = frequentValues(reference, bins);
  return { kind: 'values', values, reference: [...countValues(values, reference)] };
}

/**
 * Counts of a period in frozen bins.
 *
 * @param bins frozen bins
 * @param values shape [n], the same column in a later period
 * @returns quantile bins: shape [edges + 1, missing]; value bins: shape [values, other, missing]
 * @throws TypeError when quantile bins meet a value that is no number
 * @example
 * binCounts(freezeBins([1, 2, 3, 4], { kind: 'quantile', bins: 2 }), [3, 9, Number.NaN]); // Float64Array [0, 2, 1]
 */
export function binCounts(bins: FrozenBins, values: ArrayLike<Cell>): Float64Array {
  return bins.kind === 'quantile' ? countNumbers(bins.edges, values) : countValues(bins.values, values);
}

/**
 * Names of the bins, in the order of their counts, for tables and charts.
 *
 * @param bins frozen bins
 * @returns as many names as `binCounts` gives counts
 * @example
 * binNames({ kind: 'quantile', edges: [2.5], reference: [2, 2, 0] }); // ['< 2.5', '≥ 2.5', 'missing']
 */
export function binNames(bins: FrozenBins): string[] {
  if (bins.kind === 'values') return [...bins.values.map(String), 'other', 'missing'];
  const { edges } = bins;
  if (edges.length === 0) return ['all', 'missing'];
  const inner = edges.slice(1).map((edge, i) => `${edges[i]} to ${edge}`);
  return [`< ${edges[0]}`, ...inner, `≥ ${edges.at(-1)}`, 'missing'];
}

/**
 * Share of missing cells in counts from `binCounts`.
 *
 * @param counts shape [bins, missing], the last being the missing cells
 * @returns share in [0, 1]; NaN without rows
 * @example
 * missingShare([3, 5, 2]); // 0.2
 */
export function missingShare(counts: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i]!;
  return (counts[counts.length - 1] ?? 0) / total;
}
