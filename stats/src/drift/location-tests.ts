import { normalSf } from '../distribution/normal.ts';
import { studentTTwoSidedP } from '../distribution/student-t.ts';
import { eachDistinct } from '../sample/each-distinct.ts';
import { sortedFinite } from '../sample/ranks.ts';
import { mean, variance } from '../sample/sum.ts';
import type { TestResult } from './kolmogorov-smirnov.ts';

/** Result of a t-test. */
export interface TTestResult extends TestResult {
  readonly degreesOfFreedom: number;
}

function finite(test: string, values: ArrayLike<number>, least: number): Float64Array {
  const kept = sortedFinite(values);
  if (kept.length < least) throw new RangeError(`${test}: needs ${least} finite values per sample, got ${kept.length}`);
  return kept;
}

/**
 * Student's t-test of equal means, assuming equal variances (Biometrika 6, 1908), two-sided.
 *
 * @param reference shape [m], at least 2 finite values; NaN and ±∞ are dropped
 * @param current shape [n], at least 2 finite values
 * @returns t (reference − current), degrees of freedom and p-value
 * @throws RangeError with fewer than two finite values in a sample
 * @example
 * studentTTest([1, 2, 3], [2, 3, 4]).statistic; // -1.224744871391589
 */
export function studentTTest(reference: ArrayLike<number>, current: ArrayLike<number>): TTestResult {
  const a = finite('t-test', reference, 2);
  const b = finite('t-test', current, 2);
  const degreesOfFreedom = a.length + b.length - 2;
  const pooled = ((a.length - 1) * variance(a) + (b.length - 1) * variance(b)) / degreesOfFreedom;
  const statistic = (mean(a) - mean(b)) / Math.sqrt(pooled * (1 / a.length + 1 / b.length));
  return { statistic, degreesOfFreedom, pValue: studentTTwoSidedP(statistic, degreesOfFreedom) };
}

/**
 * Welch's t-test of equal means with unequal variances (Biometrika 34, 1947), two-sided.
 *
 * @param reference shape [m], at least 2 finite values; NaN and ±∞ are dropped
 * @param current shape [n], at least 2 finite values
 * @returns t (reference − current), Satterthwaite's degrees of freedom and p-value
 * @throws RangeError with fewer than two finite values in a sample
 * @example
 * welchTTest([1, 2, 3], [2, 4, 6]).statistic; // -1.5491933384829668
 */
export function welchTTest(reference: ArrayLike<number>, current: ArrayLike<number>): TTestResult {
  const a = finite('Welch test', reference, 2);
  const b = finite('Welch test', current, 2);
  const errorA = variance(a) / a.length;
  const errorB = variance(b) / b.length;
  const statistic = (mean(a) - mean(b)) / Math.sqrt(errorA + errorB);
  const degreesOfFreedom = (errorA + errorB) ** 2 / (errorA ** 2 / (a.length - 1) + errorB ** 2 / (b.length - 1));
  return { statistic, degreesOfFreedom, pValue: studentTTwoSidedP(statistic, degreesOfFreedom || 1) };
}

/** Sum of the first sample's midranks and Σ (t³ − t) over ties, from sorted samples. */
function rankSum(a: Float64Array, b: Float64Array): { ranks: number; ties: number } {
  let ranks = 0;
  let ties = 0;
  eachDistinct(a, b, (_, fromA, toA, fromB, toB) => {
    const tied = toA - fromA + toB - fromB;
    ranks += (toA - fromA) * (fromA + fromB + (tied + 1) / 2);
    ties += tied ** 3 - tied;
  });
  return { ranks, ties };
}

/**
 * Mann-Whitney U test by the normal approximation with tie and continuity correction (Ann. Math. Statist. 18, 1947).
 *
 * @param reference shape [m]; NaN and ±∞ are dropped
 * @param current shape [n]
 * @param alternative `less`: the reference tends to be smaller; default two-sided
 * @returns U of the reference and p-value
 * @throws RangeError when a sample has no finite values
 * @example
 * mannWhitney([1, 2, 3], [4, 5, 6]).statistic; // 0
 */
export function mannWhitney(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  alternative: 'two-sided' | 'less' | 'greater' = 'two-sided',
): TestResult {
  const a = finite('Mann-Whitney', reference, 1);
  const b = finite('Mann-Whitney', current, 1);
  const pairs = a.length * b.length;
  const n = a.length + b.length;
  const { ranks, ties } = rankSum(a, b);
  const statistic = ranks - (a.length * (a.length + 1)) / 2;
  const other = pairs - statistic;
  const tail = { 'two-sided': Math.max(statistic, other), less: other, greater: statistic }[alternative];
  const deviation = Math.sqrt((pairs / 12) * (n + 1 - ties / (n * (n - 1))));
  if (!(deviation > 0)) return { statistic, pValue: 1 };
  const p = normalSf((tail - pairs / 2 - 0.5) / deviation);
  return { statistic, pValue: alternative === 'two-sided' ? Math.min(1, 2 * p) : p };
}
