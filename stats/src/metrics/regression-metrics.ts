import { mean, sum } from '../sample/sum.ts';
import { checkNumbers, checkPaired } from './check-input.ts';

function checkRegression(metric: string, actual: ArrayLike<number>, predicted: ArrayLike<number>): void {
  checkPaired(metric, actual, predicted);
  checkNumbers(metric, actual);
  checkNumbers(metric, predicted);
}

/**
 * Squared error of every row.
 *
 * @param actual shape [n]
 * @param predicted shape [n]
 * @returns shape [n], squared unit of the values
 * @throws RangeError on different lengths, no rows or NaN
 * @example
 * squaredErrorPerRow([1, 2], [3, 2]); // Float64Array [4, 0]
 */
export function squaredErrorPerRow(actual: ArrayLike<number>, predicted: ArrayLike<number>): Float64Array {
  checkRegression('squared error', actual, predicted);
  const losses = new Float64Array(actual.length);
  for (let i = 0; i < losses.length; i++) losses[i] = (predicted[i]! - actual[i]!) ** 2;
  return losses;
}

/**
 * Absolute error of every row.
 *
 * @param actual shape [n]
 * @param predicted shape [n]
 * @returns shape [n], in the unit of the values
 * @throws RangeError on different lengths, no rows or NaN
 * @example
 * absoluteErrorPerRow([1, 2], [3, 2]); // Float64Array [2, 0]
 */
export function absoluteErrorPerRow(actual: ArrayLike<number>, predicted: ArrayLike<number>): Float64Array {
  checkRegression('absolute error', actual, predicted);
  const losses = new Float64Array(actual.length);
  for (let i = 0; i < losses.length; i++) losses[i] = Math.abs(predicted[i]! - actual[i]!);
  return losses;
}

/**
 * Mean error, predicted − actual: the bias.
 *
 * @param actual shape [n]
 * @param predicted shape [n]
 * @returns in the unit of the values
 * @throws RangeError on different lengths, no rows or NaN
 * @example
 * meanError([1, 2], [3, 2]); // 1
 */
export function meanError(actual: ArrayLike<number>, predicted: ArrayLike<number>): number {
  checkRegression('mean error', actual, predicted);
  return mean(predicted) - mean(actual);
}

/**
 * Mean absolute error.
 *
 * @param actual shape [n]
 * @param predicted shape [n]
 * @returns in the unit of the values
 * @throws RangeError on different lengths, no rows or NaN
 * @example
 * meanAbsoluteError([1, 2], [3, 2]); // 1
 */
export function meanAbsoluteError(actual: ArrayLike<number>, predicted: ArrayLike<number>): number {
  return sum(absoluteErrorPerRow(actual, predicted)) / actual.length;
}

/**
 * Root of the mean squared error.
 *
 * @param actual shape [n]
 * @param predicted shape [n]
 * @returns in the unit of the values
 * @throws RangeError on different lengths, no rows or NaN
 * @example
 * rootMeanSquaredError([1, 2], [3, 2]); // 1.4142135623730951
 */
export function rootMeanSquaredError(actual: ArrayLike<number>, predicted: ArrayLike<number>): number {
  return Math.sqrt(sum(squaredErrorPerRow(actual, predicted)) / actual.length);
}

/**
 * Coefficient of determination 1 − Σ(y − ŷ)² / Σ(y − ȳ)² (Kvålseth, Amer. Statist. 39, 1985, R²₁).
 *
 * @param actual shape [n]
 * @param predicted shape [n]
 * @returns at most 1; NaN when the actual values are constant
 * @throws RangeError on different lengths, no rows or NaN
 * @example
 * rSquared([1, 2, 3], [1, 2, 4]); // 0.5
 */
export function rSquared(actual: ArrayLike<number>, predicted: ArrayLike<number>): number {
  const residual = sum(squaredErrorPerRow(actual, predicted));
  const centre = mean(actual);
  let total = 0;
  for (let i = 0; i < actual.length; i++) total += (actual[i]! - centre) ** 2;
  return total > 0 ? 1 - residual / total : Number.NaN;
}

/**
 * Quantile (pinball) loss, the mean of max(q (y − ŷ), (q − 1)(y − ŷ)) (Koenker and Bassett, Econometrica 46, 1978).
 *
 * @param actual shape [n]
 * @param predicted shape [n], predicted q-quantile
 * @param q quantile in (0, 1)
 * @returns in the unit of the values
 * @throws RangeError on different lengths, no rows, NaN or q outside (0, 1)
 * @example
 * quantileLoss([10, 10], [8, 12], 0.9); // (1.8 + 0.2) / 2 = 1
 */
export function quantileLoss(actual: ArrayLike<number>, predicted: ArrayLike<number>, q: number): number {
  checkRegression('quantile loss', actual, predicted);
  if (!(q > 0 && q < 1)) throw new RangeError(`quantile loss: q must be in (0, 1), got ${q}`);
  let total = 0;
  for (let i = 0; i < actual.length; i++) {
    const error = actual[i]! - predicted[i]!;
    total += error >= 0 ? q * error : (q - 1) * error;
  }
  return total / actual.length;
}
