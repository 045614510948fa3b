import { chiSquareSf } from '../distribution/incomplete-gamma.ts';
import { logGamma } from '../distribution/log-gamma.ts';
import { normalSf } from '../distribution/normal.ts';
import type { TestResult } from './kolmogorov-smirnov.ts';

/** A statistic that is chi-square distributed under the null hypothesis. */
export interface ChiSquareResult extends TestResult {
  readonly degreesOfFreedom: number;
}

function total(counts: ArrayLike<number>): number {
  let result = 0;
  for (let i = 0; i < counts.length; i++) {
    if (!(counts[i]! >= 0)) throw new RangeError(`count test: count ${i} must be at least 0, got ${counts[i]}`);
    result += counts[i]!;
  }
  return result;
}

function totals(reference: ArrayLike<number>, current: ArrayLike<number>): { m: number; n: number } {
  if (reference.length !== current.length) {
    throw new RangeError(`count test: ${reference.length} reference bins but ${current.length} current bins`);
  }
  const m = total(reference);
  const n = total(current);
  if (!(m > 0 && n > 0)) throw new RangeError('count test: no rows');
  return { m, n };
}

function withTail(statistic: number, degreesOfFreedom: number): ChiSquareResult {
  if (degreesOfFreedom === 0) return { statistic, degreesOfFreedom, pValue: Number.NaN };
  const pValue = statistic === Number.POSITIVE_INFINITY ? 0 : chiSquareSf(Math.max(0, statistic), degreesOfFreedom);
  return { statistic, degreesOfFreedom, pValue };
}

/**
 * Chi-square goodness of fit of the current counts to the reference's shares (Pearson, Phil. Mag. 50, 1900), k − 1
 * degrees of freedom: Evidently's `chisquare`. It takes the reference as exact; `chiSquareContingency` does not.
 *
 * @param reference shape [bins], counts
 * @param current shape [bins], counts in the same bins
 * @returns statistic, degrees of freedom and p-value; p = 0 when a bin is new, NaN with a single bin
 * @throws RangeError on different numbers of bins, negative counts or no rows
 * @example
 * chiSquareGoodnessOfFit([50, 50], [60, 40]).statistic; // 4
 */
export function chiSquareGoodnessOfFit(reference: ArrayLike<number>, current: ArrayLike<number>): ChiSquareResult {
  const { m, n } = totals(reference, current);
  let statistic = 0;
  for (let i = 0; i < reference.length; i++) {
    const expected = (reference[i]! * n) / m;
    if (current[i] !== expected) statistic += (current[i]! - expected) ** 2 / expected;
  }
  return withTail(statistic, reference.length - 1);
}

/**
 * Chi-square test of homogeneity of two rows of counts, without continuity correction (Pearson 1900): the sampling
 * error of both sides counts. Bins that are empty on both sides are left out.
 *
 * @param reference shape [bins], counts
 * @param current shape [bins], counts in the same bins
 * @returns statistic, degrees of freedom and p-value; NaN with a single bin
 * @throws RangeError on different numbers of bins, negative counts or no rows
 * @example
 * chiSquareContingency([50, 50], [60, 40]).statistic; // 2.0202020202020203
 */
export function chiSquareContingency(reference: ArrayLike<number>, current: ArrayLike<number>): ChiSquareResult {
  const { m, n } = totals(reference, current);
  let statistic = 0;
  let bins = 0;
  for (let i = 0; i < reference.length; i++) {
    const both = reference[i]! + current[i]!;
    if (both === 0) continue;
    bins++;
    const expectedReference = (both * m) / (m + n);
    const expectedCurrent = (both * n) / (m + n);
    statistic += (reference[i]! - expectedReference) ** 2 / expectedReference;
    statistic += (current[i]! - expectedCurrent) ** 2 / expectedCurrent;
  }
  return withTail(statistic, bins - 1);
}

/**
 * Cramér's V of two rows of counts, √(χ² / (m + n)): an effect size in [0, 1], uncorrected for bias (Cramér 1946).
 *
 * @param reference shape [bins], counts
 * @param current shape [bins], counts in the same bins
 * @returns value in [0, 1]
 * @throws RangeError on different numbers of bins, negative counts or no rows
 * @example
 * cramersV([50, 50], [60, 40]); // 0.10050378152592121
 */
