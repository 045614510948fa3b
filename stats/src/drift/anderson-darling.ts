import { sortedFinite } from '../sample/ranks.ts';
import type { TestResult } from './kolmogorov-smirnov.ts';

/** Coefficients of the critical values b0 + b1/√m + b2/m and their levels (Scholz and Stephens 1987, table 2). */
const CRITICAL = [
  [0.675, -0.245, -0.105],
  [1.281, 0.25, -0.305],
  [1.645, 0.678, -0.362],
  [1.96, 1.149, -0.391],
  [2.326, 1.822, -0.396],
  [2.573, 2.364, -0.345],
  [3.085, 3.615, -0.154],
] as const;
const LEVELS = [0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001] as const;

/**
 * Least-squares parabola through (x, y), evaluated at one point; x is centred to keep the normal equations well posed.
 */
function parabolaAt(x: readonly number[], y: readonly number[], at: number): number {
  const centre = x.reduce((a, b) => a + b, 0) / x.length;
  const moments = [0, 0, 0, 0, 0];
  const products = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const t = x[i]! - centre;
    for (let k = 0; k < 5; k++) moments[k]! += t ** k;
    for (let k = 0; k < 3; k++) products[k]! += y[i]! * t ** k;
  }
  const rows = [0, 1, 2].map((r) => [moments[r]!, moments[r + 1]!, moments[r + 2]!, products[r]!]);
  for (let pivot = 0; pivot < 3; pivot++) {
    for (let r = 0; r < 3; r++) {
      if (r === pivot) continue;
      const factor = rows[r]![pivot]! / rows[pivot]![pivot]!;
      for (let c = pivot; c < 4; c++) rows[r]![c]! -= factor * rows[pivot]![c]!;
    }
  }
  const t = at - centre;
  return rows.reduce((total, row, k) => total + (row[3]! / row[k]!) * t ** k, 0);
}

/** Σ over distinct values of the pooled sample, per sample; midrank form (Scholz and Stephens, eq. 7). */
function midrankStatistic(samples: readonly Float64Array[], pooled: Float64Array): number {
  const all = pooled.length;
  const positions = samples.map(() => 0);
  const sums = samples.map(() => 0);
  for (let start = 0; start < all; ) {
    let end = start;
    while (end < all && pooled[end] === pooled[start]) end++;
    const tied = end - start;
    const middle = start + tied / 2;
    const spread = middle * (all - middle) - (all * tied) / 4;
    samples.forEach((sample, s) => {
      const first = positions[s]!;
      let next = first;
      while (next < sample.length && sample[next] === pooled[start]) next++;
      positions[s] = next;
      if (spread > 0) sums[s]! += ((tied / all) * (all * ((first + next) / 2) - middle * sample.length) ** 2) / spread;
    });
    start = end;
  }
  return (sums.reduce((total, sum, s) => total + sum / samples[s]!.length, 0) * (all - 1)) / all;
}

/** Variance of the statistic under the null hypothesis (Scholz and Stephens, eq. 4). */
function nullVariance(sizes: readonly number[], all: number): number {
  const k = sizes.length;
  const inverse = sizes.reduce((total, size) => total + 1 / size, 0);
  let harmonic = 0;
  let g = 0;
  for (let i = all - 1; i >= 1; i--) {
    if (i < all - 1) g += harmonic / (all - i);
    harmonic += 1 / i;
  }
  const h = harmonic;
  const a = (4 * g - 6) * (k - 1) + (10 - 6 * g) * inverse;
  const b = (2 * g - 4) * k * k + 8 * h * k + (2 * g - 14 * h - 4) * inverse - 8 * h + 4 * g - 6;
  const c = (6 * h + 2 * g - 2) * k * k + (4 * h - 4 * g + 6) * k + (2 * h - 6) * inverse + 4 * h;
  const d = (2 * h + 6) * k * k - 4 * h * k;
  return (((a * all + b) * all + c) * all + d) / ((all - 1) * (all - 2) * (all - 3));
}

/**
 * k-sample Anderson-Darling test, midrank version (Scholz and Stephens, J. Amer. Statist. Assoc. 82, 1987). The p-value
 * is interpolated in the published table and clipped to [0.001, 0.25].
 *
 * @param samples at least two samples; NaN and ±∞ are dropped
 * @returns normalised statistic and clipped p-value
 * @throws RangeError with fewer than two samples, an empty sample, fewer than four rows or a single distinct value
 * @example
 * andersonDarling([[1, 2, 3, 4], [5, 6, 7, 8]]).pValue; // below 0.05
 */
export function andersonDarling(samples: readonly ArrayLike<number>[]): TestResult {
  if (samples.length < 2) throw new RangeError(`Anderson-Darling: needs 2 samples, got ${samples.length}`);
  const sorted = samples.map((sample) => sortedFinite(sample));
  const sizes = sorted.map((sample) => sample.length);
  if (Math.min(...sizes) < 1) throw new RangeError('Anderson-Darling: a sample has no finite values');
  const all = sizes.reduce((total, size) => total + size, 0);
  const pooled = new Float64Array(all);
  let offset = 0;
  for (const sample of sorted) {
    pooled.set(sample, offset);
    offset += sample.length;
  }
  pooled.sort();
  if (all < 4 || pooled[0] === pooled[all - 1]) {
    throw new RangeError('Anderson-Darling: needs at least 4 rows and 2 distinct values');
  }
  const m = samples.length - 1;
  const statistic = (midrankStatistic(sorted, pooled) - m) / Math.sqrt(nullVariance(sizes, all));
  const critical = CRITICAL.map(([b0, b1, b2]) => b0 + b1 / Math.sqrt(m) + b2 / m);
  if (statistic < critical[0]!) return { statistic, pValue: 0.25 };
  if (statistic > critical.at(-1)!) return { statistic, pValue: 0.001 };
  return { statistic, pValue: Math.exp(parabolaAt(critical, LEVELS.map(Math.log), statistic)) };
}
