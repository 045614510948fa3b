import { checkLabels, checkNumbers, checkPaired } from './check-input.ts';

/** A binary confusion matrix; counts may be fractional when they are expectations. */
export interface ConfusionCounts {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
}

/** Rates of a confusion matrix; NaN where the denominator is zero. */
export interface ConfusionRates {
  readonly accuracy: number;
  readonly precision: number;
  readonly recall: number;
  readonly specificity: number;
  readonly f1: number;
}

/** Macro averages over classes; a class without denominator counts as 0. */
export interface MacroRates {
  readonly accuracy: number;
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/**
 * Confusion matrix when scores at or above the threshold are called positive.
 *
 * @param labels shape [n], 0 or 1
 * @param scores shape [n]
 * @param threshold in the unit of the scores; default 0.5
 * @returns counts of rows
 * @throws RangeError on different lengths, no rows, other labels or NaN scores
 * @example
 * confusionAt([1, 0, 1], [0.9, 0.6, 0.2]);
 * // { truePositives: 1, falsePositives: 1, falseNegatives: 1, trueNegatives: 0 }
 */
export function confusionAt(labels: ArrayLike<number>, scores: ArrayLike<number>, threshold = 0.5): ConfusionCounts {
  checkPaired('confusion', labels, scores);
  checkLabels('confusion', labels);
  checkNumbers('confusion', scores);
  let truePositives = 0;
  let falsePositives = 0;
  let positives = 0;
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    positives += label;
    if (scores[i]! < threshold) continue;
    truePositives += label;
    falsePositives += 1 - label;
  }
  return {
    truePositives,
    falsePositives,
    falseNegatives: positives - truePositives,
    trueNegatives: labels.length - positives - falsePositives,
  };
}

/**
 * Accuracy, precision, recall, specificity and F1 = 2 TP / (2 TP + FP + FN) (van Rijsbergen 1979) of a confusion
 * matrix.
 *
 * @param counts confusion matrix
 * @returns rates in [0, 1], NaN where the denominator is zero
 * @example
 * confusionRates({ truePositives: 1, falsePositives: 1, falseNegatives: 1, trueNegatives: 1 }).f1; // 0.5
 */
export function confusionRates(counts: ConfusionCounts): ConfusionRates {
  const { truePositives, falsePositives, falseNegatives, trueNegatives } = counts;
  const correct = truePositives + trueNegatives;
  return {
    accuracy: correct / (correct + falsePositives + falseNegatives),
    precision: truePositives / (truePositives + falsePositives),
    recall: truePositives / (truePositives + falseNegatives),
    specificity: trueNegatives / (trueNegatives + falsePositives),
    f1: (2 * truePositives) / (2 * truePositives + falsePositives + falseNegatives),
  };
}

/**
 * Share of rows whose score falls on the label's side of the threshold.
 *
 * @param labels shape [n], 0 or 1
 * @param scores shape [n]
 * @param threshold in the unit of the scores; default 0.5
 * @returns value in [0, 1]
 * @throws RangeError on different lengths, no rows, other labels or NaN scores
 * @example
 * accuracyAt([1, 0], [0.9, 0.6]); // 0.5
 */
export function accuracyAt(labels: ArrayLike<number>, scores: ArrayLike<number>, threshold = 0.5): number {
  return confusionRates(confusionAt(labels, scores, threshold)).accuracy;
}

/**
 * Confusion matrix of several classes.
 *
 * @param actual shape [n], class numbers 0 … classes − 1
 * @param predicted shape [n], class numbers 0 … classes − 1
 * @param classes number of classes
 * @returns shape [classes × classes], row = actual, column = predicted
 * @throws RangeError on different lengths, no rows or class numbers outside the range
 * @example
 * confusionMatrix([0, 1, 1], [0, 0, 1], 2); // Float64Array [1, 0, 1, 1]
 */
export function confusionMatrix(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): Float64Array {
  checkPaired('confusion matrix', actual, predicted);
  const matrix = new Float64Array(classes * classes);
  for (let i = 0; i < actual.length; i++) {
    const row = actual[i]!;
    const column = predicted[i]!;
    if (!(Number.isInteger(row) && Number.isInteger(column) && Math.min(row, column) >= 0 && row < classes)) {
      throw new RangeError(`confusion matrix: row ${i} has classes ${row} and ${column}, not in 0 … ${classes - 1}`);
    }
    if (column >= classes) throw new RangeError(`confusion matrix: row ${i} predicts ${column} of ${classes} classes`);
    matrix[row * classes + column]!++;
  }
  return matrix;
}

/**
 * Accuracy and macro-averaged precision, recall and F1 of a confusion matrix of several classes.
 *
 * @param matrix shape [classes × classes], row = actual, column = predicted
 * @param classes number of classes
 * @returns rates in [0, 1]
 * @example
 * macroRates(confusionMatrix([0, 1], [0, 1], 2), 2).f1; // 1
 */
export function macroRates(matrix: ArrayLike<number>, classes: number): MacroRates {
  let total = 0;
  let correct = 0;
  let [precision, recall, f1] = [0, 0, 0];
  for (let k = 0; k < classes; k++) {
    let actual = 0;
    let predicted = 0;
    for (let j = 0; j < classes; j++) {
      actual += matrix[k * classes + j]!;
      predicted += matrix[j * classes + k]!;
    }
    const hits = matrix[k * classes + k]!;
    total += actual;
    correct += hits;
    if (predicted > 0) precision += hits / predicted;
    if (actual > 0) recall += hits / actual;
    if (actual + predicted > 0) f1 += (2 * hits) / (actual + predicted);
  }
  return { accuracy: correct / total, precision: precision / classes, recall: recall / classes, f1: f1 / classes };
}
