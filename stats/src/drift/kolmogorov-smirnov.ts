import { kolmogorovFiniteSf, kolmogorovTwoSampleSf } from '../distribution/kolmogorov.ts';
import { eachDistinct } from '../sample/each-distinct.ts';
import { sortedFinite } from '../sample/ranks.ts';

/** A test statistic with its p-value. */
export interface TestResult {
  readonly statistic: number;
  readonly pValue: number;
}

/** Result of a two-sample Kolmogorov-Smirnov test. */
export interface KsResult extends TestResult {
  readonly method: 'exact' | 'asymptotic';
}

const EXACT_LIMIT = 10_000;

/** Largest |F − G| of sorted samples. */
function largestGap(a: Float64Array, b: Float64Array): number {
  let largest = 0;
  eachDistinct(a, b, (_, _fromA, toA, _fromB, toB) => {
    largest = Math.max(largest, Math.abs(toA / a.length - toB / b.length));
  });
  return largest;
}

/**
 * Two-sample, two-sided Kolmogorov-Smirnov test (Smirnov 1939). Exact p-values by counting paths, asymptotic ones from
 * the one-sample distribution at the rounded effective size m n / (m + n), as scipy does.
 *
 * @param reference shape [m]; NaN and ±∞ are dropped
 * @param current shape [n]; NaN and ±∞ are dropped
 * @param method `auto` is exact up to 10,000 rows in each sample; `exact` costs O(m n)
 * @returns statistic D in [0, 1], p-value and the method used
 * @throws RangeError when a sample has no finite values
 * @example
 * kolmogorovSmirnov([1, 2, 3], [4, 5, 6]); // { statistic: 1, pValue: 0.1, method: 'exact' }
 */
export function kolmogorovSmirnov(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  method: 'auto' | 'exact' | 'asymptotic' = 'auto',
): KsResult {
  const a = sortedFinite(reference);
  const b = sortedFinite(current);
  if (a.length === 0 || b.length === 0) throw new RangeError('Kolmogorov-Smirnov: a sample has no finite values');
  const statistic = largestGap(a, b);
  const exact = method === 'exact' || (method === 'auto' && Math.max(a.length, b.length) <= EXACT_LIMIT);
  if (exact) {
    return { statistic, pValue: kolmogorovTwoSampleSf(a.length, b.length, statistic), method: 'exact' };
  }
  const effective = Math.max(1, Math.round((a.length * b.length) / (a.length + b.length)));
  return { statistic, pValue: kolmogorovFiniteSf(effective, statistic), method: 'asymptotic' };
}
