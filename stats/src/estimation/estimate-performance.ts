import { checkPaired, checkProbabilities } from '../metrics/check-input.ts';
import { type ConfusionCounts, type ConfusionRates, confusionRates } from '../metrics/confusion.ts';
import { expectedAreaUnderRoc } from '../metrics/ranking-metrics.ts';

/** Performance expected from calibrated probabilities, without labels. */
export interface EstimatedPerformance extends ConfusionRates {
  /** Expected counts, fractional. */
  readonly counts: ConfusionCounts;
  readonly areaUnderRoc: number;
  /** Deviation of the realised accuracy from the estimate if the probabilities were exactly right: sampling only. */
  readonly accuracyDeviation: number;
}

/**
 * Confidence-based performance estimation (CBPE; NannyML 0.13): E[TP] = Σ p over ŷ = 1, E[FP] = Σ (1 − p) over ŷ = 1,
 * E[FN] = Σ p over ŷ = 0, E[TN] = Σ (1 − p) over ŷ = 0. It sees covariate shift only; concept drift and regions without
 * reference rows stay invisible, so never show it without its interval and the overlap with the reference.
 *
 * @param rows probabilities: shape [n], calibrated, of the positive class; predicted: shape [n], 0 or 1; scores: shape
 *   [n], the raw scores that order rows for the ROC curve (default: the probabilities)
 * @returns expected rates, counts and area; NaN where a denominator is zero
 * @throws RangeError on different lengths, no rows, probabilities outside [0, 1] or predictions other than 0 and 1
 * @example
 * estimatePerformance({ probabilities: [0.9, 0.2], predicted: [1, 0] }).accuracy; // 0.85
 */
export function estimatePerformance(rows: {
  readonly probabilities: ArrayLike<number>;
  readonly predicted: ArrayLike<number>;
  readonly scores?: ArrayLike<number>;
}): EstimatedPerformance {
  const { probabilities, predicted, scores = probabilities } = rows;
  checkPaired('performance estimate', probabilities, predicted);
  checkProbabilities('performance estimate', probabilities);
  let [truePositives, falsePositives, falseNegatives, trueNegatives, spread] = [0, 0, 0, 0, 0];
  for (let i = 0; i < probabilities.length; i++) {
    const p = probabilities[i]!;
    spread += p * (1 - p);
    if (predicted[i] === 1) {
      truePositives += p;
      falsePositives += 1 - p;
    } else if (predicted[i] === 0) {
      falseNegatives += p;
      trueNegatives += 1 - p;
    } else throw new RangeError(`performance estimate: prediction ${i} must be 0 or 1, got ${predicted[i]}`);
  }
  const counts = { truePositives, falsePositives, falseNegatives, trueNegatives };
  return {
    ...confusionRates(counts),
    counts,
    areaUnderRoc: expectedAreaUnderRoc(scores, probabilities),
    accuracyDeviation: Math.sqrt(spread) / probabilities.length,
  };
}
