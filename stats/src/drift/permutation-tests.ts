import { createRandom, type Random } from '../sampling/random.ts';
import { totalVariationDistance } from './distribution-distance.ts';
import type { TestResult } from './kolmogorov-smirnov.ts';

/** How a permutation test is run. */
export interface PermutationPlan {
  readonly seed: number;
  /** Number of random relabellings; default 1000. */
  readonly iterations?: number;
}

const ROW_LIMIT = 5000;

/** Moves a uniformly random choice of `size` elements to the front (Fisher and Yates). */
function chooseFront(random: Random, items: Uint32Array, size: number): void {
  for (let i = 0; i < size; i++) {
    const other = i + random.integer(items.length - i);
    const kept = items[i]!;
    items[i] = items[other]!;
    items[other] = kept;
  }
}

/** (1 + relabellings at least as extreme) / (1 + relabellings) (Phipson and Smyth, SAGMB 9, 2010). */
function permutationP(plan: PermutationPlan, observed: number, relabelled: (random: Random) => number): number {
  const { iterations = 1000 } = plan;
  if (!(Number.isInteger(iterations) && iterations >= 1)) {
    throw new RangeError(`permutation test: iterations must be at least 1, got ${iterations}`);
  }
  const random = createRandom(plan.seed);
  const bound = observed - 1e-12;
  let extreme = 0;
  for (let i = 0; i < iterations; i++) if (relabelled(random) >= bound) extreme++;
  return (1 + extreme) / (1 + iterations);
}

/**
 * Permutation test of equal category shares by total variation distance (Evidently's `TVD`).
 *
 * @param reference shape [bins], whole counts
 * @param current shape [bins], whole counts in the same bins
 * @param plan seed and number of relabellings
 * @returns distance in [0, 1] and p-value
 * @throws RangeError on different numbers of bins, no rows or fewer than one iteration
 * @example
 * totalVariationTest([50, 50], [50, 50], { seed: 1 }).pValue; // 1
 */
export function totalVariationTest(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  plan: PermutationPlan,
): TestResult {
  const statistic = totalVariationDistance(reference, current);
  const bins = reference.length;
  const codes: number[] = [];
  let size = 0;
  for (let bin = 0; bin < bins; bin++) {
    size += reference[bin]!;
    for (let k = reference[bin]! + current[bin]!; k > 0; k--) codes.push(bin);
  }
  const items = Uint32Array.from(codes);
  const first = new Float64Array(bins);
  const second = new Float64Array(bins);
  const pValue = permutationP(plan, statistic, (random) => {
    chooseFront(random, items, size);
    first.fill(0);
    second.fill(0);
    for (let i = 0; i < items.length; i++) (i < size ? first : second)[items[i]!]!++;
    return totalVariationDistance(first, second);
  });
  return { statistic, pValue };
}

/** Squared Euclidean distances between all rows, shape [n × n]. */
function squaredDistances(rows: Float64Array, dimensions: number): Float64Array {
  const n = rows.length / dimensions;
  const distances = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      let total = 0;
      for (let k = 0; k < dimensions; k++) total += (rows[i * dimensions + k]! - rows[j * dimensions + k]!) ** 2;
      distances[i * n + j] = total;
      distances[j * n + i] = total;
    }
  }
  return distances;
}

/** Gaussian kernel exp(−d² / (2 median)) in place; the median is of the squared distances between different rows. */
function toKernel(distances: Float64Array): Float64Array {
  const positive = distances.filter((d) => d > 0).sort();
  const scale = positive.length === 0 ? 1 : 2 * positive[positive.length >> 1]!;
  for (let i = 0; i < distances.length; i++) distances[i] = Math.exp(-distances[i]! / scale);
  return distances;
}

/** Unbiased estimate of MMD² when the first `m` of the ordered rows are one sample (Gretton et al., eq. 3). */
function unbiasedMmd(kernel: Float64Array, order: Uint32Array, m: number): number {
  const n = order.length - m;
  let [within, across, other] = [0, 0, 0];
  for (let i = 0; i < order.length; i++) {
    const row = order[i]! * order.length;
    for (let j = i + 1; j < order.length; j++) {
      const value = kernel[row + order[j]!]!;
      if (j < m) within += value;
      else if (i < m) across += value;
      else other += value;
    }
  }
  return (2 * within) / (m * (m - 1)) + (2 * other) / (n * (n - 1)) - (2 * across) / (m * n);
}

/**
 * Kernel two-sample test by maximum mean discrepancy with a Gaussian kernel (median heuristic) and permutations
 * (Gretton et al., JMLR 13, 2012). O((m + n)²) memory and time per relabelling.
 *
 * @param reference shape [m × dimensions], row by row, at least 2 rows
 * @param current shape [n × dimensions], row by row, at least 2 rows
 * @param plan number of columns (default 1), seed and number of relabellings
 * @returns unbiased MMD² (may be slightly negative) and p-value
 * @throws RangeError with fewer than two rows per sample, more than 5,000 rows in total, or a broken row
 * @example
 * maximumMeanDiscrepancy([1, 2, 3, 4], [11, 12, 13, 14], { seed: 1 }).pValue; // below 0.05
 */
export function maximumMeanDiscrepancy(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  plan: PermutationPlan & { readonly dimensions?: number },
): TestResult {
  const { dimensions = 1 } = plan;
  const m = reference.length / dimensions;
  const n = current.length / dimensions;
  if (!(Number.isInteger(m) && Number.isInteger(n) && m >= 2 && n >= 2 && m + n <= ROW_LIMIT)) {
    throw new RangeError(`MMD: needs 2 whole rows per sample and at most ${ROW_LIMIT} in all, got ${m} and ${n}`);
  }
  const rows = new Float64Array(reference.length + current.length);
  rows.set(reference);
  rows.set(current, reference.length);
  const kernel = toKernel(squaredDistances(rows, dimensions));
  const order = new Uint32Array(m + n);
  for (let i = 0; i < order.length; i++) order[i] = i;
  const statistic = unbiasedMmd(kernel, order, m);
  const pValue = permutationP(plan, statistic, (random) => {
    chooseFront(random, order, m);
    return unbiasedMmd(kernel, order, m);
  });
  return { statistic, pValue };
}
