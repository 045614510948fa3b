import { sum } from '../sample/sum.ts';

/** What to put in place of a zero share before a logarithm is taken. */
export type ZeroFill =
  /** Every share below the value is raised to it. */
  | { readonly kind: 'epsilon'; readonly value: number }
  /** Zeros of a side become m / 1e6 where its smallest non-zero share m ≤ 1e-4, else 1e-4 (Evidently 0.7). */
  | { readonly kind: 'evidently' }
  | { readonly kind: 'none' };

const DECILE_FILL: ZeroFill = { kind: 'epsilon', value: 1e-4 };
const NO_FILL: ZeroFill = { kind: 'none' };

function checkCounts(reference: ArrayLike<number>, current: ArrayLike<number>): void {
  if (reference.length !== current.length) {
    throw new RangeError(`distance: ${reference.length} reference bins but ${current.length} current bins`);
  }
}

/**
 * Counts as shares of their total.
 *
 * @param counts shape [bins], at least 0
 * @returns shape [bins], sums to 1
 * @throws RangeError when a count is negative or all are zero
 * @example
 * shares([1, 3]); // Float64Array [0.25, 0.75]
 */
export function shares(counts: ArrayLike<number>): Float64Array {
  let total = 0;
  for (let i = 0; i < counts.length; i++) {
    if (!(counts[i]! >= 0)) throw new RangeError(`shares: count ${i} must be at least 0, got ${counts[i]}`);
    total += counts[i]!;
  }
  if (!(total > 0)) throw new RangeError('shares: no rows');
  const result = new Float64Array(counts.length);
  for (let i = 0; i < result.length; i++) result[i] = counts[i]! / total;
  return result;
}

function zeroValue(filled: Float64Array): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < filled.length; i++) if (filled[i]! > 0) smallest = Math.min(smallest, filled[i]!);
  return smallest <= 1e-4 ? smallest / 1e6 : 1e-4;
}

function filledShares(counts: ArrayLike<number>, fill: ZeroFill): Float64Array {
  const result = shares(counts);
  if (fill.kind === 'none') return result;
  const floor = fill.kind === 'epsilon' ? fill.value : zeroValue(result);
  for (let i = 0; i < result.length; i++) {
    if (fill.kind === 'epsilon' ? result[i]! < floor : result[i] === 0) result[i] = floor;
  }
  return result;
}

/**
 * Population stability index Σ (r − c) ln(r / c), the symmetrised Kullback-Leibler divergence (Jeffreys, Proc. R. Soc.
 * A 186, 1946; Siddiqi, Credit Risk Scorecards, 2006). Below 0.1 is usually called stable, above 0.25 a large shift.
 *
 * @param reference shape [bins], counts
 * @param current shape [bins], counts in the same bins
 * @param fill treatment of empty bins; default ε = 1e-4
 * @returns value ≥ 0, nats; Infinity when an empty bin is not filled
 * @throws RangeError on different numbers of bins, negative counts or no rows
 * @example
 * populationStabilityIndex([50, 50], [60, 40]); // 0.0405465108108164
 */
export function populationStabilityIndex(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  fill: ZeroFill = DECILE_FILL,
): number {
  checkCounts(reference, current);
  const r = filledShares(reference, fill);
  const c = filledShares(current, fill);
  let total = 0;
  for (let i = 0; i < r.length; i++) if (r[i] !== c[i]) total += (r[i]! - c[i]!) * Math.log(r[i]! / c[i]!);
  return total;
}

/**
 * Kullback-Leibler divergence Σ r ln(r / c) (Ann. Math. Statist. 22, 1951).
 *
 * @param reference shape [bins], counts
 * @param current shape [bins], counts in the same bins
 * @param fill treatment of empty bins; default none
 * @returns nats; Infinity when the reference has rows where the current period has none and bins are not filled
 * @throws RangeError on different numbers of bins, negative counts or no rows
 * @example
 * klDivergence([50, 50], [60, 40]); // 0.0204109...
 */
