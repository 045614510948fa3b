import { logBeta, logGamma } from './log-gamma.ts';

/**
 * Upper tail of Kolmogorov's limiting distribution, 2 Σ (−1)^(k−1) e^(−2k²x²), by its theta-function form for small x
 * (Feller, Ann. Math. Statist. 19, 1948).
 *
 * @param x √n · D, at least 0
 * @returns P(K > x)
 * @example
 * kolmogorovSf(1.3580986393225505); // 0.05
 */
export function kolmogorovSf(x: number): number {
  if (!(x > 0)) return 1;
  if (x < 1) {
    const factor = (-Math.PI * Math.PI) / (8 * x * x);
    let total = 0;
    for (let k = 1; k <= 19; k += 2) total += Math.exp(factor * k * k);
    return 1 - (Math.sqrt(2 * Math.PI) / x) * total;
  }
  let total = 0;
  for (let k = 1; k <= 8; k++) total += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * x * x);
  return total;
}

/**
 * One-sided P(D⁺ ≥ d) of n points (Smirnov 1944): d Σ C(n, j) (d + j/n)^(j−1) (1 − d − j/n)^(n−j); all terms positive.
 */
function smirnovSf(n: number, d: number): number {
  let total = 0;
  const last = Math.floor(n * (1 - d));
  for (let j = 0; j <= last; j++) {
    const rest = 1 - d - j / n;
    if (rest <= 0 && j < n) continue;
    const choose = -logBeta(j + 1, n - j + 1) - Math.log(n + 1);
    const log = choose + (j - 1) * Math.log(d + j / n) + (n === j ? 0 : (n - j) * Math.log(rest));
    total += Math.exp(log);
  }
  return Math.min(1, d * total);
}

function multiply(a: Float64Array, b: Float64Array, m: number): Float64Array {
  const product = new Float64Array(m * m);
  for (let i = 0; i < m; i++) {
    for (let k = 0; k < m; k++) {
      const factor = a[i * m + k]!;
      if (factor === 0) continue;
      for (let j = 0; j < m; j++) product[i * m + j]! += factor * b[k * m + j]!;
    }
  }
  return product;
}

/** Durbin's matrix of order 2k − 1 for d = (k − h) / n. */
function durbinMatrix(k: number, h: number): Float64Array {
  const m = 2 * k - 1;
  const matrix = new Float64Array(m * m);
  for (let i = 0; i < m; i++) for (let j = 0; j <= Math.min(i + 1, m - 1); j++) matrix[i * m + j] = 1;
  for (let i = 0; i < m; i++) {
    matrix[i * m]! -= h ** (i + 1);
    matrix[(m - 1) * m + i]! -= h ** (m - i);
  }
  if (2 * h - 1 > 0) matrix[(m - 1) * m]! += (2 * h - 1) ** m;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j <= i; j++) matrix[i * m + j]! /= Math.exp(logGamma(i - j + 2));
  }
  return matrix;
}

/** P(D < d) exactly, as an element of the n-th power of Durbin's matrix (Marsaglia, Tsang and Wang, JSS 8, 2003). */
function durbinCdf(n: number, d: number): number {
  const k = Math.ceil(n * d);
  const m = 2 * k - 1;
  let base = durbinMatrix(k, k - n * d);
  let power: Float64Array = new Float64Array(m * m);
  for (let i = 0; i < m; i++) power[i * m + i] = 1;
  let baseExponent = 0;
  let exponent = 0;
  const centre = (k - 1) * m + (k - 1);
  for (let bits = n; bits > 0; bits = Math.floor(bits / 2)) {
    if (bits % 2 === 1) {
      power = multiply(power, base, m);
      exponent += baseExponent;
    }
    base = multiply(base, base, m);
    baseExponent *= 2;
    if (base[centre]! > 1e140) {
      for (let i = 0; i < base.length; i++) base[i]! *= 1e-140;
      baseExponent += 140;
    }
    if (power[centre]! > 1e140) {
      for (let i = 0; i < power.length; i++) power[i]! *= 1e-140;
      exponent += 140;
    }
  }
  const logFactor = logGamma(n + 1) - n * Math.log(n) + exponent * Math.LN10;
  return power[centre]! * Math.exp(logFactor);
}

