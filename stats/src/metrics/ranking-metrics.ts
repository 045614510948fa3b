import { ascendingOrder } from '../sample/ranks.ts';
import { checkLabels, checkNumbers, checkPaired } from './check-input.ts';

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
      const row = order[end]!;
      const weight = weights === undefined ? 1 : weights[row]!;
      if (labels[row] === 1) tiedPositives += weight;
      else tiedNegatives += weight;
    }
    area += tiedPositives * (negatives + tiedNegatives / 2);
    positives += tiedPositives;
    negatives += tiedNegatives;
    start = end;
  }
  return positives > 0 && negatives > 0 ? area / (positives * negatives) : Number.NaN;
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