export function cramersV(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  const { m, n } = totals(reference, current);
  return Math.sqrt(chiSquareContingency(reference, current).statistic / (m + n));
}

/**
 * Likelihood-ratio (G) test of the current counts against the reference's shares, 2 Σ c ln(c / expected), k − 1 degrees
 * of freedom (Wilks 1938). The expectation is scaled to the current total, unlike Evidently's `g_test`.
 *
 * @param reference shape [bins], counts
 * @param current shape [bins], counts in the same bins
 * @returns statistic, degrees of freedom and p-value
 * @throws RangeError on different numbers of bins, negative counts or no rows
 * @example
 * gTest([50, 50], [60, 40]).statistic; // 4.027102...
 */
export function gTest(reference: ArrayLike<number>, current: ArrayLike<number>): ChiSquareResult {
  const { m, n } = totals(reference, current);
  let statistic = 0;
  for (let i = 0; i < reference.length; i++) {
    if (current[i]! > 0) statistic += 2 * current[i]! * Math.log(current[i]! / ((reference[i]! * n) / m));
  }
  return withTail(statistic, reference.length - 1);
}

/**
 * Two-proportion z-test with pooled variance, two-sided.
 *
 * @param reference successes and trials of the reference
 * @param current successes and trials of the current period
 * @returns z (reference − current share, in standard errors) and p-value; p = 1 when no proportion varies
 * @throws RangeError when successes are not between 0 and trials, or there are no trials
 * @example
 * twoProportionZ({ successes: 50, trials: 100 }, { successes: 60, trials: 100 }).statistic; // -1.421338109037403
 */
export function twoProportionZ(
  reference: { readonly successes: number; readonly trials: number },
  current: { readonly successes: number; readonly trials: number },
): TestResult {
  for (const { successes, trials } of [reference, current]) {
    if (!(trials > 0 && successes >= 0 && successes <= trials)) {
      throw new RangeError(`two proportions: need 0 ≤ successes ≤ trials, got ${successes} of ${trials}`);
    }
  }
  const pooled = (reference.successes + current.successes) / (reference.trials + current.trials);
  const variance = pooled * (1 - pooled) * (1 / reference.trials + 1 / current.trials);
  if (variance === 0) return { statistic: 0, pValue: 1 };
  const difference = reference.successes / reference.trials - current.successes / current.trials;
  const statistic = difference / Math.sqrt(variance);
  return { statistic, pValue: 2 * normalSf(Math.abs(statistic)) };
}

/**
 * Fisher's exact test of a 2 × 2 table, two-sided: the total probability of all tables with the same margins that are
 * at most as likely (Fisher 1934).
 *
 * @param table shape [2][2], whole counts
 * @returns p-value in [0, 1]
 * @throws RangeError when a count is not a whole number of at least 0
 * @example
 * fisherExact([[8, 2], [1, 5]]); // 0.03496503496503495
 */
export function fisherExact(table: readonly [readonly [number, number], readonly [number, number]]): number {
  const [[a, b], [c, d]] = table;
  for (const count of [a, b, c, d]) {
    if (!(Number.isInteger(count) && count >= 0)) throw new RangeError(`Fisher: counts must be whole, got ${count}`);
  }
  const row = a + b;
  const column = a + c;
  const n = row + c + d;
  const logFactorial = (k: number) => logGamma(k + 1);
  const margins =
    logFactorial(row) + logFactorial(n - row) + logFactorial(column) + logFactorial(n - column) - logFactorial(n);
  const logProbability = (k: number) =>
    margins - logFactorial(k) - logFactorial(row - k) - logFactorial(column - k) - logFactorial(n - row - column + k);
  // Equally likely tables must not be lost to rounding.
  const bound = logProbability(a) + 1e-7;
  let result = 0;
  for (let k = Math.max(0, row + column - n); k <= Math.min(row, column); k++) {
    const log = logProbability(k);
    if (log <= bound) result += Math.exp(log);
  }
  return Math.min(1, result);
}
