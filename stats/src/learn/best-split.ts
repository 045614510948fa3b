/** What a split must respect, and the L2 penalty in its gain. */
export interface SplitLimits {
  readonly lambda: number;
  readonly minRowsPerLeaf: number;
  readonly minHessian: number;
  readonly minGain: number;
}

/** The best split found so far; the grower keeps one and reuses it, so that searching allocates nothing. */
export class SplitCandidate {
  feature = -1;
  /** Rows whose code is at most `bin` go left. */
  bin = 0;
  missingLeft = false;
  gain = 0;
  /** What another split must gain to replace this one. */
  bar = 0;
  leftGradient = 0;
  leftHessian = 0;
  leftRows = 0;

  reset(minGain: number): void {
    this.feature = -1;
    this.gain = 0;
    this.bar = minGain;
  }
}

/**
 * Splits of equal gain differ by rounding that depends on the order of the rows. Within this margin they count as
 * equal, and the first wins.
 */
const tieMargin = 1 + 1e-10;

/** Totals of the node whose split is looked for. */
export class NodeTotals {
  gradient = 0;
  hessian = 0;
  rows = 0;
}

/**
 * Second-order gain of a split (Chen & Guestrin 2016, equation 7, without the factor 1/2):
 * `GL²/(HL+λ) + GR²/(HR+λ) − G²/(H+λ)`. Scans one feature of a histogram and keeps the candidate when it beats the one
 * held; missing values are tried on both sides. The first of equal splits wins.
 */
export function scanFeature(
  histogram: Float64Array,
  offset: number,
  valueBins: number,
  feature: number,
  totals: NodeTotals,
  limits: SplitLimits,
  best: SplitCandidate,
): void {
  const missing = (offset + valueBins) * 3;
  const hasMissing = histogram[missing + 2]! > 0;
  // With missing values present, "every value left, every missing right" is a split too.
  const lastBin = hasMissing ? valueBins : valueBins - 1;
  scanBins(histogram, offset, lastBin, feature, -1, totals, limits, best);
  if (hasMissing) scanBins(histogram, offset, valueBins - 1, feature, missing, totals, limits, best);
}

function scanBins(
  histogram: Float64Array,
  offset: number,
  lastBin: number,
  feature: number,
  missing: number,
  totals: NodeTotals,
  limits: SplitLimits,
  best: SplitCandidate,
): void {
  const { gradient, hessian, rows } = totals;
  const { lambda, minRowsPerLeaf, minHessian } = limits;
  const parent = (gradient * gradient) / (hessian + lambda);
  let leftGradient = missing < 0 ? 0 : histogram[missing]!;
  let leftHessian = missing < 0 ? 0 : histogram[missing + 1]!;
  let leftRows = missing < 0 ? 0 : histogram[missing + 2]!;
  for (let bin = 0, k = offset * 3; bin < lastBin; bin++, k += 3) {
    leftGradient += histogram[k]!;
    leftHessian += histogram[k + 1]!;
    leftRows += histogram[k + 2]!;
    if (rows - leftRows < minRowsPerLeaf) return;
    const rightHessian = hessian - leftHessian;
    if (leftRows < minRowsPerLeaf || leftHessian < minHessian || rightHessian < minHessian) continue;
    const rightGradient = gradient - leftGradient;
    const gain =
      (leftGradient * leftGradient) / (leftHessian + lambda) +
      (rightGradient * rightGradient) / (rightHessian + lambda) -
      parent;
    if (gain > best.bar) {
      best.feature = feature;
      best.bin = bin;
      best.missingLeft = missing >= 0;
      best.gain = gain;
      best.bar = gain * tieMargin;
      best.leftGradient = leftGradient;
      best.leftHessian = leftHessian;
      best.leftRows = leftRows;
    }
  }
}
