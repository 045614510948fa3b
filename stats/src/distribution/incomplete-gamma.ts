import { devianceTerm, stirlingError } from './log-gamma.ts';

const EPSILON = 1e-17;
const TINY = 1e-300;

/** x^a e^−x / Γ(a), by Loader's saddle-point form. */
function gammaPrefix(a: number, x: number): number {
  return Math.exp(-stirlingError(a) - devianceTerm(a, x)) * Math.sqrt(a / (2 * Math.PI));
}

function lowerSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; term > sum * EPSILON; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return sum;
}

/** Continued fraction DLMF 8.9.2 by Lentz's method. */
function upperFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1 / TINY;
  let d = 1 / b;
  let h = d;
  for (let i = 1; ; i++) {
    const an = -i * (i - a);
    b += 2;
    d = an * d + b;
    if (Math.abs(d) < TINY) d = TINY;
    c = b + an / c;
    if (Math.abs(c) < TINY) c = TINY;
    d = 1 / d;
    const factor = d * c;
    h *= factor;
    if (Math.abs(factor - 1) < 2e-16) return h;
  }
}

function check(a: number, x: number): void {
  if (!(a > 0)) throw new RangeError(`incomplete gamma: a must be positive, got ${a}`);
  if (!(x >= 0)) throw new RangeError(`incomplete gamma: x must be at least 0, got ${x}`);
}

/**
 * Regularised lower incomplete gamma function P(a, x) = γ(a, x) / Γ(a) (DLMF 8.2.4), by series or continued fraction.
 *
 * @param a positive number
 * @param x number ≥ 0
 * @returns P(a, x) in [0, 1]
 * @throws RangeError when an argument is outside its domain
 * @example
 * regularizedGammaP(1, 2); // 1 − e^−2 = 0.8646647167633873
 */
export function regularizedGammaP(a: number, x: number): number {
  check(a, x);
  if (x === 0) return 0;
  if (x === Number.POSITIVE_INFINITY) return 1;
  return x < a + 1 ? gammaPrefix(a, x) * lowerSeries(a, x) : 1 - gammaPrefix(a, x) * upperFraction(a, x);
}

/**
 * Regularised upper incomplete gamma function Q(a, x) = 1 − P(a, x), without cancellation in the tail.
 *
 * @param a positive number
 * @param x number ≥ 0
 * @returns Q(a, x) in [0, 1]
 * @throws RangeError when an argument is outside its domain
 * @example
 * regularizedGammaQ(1, 2); // e^−2 = 0.1353352832366127
 */
export function regularizedGammaQ(a: number, x: number): number {
  check(a, x);
  if (x === 0) return 1;
  if (x === Number.POSITIVE_INFINITY) return 0;
  return x < a + 1 ? 1 - gammaPrefix(a, x) * lowerSeries(a, x) : gammaPrefix(a, x) * upperFraction(a, x);
}

/**
 * Upper tail of the chi-square distribution.
 *
 * @param x statistic, at least 0
 * @param degreesOfFreedom positive number
 * @returns P(X > x)
 * @throws RangeError when an argument is outside its domain
 * @example
 * chiSquareSf(3.841458820694124, 1); // 0.05
 */
export function chiSquareSf(x: number, degreesOfFreedom: number): number {
  return regularizedGammaQ(degreesOfFreedom / 2, x / 2);
}

/**
 * Distribution function of the chi-square distribution.
 *
 * @param x statistic, at least 0
 * @param degreesOfFreedom positive number
 * @returns P(X ≤ x)
 * @throws RangeError when an argument is outside its domain
 * @example
 * chiSquareCdf(2, 2); // 1 − e^−1 = 0.6321205588285577
 */
export function chiSquareCdf(x: number, degreesOfFreedom: number): number {
  return regularizedGammaP(degreesOfFreedom / 2, x / 2);
}
