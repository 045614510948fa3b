/**
 * Sum with Neumaier's compensation (ZAMM 54, 1974): the error does not grow with the number of terms.
 *
 * @param values shape [n]
 * @returns Σ values; 0 for an empty array
 * @example
 * sum([1, 1e100, 1, -1e100]); // 2
 */
export function sum(values: ArrayLike<number>): number {
  let total = 0;
  let compensation = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const next = total + value;
    compensation += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  const result = total + compensation;
  return Number.isNaN(result) ? total : result;
}

/**
 * Arithmetic mean, from a compensated sum.
 *
 * @param values shape [n]
 * @returns mean, in the unit of the values; NaN for an empty array
 * @example
 * mean([1, 2, 6]); // 3
 */
export function mean(values: ArrayLike<number>): number {
  return sum(values) / values.length;
}

/**
 * Variance by the corrected two-pass algorithm (Chan, Golub and LeVeque, Amer. Statist. 37, 1983).
 *
 * @param values shape [n]
 * @param lostDegrees 1 for the sample variance, 0 for the population variance
 * @returns variance, in squared units; NaN when n ≤ lostDegrees
 * @example
 * variance([1, 2, 3, 4]); // 1.6666666666666667
 */
export function variance(values: ArrayLike<number>, lostDegrees: 0 | 1 = 1): number {
  const n = values.length;
  if (n <= lostDegrees) return Number.NaN;
  const centre = mean(values);
  let squares = 0;
  let residue = 0;
  for (let i = 0; i < n; i++) {
    const deviation = values[i]! - centre;
    squares += deviation * deviation;
    residue += deviation;
  }
  return (squares - (residue * residue) / n) / (n - lostDegrees);
}

/**
 * ln Σ exp(values), without overflow.
 *
 * @param values shape [n], natural logarithms
 * @returns natural logarithm of the sum; −∞ for an empty array
 * @example
 * logSumExp([Math.log(2), Math.log(3)]); // ln 5 = 1.6094379124341003
 */
export function logSumExp(values: ArrayLike<number>): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, values[i]!);
  if (!Number.isFinite(largest)) return largest;
  let total = 0;
  for (let i = 0; i < values.length; i++) total += Math.exp(values[i]! - largest);
  return largest + Math.log(total);
}
