import { ascendingOrder } from '../sample/ranks.ts';
import { checkLabels, checkNumbers, checkPaired, checkProbabilities } from './check-input.ts';

function checkRanking(
  metric: string,
  labels: ArrayLike<number>,
  scores: ArrayLike<number>,
  weights?: ArrayLike<number>,
): void {
  checkPaired(metric, labels, scores);
  checkLabels(metric, labels);
  checkNumbers(metric, scores);
  if (weights === undefined) return;
  checkPaired(metric, labels, weights);
  for (let i = 0; i < weights.length; i++) {
    if (!(weights[i]! >= 0)) throw new RangeError(`${metric}: weight ${i} must be at least 0, got ${weights[i]}`);
  }
}

/**
 * Area under the ROC curve: the probability that a positive scores above a negative, ties counting one half (the
 * Mann-Whitney form; Hanley and McNeil, Radiology 143, 1982).
 *
 * @param labels shape [n], 0 or 1
 * @param scores shape [n], higher for positives
 * @param weights shape [n], at least 0; default 1 each
 * @returns area in [0, 1]; NaN when a class is missing
 * @throws RangeError on different lengths, no rows, other labels, NaN scores or negative weights
 * @example
 * areaUnderRoc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]); // 0.75
 */
export function areaUnderRoc(
  labels: ArrayLike<number>,
  scores: ArrayLike<number>,
  weights?: ArrayLike<number>,
): number {
  checkRanking('area under ROC', labels, scores, weights);
  const weightOf = (row: number): number => (weights === undefined ? 1 : weights[row]!);
  return weightedArea(
    scores,
    (row) => labels[row]! * weightOf(row),
    (row) => (1 - labels[row]!) * weightOf(row),
  );
}

/** Area when every row carries some positive and some negative weight. */
function weightedArea(
  scores: ArrayLike<number>,
  positiveWeight: (row: number) => number,
  negativeWeight: (row: number) => number,
): number {
  const order = ascendingOrder(scores);
  let negatives = 0;
  let positives = 0;
  let area = 0;
  for (let start = 0; start < order.length; ) {
    const score = scores[order[start]!]!;
    let tiedNegatives = 0;
    let tiedPositives = 0;
    let end = start;
    for (; end < order.length && scores[order[end]!] === score; end++) {
      tiedPositives += positiveWeight(order[end]!);
      tiedNegatives += negativeWeight(order[end]!);
    }
    area += tiedPositives * (negatives + tiedNegatives / 2);
    positives += tiedPositives;
    negatives += tiedNegatives;
    start = end;
  }
  return positives > 0 && negatives > 0 ? area / (positives * negatives) : Number.NaN;
}

/**
 * Expected area under the ROC curve without labels: each row counts as positive with its probability p and as negative
 * with 1 − p (CBPE; NannyML 0.13).
 *
 * @param scores shape [n], which order the rows
 * @param probabilities shape [n], calibrated probabilities of the positive class, in [0, 1]
 * @returns area in [0, 1]; NaN when a class is impossible
 * @throws RangeError on different lengths, no rows, NaN scores or probabilities outside [0, 1]
 * @example
 * expectedAreaUnderRoc([0.2, 0.8], [0, 1]); // 1
 */
export function expectedAreaUnderRoc(scores: ArrayLike<number>, probabilities: ArrayLike<number>): number {
  checkPaired('expected area under ROC', scores, probabilities);
  checkNumbers('expected area under ROC', scores);
  checkProbabilities('expected area under ROC', probabilities);
  return weightedArea(
    scores,
    (row) => probabilities[row]!,
    (row) => 1 - probabilities[row]!,
  );
}

/**
 * Average precision Σ (R_k − R_{k−1}) P_k over distinct thresholds in descending order: the area under the
 * precision-recall curve without interpolation (as scikit-learn defines it).
 *
 * @param labels shape [n], 0 or 1
 * @param scores shape [n], higher for positives
 * @returns value in [0, 1]; NaN without positives
 * @throws RangeError on different lengths, no rows, other labels or NaN scores
 * @example
 * averagePrecision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]); // 0.8333333333333333
 */
export function averagePrecision(labels: ArrayLike<number>, scores: ArrayLike<number>): number {
  checkRanking('average precision', labels, scores);
  const order = ascendingOrder(scores);
  let seen = 0;
  let hits = 0;
  let total = 0;
  for (let end = order.length - 1; end >= 0; ) {
    const score = scores[order[end]!]!;
    let tiedHits = 0;
    let start = end;
    for (; start >= 0 && scores[order[start]!] === score; start--) tiedHits += labels[order[start]!]!;
    seen += end - start;
    hits += tiedHits;
    total += (tiedHits * hits) / seen;
    end = start;
  }
  return hits > 0 ? total / hits : Number.NaN;
}
