import { studentTQuantile, studentTTwoSidedP } from '../distribution/student-t.ts';
import { checkNumbers, checkPaired } from '../metrics/check-input.ts';
import { mean } from '../sample/sum.ts';
import { groupClusters } from './clusters.ts';
import type { Interval } from './proportion-interval.ts';

/** Mean difference of two values per row with its cluster-robust error. */
export interface PairedDifference extends Interval {
  /** Mean of a − b. */
  readonly difference: number;
  readonly standardError: number;
  /** Number of independent clusters; degrees of freedom are one less. */
  readonly clusters: number;
  /** Two-sided p-value of "difference = 0". */
  readonly pValue: number;
}

/**
 * Mean of a − b over rows with a cluster-robust (sandwich, CR1) variance
 * G/(G−1) · Σ_g (Σ_{i∈g} (d_i − d̄))² / n² and Student's t with G − 1 degrees of freedom
 * (Liang and Zeger, Biometrika 73, 1986; Cameron and Miller, J. Human Resources 50, 2015).
 *
 * @param a shape [n], for example the candidate's loss per row
 * @param b shape [n], the champion's loss on the same rows
 * @param options cluster id per row (default: each row alone) and coverage (default 0.95)
 * @returns difference, standard error, interval and p-value; the error is infinite with a single cluster
 * @throws RangeError on different lengths, no rows, NaN or a level outside (0, 1)
 * @example
 * pairedMeanDifference([1, 2, 3, 5], [1, 1, 2, 3]).difference; // 1
 */
export function pairedMeanDifference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: { readonly clusters?: ArrayLike<number | string>; readonly level?: number } = {},
): PairedDifference {
  const { level = 0.95 } = options;
  checkPaired('paired difference', a, b);
  checkNumbers('paired difference', a);
  checkNumbers('paired difference', b);
  if (!(level > 0 && level < 1)) throw new RangeError(`paired difference: level must be in (0, 1), got ${level}`);
  const n = a.length;
  const differences = new Float64Array(n);
  for (let i = 0; i < n; i++) differences[i] = a[i]! - b[i]!;
  const difference = mean(differences);
  const { count, of } = groupClusters(n, options.clusters);
  if (count < 2) {
    return {
      difference,
      standardError: Number.POSITIVE_INFINITY,
      clusters: count,
      pValue: 1,
      lower: Number.NEGATIVE_INFINITY,
      upper: Number.POSITIVE_INFINITY,
    };
  }
  const totals = new Float64Array(count);
  for (let i = 0; i < n; i++) totals[of[i]!]! += differences[i]! - difference;
  let squares = 0;
  for (let g = 0; g < count; g++) squares += totals[g]! ** 2;
  const standardError = Math.sqrt((squares * count) / (count - 1)) / n;
  const halfWidth = studentTQuantile(1 - (1 - level) / 2, count - 1) * standardError;
  return {
    difference,
    standardError,
    clusters: count,
    pValue: difference === 0 ? 1 : studentTTwoSidedP(difference / standardError, count - 1),
    lower: difference - halfWidth,
    upper: difference + halfWidth,
  };
}
