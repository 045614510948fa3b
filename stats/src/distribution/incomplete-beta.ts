import { devianceTerm, stirlingError } from './log-gamma.ts';

const TINY = 1e-300;

/** ln( x^a y^b / B(a, b) ) with y = 1 − x, by Loader's saddle-point form of the binomial probability. */
function logBetaPrefix(a: number, b: number, x: number, y: number): number {
  const n = a + b;
  const correction = stirlingError(n) - stirlingError(a) - stirlingError(b);
  const deviance = devianceTerm(a, n * x) + devianceTerm(b, n * y);
  return correction - deviance + 0.5 * Math.log(((a / n) * b) / (2 * Math.PI));
}

/** Continued fraction DLMF 8.17.22 by Lentz's method; takes O(√max(a, b)) steps. */
function betaFraction(a: number, b: number, x: number): number {
  let c = 1;
  let d = 1 - ((a + b) * x) / (a + 1);
  d = 1 / (Math.abs(d) < TINY ? TINY : d);
  let h = d;
  for (let m = 1; ; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 + even * d;
    d = 1 / (Math.abs(d) < TINY ? TINY : d);
    c = 1 + even / c;
    if (Math.abs(c) < TINY) c = TINY;
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 + odd * d;
    d = 1 / (Math.abs(d) < TINY ? TINY : d);
    c = 1 + odd / c;
    if (Math.abs(c) < TINY) c = TINY;
    const factor = d * c;
    h *= factor;
    if (Math.abs(factor - 1) < 3e-16) return h;
  }
}

/**
 * ln Iₓ(a, b), given both x and y = 1 − x so that neither tail loses digits.
 *
 * @param a positive number
 * @param b positive number
 * @param x number in [0, 1]
 * @param y 1 − x; pass it when it is known more exactly than by subtraction
 * @returns natural logarithm of the regularised incomplete beta function (−∞ at x = 0)
 * @throws RangeError when an argument is outside its domain
 * @example
 * logRegularizedBeta(2, 3, 0.5); // ln 0.6875 = -0.374693449441410
 */
export function logRegularizedBeta(a: number, b: number, x: number, y: number = 1 - x): number {
  if (!(a > 0 && b > 0)) throw new RangeError(`incomplete beta: a and b must be positive, got ${a} and ${b}`);
  if (!(x >= 0 && x <= 1)) throw new RangeError(`incomplete beta: x must be in [0, 1], got ${x}`);
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (y === 0) return 0;
  const prefix = logBetaPrefix(a, b, x, y);
  if (x <= (a + 1) / (a + b + 2)) return prefix + Math.log(betaFraction(a, b, x) / a);
  return Math.log1p(-Math.exp(prefix) * (betaFraction(b, a, y) / b));
}

/**
 * Regularised incomplete beta function Iₓ(a, b) (DLMF 8.17.2): the distribution function of Beta(a, b).
 *
 * @param a positive number
 * @param b positive number
 * @param x number in [0, 1]
 * @param y 1 − x; pass it when it is known more exactly than by subtraction
 * @returns Iₓ(a, b) in [0, 1]; the upper tail is `regularizedBeta(b, a, y, x)`
 * @throws RangeError when an argument is outside its domain
 * @example
 * regularizedBeta(2, 3, 0.5); // 0.6875
 */
export function regularizedBeta(a: number, b: number, x: number, y: number = 1 - x): number {
  if (!(a > 0 && b > 0)) throw new RangeError(`incomplete beta: a and b must be positive, got ${a} and ${b}`);
  if (!(x >= 0 && x <= 1)) throw new RangeError(`incomplete beta: x must be in [0, 1], got ${x}`);
  if (x === 0) return 0;
  if (y === 0) return 1;
  const prefix = Math.exp(logBetaPrefix(a, b, x, y));
  if (x <= (a + 1) / (a + b + 2)) return (prefix * betaFraction(a, b, x)) / a;
  return 1 - (prefix * betaFraction(b, a, y)) / b;
}

/** Solves Iₓ(a, b) = p for x known to be at most about ½: Newton steps kept inside a shrinking bracket. */
function lowerRoot(a: number, b: number, p: number): number {
  let low = 0;
  let high = 1;
  let x = Math.min(0.5, Math.max(1e-300, a / (a + b)));
  for (let step = 0; step < 2000; step++) {
    const error = regularizedBeta(a, b, x) - p;
    if (error === 0) return x;
    if (error > 0) high = x;
    else low = x;
    const slope = Math.exp(logBetaPrefix(a, b, x, 1 - x)) / (x * (1 - x));
    let next = x - error / slope;
    if (!(next > low && next < high)) next = low === 0 ? high / 16 : (low + high) / 2;
    if (next === 0 || Math.abs(next - x) <= 1e-16 * x || high - low <= 2e-16 * high) return next;
    x = next;
  }
  return x;
}

/**
 * Quantile of the Beta(a, b) distribution: the x with Iₓ(a, b) = p, by a safeguarded Newton iteration on DLMF 8.17.2.
 *
 * @param a positive number
 * @param b positive number
 * @param p probability in [0, 1]
 * @returns x in [0, 1]
 * @throws RangeError when an argument is outside its domain
 * @example
 * betaQuantile(2, 3, 0.6875); // 0.5
 */
export function betaQuantile(a: number, b: number, p: number): number {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`betaQuantile: p must be in [0, 1], got ${p}`);
  if (p === 0 || p === 1) return p;
  if (regularizedBeta(a, b, 0.5) >= p) return lowerRoot(a, b, p);
  return 1 - lowerRoot(b, a, 1 - p);
}
