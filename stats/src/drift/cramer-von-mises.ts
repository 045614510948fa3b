import { eachDistinct } from '../sample/each-distinct.ts';
import { sortedFinite } from '../sample/ranks.ts';
import type { TestResult } from './kolmogorov-smirnov.ts';

/** Result of a two-sample Cramér-von Mises test. */
export interface CvmResult extends TestResult {
  readonly method: 'exact' | 'asymptotic';
}

const EXACT_LIMIT = 20;
/** scipy drops the terms of the limiting series below this size; so p-values are good to about 1e-7 absolutely. */
const SERIES_LIMIT = 1e-7;

/** e^(−q) K_¼(q), by the trapezoidal rule on ∫ e^(−2q − q (cosh t − 1)) cosh(t/4) dt (DLMF 10.32.9). */
function scaledBesselK(q: number): number {
  const step = 0.125;
  let total = 0.5;
  for (let i = 1; ; i++) {
    const t = i * step;
    const decay = q * (Math.cosh(t) - 1);
    if (decay > 745) break;
    total += Math.exp(-decay) * Math.cosh(t / 4);
  }
  return step * total * Math.exp(-2 * q);
}

/** Limiting distribution function of the statistic (Anderson and Darling, Ann. Math. Statist. 23, 1952, eq. 4.35). */
function limitCdf(x: number): number {
  // Γ(k + ½) / Γ(k + 1), from √π at k = 0.
  let ratio = Math.sqrt(Math.PI);
  let total = 0;
  for (let k = 0; ; k++) {
    const y = 4 * k + 1;
    const term = (ratio / (Math.PI ** 1.5 * Math.sqrt(x))) * Math.sqrt(y) * scaledBesselK((y * y) / (16 * x));
    total += term;
    if (Math.abs(term) < SERIES_LIMIT) return total;
    ratio *= (k + 0.5) / (k + 1);
  }
}

function asymptoticP(statistic: number, m: number, n: number): number {
  const all = m + n;
  const expectation = (1 + 1 / all) / 6;
  const variance = ((all + 1) * (4 * m * n * all - 3 * (m * m + n * n) - 2 * m * n)) / (45 * all * all * 4 * m * n);
  const scaled = 1 / 6 + (statistic - expectation) / Math.sqrt(45 * variance);
  return scaled < 0.003 ? 1 : Math.min(1, Math.max(0, 1 - limitCdf(scaled)));
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/** Adds the paths that end in one point, by their ζ, to those of its neighbour. */
function extendPaths(from: Map<number, number> | undefined, to: Map<number, number>, square: number): void {
  if (from === undefined) return;
  for (const [zeta, count] of from) to.set(zeta + square, (to.get(zeta + square) ?? 0) + count);
}

/**
 * P(T ≥ t) by counting lattice paths by their value of ζ = Σ (i · lcm/m − j · lcm/n)² (Xiao, Gordon and Yakovlev,
 * JSS 17/8, 2006). Exact without ties.
 */
function exactP(u: number, m: number, n: number): number {
  const lcm = (m * n) / commonDivisor(m, n);
  const a = lcm / m;
  const b = lcm / n;
  const bound = Math.round((lcm * lcm * (m + n) * (6 * u - m * n * (4 * m * n - 1))) / (6 * (m * n) ** 2));
  let paths: Map<number, number>[] = [];
  for (let i = 0; i <= m; i++) {
    const row: Map<number, number>[] = [];
    for (let j = 0; j <= n; j++) {
      const here = i + j === 0 ? new Map([[0, 1]]) : new Map<number, number>();
      extendPaths(paths[j], here, (a * i - b * j) ** 2);
      extendPaths(row[j - 1], here, (a * i - b * j) ** 2);
      row.push(here);
    }
    paths = row;
  }
  let reached = 0;
  let all = 0;
  for (const [zeta, count] of paths[n]!) {
    all += count;
    if (zeta >= bound) reached += count;
  }
  return reached / all;
}

/** Σ (r_i − i)² and Σ (s_j − j)² with midranks r, s in the pooled sample; kept apart because each is exact. */
function rankSquares(a: Float64Array, b: Float64Array): [number, number] {
  let squaresA = 0;
  let squaresB = 0;
  eachDistinct(a, b, (_, fromA, toA, fromB, toB) => {
    const rank = (fromA + fromB + toA + toB + 1) / 2;
    for (let k = fromA; k < toA; k++) squaresA += (rank - k - 1) ** 2;
    for (let k = fromB; k < toB; k++) squaresB += (rank - k - 1) ** 2;
  });
  return [squaresA, squaresB];
}

/**
 * Two-sample Cramér-von Mises test (Anderson, Ann. Math. Statist. 33, 1962), with midranks for ties; exact up to 20
 * rows in each sample, from the limiting distribution above, as scipy does.
 *
 * @param reference shape [m]; NaN and ±∞ are dropped
 * @param current shape [n]; NaN and ±∞ are dropped
 * @param method default auto
 * @returns statistic T ≥ 0, p-value (asymptotically good to about 1e-7) and the method used
 * @throws RangeError with fewer than two finite values in a sample
 * @example
 * cramerVonMises([1, 2, 3], [4, 5, 6]).statistic; // 0.527777777...
 */
export function cramerVonMises(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  method: 'auto' | 'exact' | 'asymptotic' = 'auto',
): CvmResult {
  const a = sortedFinite(reference);
  const b = sortedFinite(current);
  const [m, n] = [a.length, b.length];
  if (Math.min(m, n) < 2) throw new RangeError('Cramér-von Mises: needs 2 finite values per sample');
  const [squaresA, squaresB] = rankSquares(a, b);
  const u = m * squaresA + n * squaresB;
  const statistic = u / (m * n * (m + n)) - (4 * m * n - 1) / (6 * (m + n));
  if (method === 'exact' || (method === 'auto' && Math.max(m, n) <= EXACT_LIMIT)) {
    return { statistic, pValue: exactP(u, m, n), method: 'exact' };
  }
  return { statistic, pValue: asymptoticP(statistic, m, n), method: 'asymptotic' };
}