/** P(D ≤ d) by the expansion of Pelz and Good in powers of n^(−½) (J. R. Statist. Soc. B 38, 1976). */
function pelzGoodCdf(n: number, d: number): number {
  const z = Math.sqrt(n) * d;
  const z2 = z * z;
  const z4 = z2 * z2;
  const z6 = z4 * z2;
  const pi2 = Math.PI * Math.PI;
  let [k0, k1, k2, k3, extra2, extra3] = [0, 0, 0, 0, 0, 0];
  for (let k = 30; k >= 0; k--) {
    // The half-odd sums run over all integers: both signs count, hence the factor 2.
    const half = (k + 0.5) ** 2 * pi2;
    const weight = 2 * Math.exp(-half / (2 * z2));
    k0 += weight;
    k1 += weight * (half - z2);
    k2 += weight * (6 * z6 + 2 * z4 + half * (2 * z4 - 5 * z2) + half * half * (1 - 2 * z2));
    k3 +=
      weight *
      (-30 * z6 -
        90 * z6 * z2 +
        half * (135 * z4 - 96 * z6) +
        half * half * (-60 * z2 + 212 * z4) +
        half ** 3 * (5 - 30 * z2));
    const whole = k * k * pi2;
    const wholeWeight = 2 * Math.exp(-whole / (2 * z2));
    extra2 += wholeWeight * whole;
    extra3 += wholeWeight * (3 * whole * z2 - whole * whole);
  }
  const root = Math.sqrt(Math.PI / 2);
  const first = (root / z) * k0;
  const second = (root / (6 * z4)) * k1;
  const third = (root / (72 * z6 * z)) * k2 - (root / (36 * z2 * z)) * extra2;
  const fourth = (root / (6480 * z6 * z4)) * k3 + (root / (216 * z6)) * extra3;
  return first + second / Math.sqrt(n) + third / n + fourth / n ** 1.5;
}

/** P(D ≤ d) where d · n ≤ 1: n! (2d − 1/n)^n (Ruben and Gambino 1982). */
function smallestCdf(n: number, t: number): number {
  return t <= 0.5 ? 0 : Math.exp(logGamma(n + 1) + n * Math.log((2 * t - 1) / n));
}

/**
 * Upper tail of the two-sided Kolmogorov statistic D of one sample of n points, choosing among exact and asymptotic
 * formulas as Simard and L'Ecuyer recommend (JSS 39/11, 2011).
 *
 * @param n sample size, whole number of at least 1
 * @param d statistic in [0, 1]
 * @returns P(D > d)
 * @throws RangeError when n is not a whole number of at least 1
 * @example
 * kolmogorovFiniteSf(10, 0.6); // 0.000568167200...
 */
export function kolmogorovFiniteSf(n: number, d: number): number {
  if (!(Number.isInteger(n) && n >= 1)) throw new RangeError(`kolmogorov: n must be a whole number ≥ 1, got ${n}`);
  if (d <= 0) return 1;
  if (d >= 1) return 0;
  const t = n * d;
  const scaled = t * d;
  if (t <= 1) return 1 - smallestCdf(n, t);
  if (t >= n - 1) return 2 * (1 - d) ** n;
  if (d >= 0.5) return 2 * smirnovSf(n, d);
  if (scaled >= (n <= 140 ? 4 : 2.2)) return scaled >= 370 ? 0 : Math.min(1, 2 * smirnovSf(n, d));
  const exact = n <= 140 || (n <= 100_000 && n * d ** 1.5 <= 1.4);
  const below = exact ? durbinCdf(n, d) : pelzGoodCdf(n, d);
  return Math.min(1, Math.max(0, 1 - below));
}

/** Greatest common divisor of whole numbers. */
function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}

/**
 * Upper tail of the two-sample Kolmogorov statistic, exactly: the share of lattice paths from (0, 0) to (m, n) that
 * leave the band |i/m − j/n| < d. The recursion of Viehmann (arXiv 2102.08037) only adds positive terms, so tiny tails
 * keep their relative accuracy. O(m n) time inside the band, O(n) memory; without ties.
 *
 * @param m size of the first sample, whole number of at least 1
 * @param n size of the second sample, whole number of at least 1
 * @param d statistic in [0, 1], a multiple of 1 / lcm(m, n) up to rounding
 * @returns P(D ≥ d)
 * @throws RangeError when a size is not a whole number of at least 1
 * @example
 * kolmogorovTwoSampleSf(3, 3, 1); // 0.1
 */
export function kolmogorovTwoSampleSf(m: number, n: number, d: number): number {
  if (!(Number.isInteger(m) && Number.isInteger(n) && m >= 1 && n >= 1)) {
    throw new RangeError(`kolmogorov: sample sizes must be whole numbers ≥ 1, got ${m} and ${n}`);
  }
  const divisor = commonDivisor(m, n);
  const perRow = n / divisor;
  const perColumn = m / divisor;
  const limit = Math.round(d * perRow * m);
  if (limit <= 0) return 1;
  const outside = new Float64Array(n + 1).fill(1);
  outside[0] = 0;
  for (let j = 1; j <= n && j * perColumn < limit; j++) outside[j] = 0;
  for (let i = 1; i <= m; i++) {
    const height = i * perRow;
    const from = Math.max(0, Math.floor((height - limit) / perColumn) + 1);
    const to = Math.min(n, Math.ceil((height + limit) / perColumn) - 1);
    if (from > 0) outside[from - 1] = 1;
    let left = from > 0 ? 1 : 0;
    for (let j = from; j <= to; j++) {
      left = j === 0 ? outside[0]! : (i * outside[j]! + j * left) / (i + j);
      outside[j] = left;
    }
  }
  return outside[n]!;
}