export function klDivergence(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  fill: ZeroFill = NO_FILL,
): number {
  checkCounts(reference, current);
  const r = filledShares(reference, fill);
  const c = filledShares(current, fill);
  // Filled shares add up to more than 1.
  const sumR = sum(r);
  const sumC = sum(c);
  let total = 0;
  for (let i = 0; i < r.length; i++) if (r[i]! > 0) total += (r[i]! / sumR) * Math.log((r[i]! * sumC) / (c[i]! * sumR));
  return total;
}

/**
 * Jensen-Shannon distance: the root of the divergence (Endres and Schindelin, IEEE Trans. Inf. Theory 49, 2003).
 * Evidently uses base e (at most 0.8326), NannyML base 2 (at most 1).
 *
 * @param reference shape [bins], counts
 * @param current shape [bins], counts in the same bins
 * @param base of the logarithm; default e
 * @returns value ≥ 0
 * @throws RangeError on different numbers of bins, negative counts or no rows
 * @example
 * jensenShannonDistance([1, 0], [0, 1], 2); // 1
 */
export function jensenShannonDistance(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  base: number = Math.E,
): number {
  checkCounts(reference, current);
  const r = shares(reference);
  const c = shares(current);
  let total = 0;
  for (let i = 0; i < r.length; i++) {
    const middle = (r[i]! + c[i]!) / 2;
    if (r[i]! > 0) total += r[i]! * Math.log(r[i]! / middle);
    if (c[i]! > 0) total += c[i]! * Math.log(c[i]! / middle);
  }
  return Math.sqrt(Math.max(0, total / 2) / Math.log(base));
}

/**
 * Hellinger distance √(1 − Σ √(r c)).
 *
 * @param reference shape [bins], counts
 * @param current shape [bins], counts in the same bins
 * @returns value in [0, 1]
 * @throws RangeError on different numbers of bins, negative counts or no rows
 * @example
 * hellingerDistance([1, 0], [0, 1]); // 1
 */
export function hellingerDistance(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  checkCounts(reference, current);
  const r = shares(reference);
  const c = shares(current);
  // ½ Σ (√r − √c)² equals 1 − Σ √(r c) without its cancellation.
  let total = 0;
  for (let i = 0; i < r.length; i++) total += (Math.sqrt(r[i]!) - Math.sqrt(c[i]!)) ** 2;
  return Math.sqrt(total / 2);
}

/**
 * Total variation distance ½ Σ |r − c|.
 *
 * @param reference shape [bins], counts
 * @param current shape [bins], counts in the same bins
 * @returns value in [0, 1]
 * @throws RangeError on different numbers of bins, negative counts or no rows
 * @example
 * totalVariationDistance([1, 1], [1, 3]); // 0.25
 */
export function totalVariationDistance(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  checkCounts(reference, current);
  const r = shares(reference);
  const c = shares(current);
  let total = 0;
  for (let i = 0; i < r.length; i++) total += Math.abs(r[i]! - c[i]!);
  return total / 2;
}

/**
 * L-infinity distance max |r − c|.
 *
 * @param reference shape [bins], counts
 * @param current shape [bins], counts in the same bins
 * @returns value in [0, 1]
 * @throws RangeError on different numbers of bins, negative counts or no rows
 * @example
 * lInfinityDistance([1, 1], [1, 3]); // 0.25
 */
export function lInfinityDistance(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  checkCounts(reference, current);
  const r = shares(reference);
  const c = shares(current);
  let largest = 0;
  for (let i = 0; i < r.length; i++) largest = Math.max(largest, Math.abs(r[i]! - c[i]!));
  return largest;
}

/**
 * Kolmogorov-Smirnov statistic between binned samples: the largest difference of cumulative shares. A lower bound of
 * the statistic on the raw values.
 *
 * @param reference shape [bins], counts in ascending bins
 * @param current shape [bins], counts in the same bins
 * @returns value in [0, 1]
 * @throws RangeError on different numbers of bins, negative counts or no rows
 * @example
 * binnedKsStatistic([5, 5], [8, 2]); // 0.3
 */
export function binnedKsStatistic(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  checkCounts(reference, current);
  const r = shares(reference);
  const c = shares(current);
  let gap = 0;
  let largest = 0;
  for (let i = 0; i < r.length - 1; i++) {
    gap += c[i]! - r[i]!;
    largest = Math.max(largest, Math.abs(gap));
  }
  return largest;
}
