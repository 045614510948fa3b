import { ascendingOrder } from '../sample/ranks.ts';
import { checkLabels, checkPaired, checkProbabilities } from './check-input.ts';

/** How probabilities are grouped: bins of equal width on [0, 1], or of (nearly) equal numbers of rows. */
export type CalibrationBinning = 'equal-width' | 'equal-mass';

/** One group of a calibration curve. */
export interface CalibrationBin {
  /** Smallest and largest probability of the bin: its edges for equal width, its rows for equal mass. */
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
  readonly meanProbability: number;
  /** Share of positives among the rows. */
  readonly positiveShare: number;
}

/** Start of each bin in the ascending order of rows, and the end of the last. */
function boundaries(sorted: Float64Array, bins: number, binning: CalibrationBinning): Uint32Array {
  const starts = new Uint32Array(bins + 1);
  const n = sorted.length;
  let row = 0;
  for (let b = 1; b < bins; b++) {
    if (binning === 'equal-width') while (row < n && sorted[row]! <= b / bins) row++;
    else row = Math.round((b * n) / bins);
    starts[b] = row;
  }
  starts[bins] = n;
  return starts;
}

/**
 * Calibration curve (reliability diagram; Murphy and Winkler 1977; binning as in Guo et al., ICML 2017: bin b holds
 * ((b−1)/B, b/B], the first also 0).
 *
 * @param labels shape [n], 0 or 1
 * @param probabilities shape [n], of the positive class, in [0, 1]
 * @param options number of bins (default 10) and their kind (default equal width)
 * @returns the bins that hold rows, ascending
 * @throws RangeError on different lengths, no rows, other labels, probabilities outside [0, 1] or fewer than one bin
 * @example
 * calibrationCurve([0, 1], [0.2, 0.8], { bins: 2 });
 * // [{ lower: 0, upper: 0.5, count: 1, meanProbability: 0.2, positiveShare: 0 }, { lower: 0.5, upper: 1, … }]
 */
export function calibrationCurve(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  options: { readonly bins?: number; readonly binning?: CalibrationBinning } = {},
): CalibrationBin[] {
  const { bins = 10, binning = 'equal-width' } = options;
  checkPaired('calibration', labels, probabilities);
  checkLabels('calibration', labels);
  checkProbabilities('calibration', probabilities);
  if (!(Number.isInteger(bins) && bins >= 1)) throw new RangeError(`calibration: bins must be at least 1, got ${bins}`);
  const order = ascendingOrder(probabilities);
  const sorted = Float64Array.from(order, (row) => probabilities[row]!);
  const starts = boundaries(sorted, bins, binning);
  const curve: CalibrationBin[] = [];
  for (let b = 0; b < bins; b++) {
    const start = starts[b]!;
    const end = starts[b + 1]!;
    if (start === end) continue;
    let probability = 0;
    let positives = 0;
    for (let i = start; i < end; i++) {
      probability += sorted[i]!;
      positives += labels[order[i]!]!;
    }
    const count = end - start;
    curve.push({
      lower: binning === 'equal-width' ? b / bins : sorted[start]!,
      upper: binning === 'equal-width' ? (b + 1) / bins : sorted[end - 1]!,
      count,
      meanProbability: probability / count,
      positiveShare: positives / count,
    });
  }
  return curve;
}

/**
 * Expected calibration error Σ (n_b / n) |positive share − mean probability| (Naeini, Cooper and Hauskrecht, AAAI
 * 2015).
 *
 * @param labels shape [n], 0 or 1
 * @param probabilities shape [n], of the positive class, in [0, 1]
 * @param options number of bins (default 10) and their kind (default equal width)
 * @returns value in [0, 1]
 * @throws RangeError on different lengths, no rows, other labels, probabilities outside [0, 1] or fewer than one bin
 * @example
 * expectedCalibrationError([0, 1], [0.2, 0.8]); // 0.2
 */
export function expectedCalibrationError(
  labels: ArrayLike<number>,
  probabilities: ArrayLike<number>,
  options: { readonly bins?: number; readonly binning?: CalibrationBinning } = {},
): number {
  let total = 0;
  for (const bin of calibrationCurve(labels, probabilities, options)) {
    total += bin.count * Math.abs(bin.positiveShare - bin.meanProbability);
  }
  return total / labels.length;
}
