import { sum } from '../sample/sum.ts';
import { checkLabels, checkPaired, checkProbabilities } from './check-input.ts';

const CLIP = 1e-15;

function checkForecast(metric: string, labels: ArrayLike<number>, probabilities: ArrayLike<number>): void {
  checkPaired(metric, labels, probabilities);
  checkLabels(metric, labels);
  checkProbabilities(metric, probabilities);
}

/**
 * Log loss of every row, −ln of the probability given to what happened, clipped to [1e-15, 1 − 1e-15].
 *
 * @param labels shape [n], 0 or 1
 * @param probabilities shape [n], of the positive class, in [0, 1]
 * @returns shape [n], nats
 * @throws RangeError on different lengths, no rows, other labels or probabilities outside [0, 1]
 * @example
 * logLossPerRow([1], [0.5]); // Float64Array [0.6931471805599453]
 */
export function logLossPerRow(labels: ArrayLike<number>, probabilities: ArrayLike<number>): Float64Array {
  checkForecast('log loss', labels, probabilities);
  const losses = new Float64Array(labels.length);
  for (let i = 0; i < losses.length; i++) {
    const p = Math.min(1 - CLIP, Math.max(CLIP, probabilities[i]!));
    losses[i] = labels[i] === 1 ? -Math.log(p) : -Math.log1p(-p);
  }
  return losses;
}

/**
 * Mean log loss (binary cross-entropy; Good, J. R. Statist. Soc. B 14, 1952), probabilities clipped to
 * [1e-15, 1 − 1e-15].
 *
 * @param labels shape [n], 0 or 1
 * @param probabilities shape [n], of the positive class, in [0, 1]
 * @returns nats per row
 * @throws RangeError on different lengths, no rows, other labels or probabilities outside [0, 1]
 * @example
 * logLoss([1, 0], [0.5, 0.5]); // 0.6931471805599453
 */
export function logLoss(labels: ArrayLike<number>, probabilities: ArrayLike<number>): number {
  return sum(logLossPerRow(labels, probabilities)) / labels.length;
}

/**
 * Brier score: mean squared error of the probabilities (Brier, Monthly Weather Review 78, 1950).
 *
 * @param labels shape [n], 0 or 1
 * @param probabilities shape [n], of the positive class, in [0, 1]
 * @returns value in [0, 1]
 * @throws RangeError on different lengths, no rows, other labels or probabilities outside [0, 1]
 * @example
 * brierScore([1, 0], [0.9, 0.2]); // 0.025
 */
export function brierScore(labels: ArrayLike<number>, probabilities: ArrayLike<number>): number {
  checkForecast('Brier score', labels, probabilities);
  let total = 0;
  for (let i = 0; i < labels.length; i++) total += (probabilities[i]! - labels[i]!) ** 2;
  return total / labels.length;
}
