import { chiSquareSf } from '../distribution/incomplete-gamma.ts';
import { quantileOfSorted, sortedFinite } from '../sample/ranks.ts';
import type { TestResult } from './kolmogorov-smirnov.ts';

/** Points of the characteristic function, in semi-interquartile ranges (Epps and Singleton 1986). */
const POINTS = [0.4, 0.8] as const;
const SIZE = 2 * POINTS.length;

interface Moments {
  readonly mean: Float64Array;
  /** Population covariance, shape [4 × 4]. */
  readonly covariance: Float64Array;
}

/** Mean and covariance of (cos t₁x, cos t₂x, sin t₁x, sin t₂x). */
function characteristicMoments(values: Float64Array, sigma: number): Moments {
  const n = values.length;
  const parts = new Float64Array(n * SIZE);
  const mean = new Float64Array(SIZE);
  for (let i = 0; i < n; i++) {
    POINTS.forEach((point, p) => {
      const angle = (point / sigma) * values[i]!;
      parts[i * SIZE + p] = Math.cos(angle);
      parts[i * SIZE + POINTS.length + p] = Math.sin(angle);
    });
    for (let k = 0; k < SIZE; k++) mean[k]! += parts[i * SIZE + k]!;
  }
  for (let k = 0; k < SIZE; k++) mean[k]! /= n;
  const covariance = new Float64Array(SIZE * SIZE);
  for (let i = 0; i < n; i++) {
    for (let r = 0; r < SIZE; r++) {
      const deviation = parts[i * SIZE + r]! - mean[r]!;
      for (let c = r; c < SIZE; c++) covariance[r * SIZE + c]! += deviation * (parts[i * SIZE + c]! - mean[c]!);
    }
  }
  for (let r = 0; r < SIZE; r++) {
    for (let c = r; c < SIZE; c++) {
      covariance[r * SIZE + c]! /= n;
      covariance[c * SIZE + r] = covariance[r * SIZE + c]!;
    }
  }
  return { mean, covariance };
}

/** One Jacobi rotation that zeroes element (p, q) of a symmetric matrix; vectors collects the rotations. */
function rotate(matrix: Float64Array, vectors: Float64Array, p: number, q: number): void {
  const off = matrix[p * SIZE + q]!;
  if (off === 0) return;
  const ratio = (matrix[q * SIZE + q]! - matrix[p * SIZE + p]!) / (2 * off);
  const tangent = (ratio >= 0 ? 1 : -1) / (Math.abs(ratio) + Math.hypot(ratio, 1));
  const cosine = 1 / Math.hypot(tangent, 1);
  const sine = tangent * cosine;
  for (let k = 0; k < SIZE; k++) {
    const left = matrix[k * SIZE + p]!;
    const right = matrix[k * SIZE + q]!;
    matrix[k * SIZE + p] = cosine * left - sine * right;
    matrix[k * SIZE + q] = sine * left + cosine * right;
  }
  for (let k = 0; k < SIZE; k++) {
    const upper = matrix[p * SIZE + k]!;
    const lower = matrix[q * SIZE + k]!;
    matrix[p * SIZE + k] = cosine * upper - sine * lower;
    matrix[q * SIZE + k] = sine * upper + cosine * lower;
    const left = vectors[k * SIZE + p]!;
    const right = vectors[k * SIZE + q]!;
    vectors[k * SIZE + p] = cosine * left - sine * right;
    vectors[k * SIZE + q] = sine * left + cosine * right;
  }
}

/** gᵀ S⁺ g and the rank of S, through the eigenvalues of S (cyclic Jacobi method). */
function pseudoInverseForm(g: Float64Array, covariance: Float64Array): { form: number; rank: number } {
  const matrix = covariance.slice();
  const vectors = new Float64Array(SIZE * SIZE);
  for (let i = 0; i < SIZE; i++) vectors[i * SIZE + i] = 1;
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let p = 0; p < SIZE; p++) for (let q = p + 1; q < SIZE; q++) rotate(matrix, vectors, p, q);
  }
  let largest = 0;
  for (let i = 0; i < SIZE; i++) largest = Math.max(largest, Math.abs(matrix[i * SIZE + i]!));
  const cut = largest * SIZE * Number.EPSILON;
  let form = 0;
  let rank = 0;
  for (let i = 0; i < SIZE; i++) {
    const eigenvalue = matrix[i * SIZE + i]!;
    if (Math.abs(eigenvalue) <= cut) continue;
    let projection = 0;
    for (let k = 0; k < SIZE; k++) projection += vectors[k * SIZE + i]! * g[k]!;
    form += projection ** 2 / eigenvalue;
    rank++;
  }
  return { form, rank };
}

/**
 * Epps-Singleton test of equal distributions by empirical characteristic functions, also for discrete data (J. Statist.
 * Comput. Simul. 26, 1986; small-sample correction of Goerg and Kaiser, Stata Journal 9, 2009).
 *
 * @param reference shape [m], at least 5 finite values; NaN and ±∞ are dropped
 * @param current shape [n], at least 5 finite values
 * @returns statistic W2 and p-value
 * @throws RangeError with fewer than five finite values in a sample, or when the pooled interquartile range is 0
 * @example
 * eppsSingleton([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 7]).pValue; // near 1
 */
export function eppsSingleton(reference: ArrayLike<number>, current: ArrayLike<number>): TestResult {
  const a = sortedFinite(reference);
  const b = sortedFinite(current);
  const [m, n] = [a.length, b.length];
  if (Math.min(m, n) < 5) throw new RangeError('Epps-Singleton: needs 5 finite values per sample');
  const pooled = new Float64Array(m + n);
  pooled.set(a);
  pooled.set(b, m);
  pooled.sort();
  const sigma = (quantileOfSorted(pooled, 0.75) - quantileOfSorted(pooled, 0.25)) / 2;
  if (!(sigma > 0)) throw new RangeError('Epps-Singleton: the pooled interquartile range is 0');
  const first = characteristicMoments(a, sigma);
  const second = characteristicMoments(b, sigma);
  const difference = first.mean.map((value, k) => value - second.mean[k]!);
  const covariance = first.covariance.map((value, k) => ((m + n) / m) * value + ((m + n) / n) * second.covariance[k]!);
  const { form, rank } = pseudoInverseForm(difference, covariance);
  const small = Math.max(m, n) < 25;
  const correction = small ? 1 / (1 + (m + n) ** -0.45 + 10.1 * (m ** -1.7 + n ** -1.7)) : 1;
  const statistic = Math.max(0, correction * (m + n) * form);
  return { statistic, pValue: chiSquareSf(statistic, rank) };
}
