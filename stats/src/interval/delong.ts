import { normalQuantile, normalSf } from '../distribution/normal.ts';
import { checkLabels, checkNumbers, checkPaired } from '../metrics/check-input.ts';
import { midRanks } from '../sample/ranks.ts';
import { mean } from '../sample/sum.ts';
import type { Interval } from './proportion-interval.ts';

/** Area under the ROC curve with its sampling error. */
export interface AucEstimate extends Interval {
  readonly auc: number;
  /** Variance of the estimate. */
  readonly variance: number;
}

/** Comparison of two scores on the same rows. */
export interface AucComparison extends Interval {
  readonly aucA: number;
  readonly aucB: number;
  /** aucA − aucB; the interval is of this difference. */
  readonly difference: number;
  readonly variance: number;
  /** Difference in standard errors; 0 when both scores rank alike. */
  readonly z: number;
  /** Two-sided. */
  readonly pValue: number;
}

/**
 * Structural components: for each positive (negative) the share of negatives (positives) it is ranked right against.
 */
interface Components {
  readonly auc: number;
  readonly positives: Float64Array;
  readonly negatives: Float64Array;
}

function components(labels: ArrayLike<number>, scores: ArrayLike<number>): Components {
  checkPaired('DeLong', labels, scores);
  checkLabels('DeLong', labels);
  checkNumbers('DeLong', scores);
  const n = labels.length;
  let m = 0;
  for (let i = 0; i < n; i++) m += labels[i]!;
  if (m === 0 || m === n) throw new RangeError('DeLong: both classes are needed');
  const split = (wanted: number, size: number): Float64Array => {
    const part = new Float64Array(size);
    let k = 0;
    for (let i = 0; i < n; i++) if (labels[i] === wanted) part[k++] = scores[i]!;
    return part;
  };
  const all = midRanks(scores);
  const positives = midRanks(split(1, m));
  const negatives = midRanks(split(0, n - m));
  let p = 0;
  let q = 0;
  for (let i = 0; i < n; i++) {
    if (labels[i] === 1) {
      positives[p] = (all[i]! - positives[p]!) / (n - m);
      p++;
    } else {
      negatives[q] = 1 - (all[i]! - negatives[q]!) / m;
      q++;
    }
  }
  return { auc: mean(positives), positives, negatives };
}

/** Sample covariance; 0 for a single value, where nothing is known. */
function covariance(a: Float64Array, b: Float64Array): number {
  const centreA = mean(a);
  const centreB = mean(b);
  let total = 0;
  for (let i = 0; i < a.length; i++) total += (a[i]! - centreA) * (b[i]! - centreB);
  return a.length > 1 ? total / (a.length - 1) : 0;
}

function checkLevel(level: number): void {
  if (!(level > 0 && level < 1)) throw new RangeError(`DeLong: level must be in (0, 1), got ${level}`);
}

/**
 * Area under the ROC curve with DeLong's variance (DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988; O(n log n)
 * by midranks: Sun and Xu, IEEE Signal Processing Letters 21, 2014) and a normal interval. Where the variance is zero
 * (perfect ranking) the far bound is that of min(positives, negatives) successes without a failure (Clopper-Pearson).
 *
 * @param labels shape [n], 0 or 1, both present
 * @param scores shape [n], higher for positives
 * @param level coverage in (0, 1); default 0.95
 * @returns area, variance and interval within [0, 1]
 * @throws RangeError on different lengths, no rows, other labels, a missing class or NaN scores
 * @example
 * delongAuc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).auc; // 0.75
 */
export function delongAuc(labels: ArrayLike<number>, scores: ArrayLike<number>, level = 0.95): AucEstimate {
  checkLevel(level);
  const { auc, positives, negatives } = components(labels, scores);
  const variance =
    covariance(positives, positives) / positives.length + covariance(negatives, negatives) / negatives.length;
  if (variance === 0) {
    const bound = ((1 - level) / 2) ** (1 / Math.min(positives.length, negatives.length));
    return { auc, variance, lower: Math.min(auc, bound), upper: Math.max(auc, 1 - bound) };
  }
  const halfWidth = normalQuantile(1 - (1 - level) / 2) * Math.sqrt(variance);
  return { auc, variance, lower: Math.max(0, auc - halfWidth), upper: Math.min(1, auc + halfWidth) };
}

/**
 * DeLong's test of two correlated areas under the ROC curve: two scores of the same rows (DeLong et al. 1988).
 *
 * @param labels shape [n], 0 or 1, both present
 * @param scoresA shape [n]
 * @param scoresB shape [n]
 * @param level coverage of the interval of aucA − aucB, in (0, 1); default 0.95
 * @returns areas, their difference with variance and interval, z and two-sided p-value
 * @throws RangeError on different lengths, no rows, other labels, a missing class or NaN scores
 * @example
 * delongTest([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], [0.1, 0.2, 0.35, 0.8]).difference; // -0.25
 */
export function delongTest(
  labels: ArrayLike<number>,
  scoresA: ArrayLike<number>,
  scoresB: ArrayLike<number>,
  level = 0.95,
): AucComparison {
  checkLevel(level);
  const a = components(labels, scoresA);
  const b = components(labels, scoresB);
  for (let i = 0; i < a.positives.length; i++) a.positives[i]! -= b.positives[i]!;
  for (let i = 0; i < a.negatives.length; i++) a.negatives[i]! -= b.negatives[i]!;
  const variance =
    covariance(a.positives, a.positives) / a.positives.length +
    covariance(a.negatives, a.negatives) / a.negatives.length;
  const difference = a.auc - b.auc;
  const z = difference === 0 ? 0 : difference / Math.sqrt(variance);
  const halfWidth = normalQuantile(1 - (1 - level) / 2) * Math.sqrt(variance);
  return {
    aucA: a.auc,
    aucB: b.auc,
    difference,
    variance,
    z,
    pValue: 2 * normalSf(Math.abs(z)),
    lower: difference - halfWidth,
    upper: difference + halfWidth,
  };
}
