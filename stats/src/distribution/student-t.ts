import { regularizedBeta } from './incomplete-beta.ts';

function halfTail(t: number, degreesOfFreedom: number): number {
  if (!(degreesOfFreedom > 0)) {
    throw new RangeError(`student t: degrees of freedom must be positive, got ${degreesOfFreedom}`);
  }
  if (Number.isNaN(t)) return Number.NaN;
  if (!Number.isFinite(t)) return 0;
  const square = t * t;
  const sum = degreesOfFreedom + square;
  return 0.5 * regularizedBeta(degreesOfFreedom / 2, 0.5, degreesOfFreedom / sum, square / sum);
}

/**
 * Distribution function of Student's t (DLMF 8.17 with x = ν / (ν + t²)).
 *
 * @param t any number
 * @param degreesOfFreedom positive number, need not be whole
 * @returns P(T ≤ t)
 * @throws RangeError when the degrees of freedom are not positive
 * @example
 * studentTCdf(1, 1); // 0.75
 */
export function studentTCdf(t: number, degreesOfFreedom: number): number {
  const tail = halfTail(t, degreesOfFreedom);
  return t > 0 ? 1 - tail : tail;
}

/**
 * Upper tail of Student's t.
 *
 * @param t any number
 * @param degreesOfFreedom positive number, need not be whole
 * @returns P(T > t)
 * @throws RangeError when the degrees of freedom are not positive
 * @example
 * studentTSf(1, 1); // 0.25
 */
export function studentTSf(t: number, degreesOfFreedom: number): number {
  return studentTCdf(-t, degreesOfFreedom);
}

/**
 * Two-sided p-value of a t statistic.
 *
 * @param t any number
 * @param degreesOfFreedom positive number, need not be whole
 * @returns P(|T| ≥ |t|)
 * @throws RangeError when the degrees of freedom are not positive
 * @example
 * studentTTwoSidedP(1, 1); // 0.5
 */
export function studentTTwoSidedP(t: number, degreesOfFreedom: number): number {
  return 2 * halfTail(t, degreesOfFreedom);
}

/**
 * Quantile of Student's t, by a safeguarded Newton iteration on the distribution function.
 *
 * @param p probability in (0, 1)
 * @param degreesOfFreedom positive number, need not be whole
 * @returns t with P(T ≤ t) = p
 * @throws RangeError when an argument is outside its domain
 * @example
 * studentTQuantile(0.975, 10); // 2.228138851986275
 */
export function studentTQuantile(p: number, degreesOfFreedom: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`studentTQuantile: p must be in (0, 1), got ${p}`);
  if (p === 0.5) return 0;
  const tail = Math.min(p, 1 - p);
  let low = 0;
  let high = 1;
  while (halfTail(high, degreesOfFreedom) > tail) high *= 2;
  for (let step = 0; step < 200 && high - low > 1e-15 * high; step++) {
    const middle = (low + high) / 2;
    if (halfTail(middle, degreesOfFreedom) > tail) low = middle;
    else high = middle;
  }
  return p < 0.5 ? -(low + high) / 2 : (low + high) / 2;
}
