/** A histogram holds (gradient, hessian, row count) for each bin of each column; this is the number of all bins. */
export function countBins(cuts: readonly Float32Array[]): number {
  return cuts.reduce((sum, own) => sum + binsOf(own), 0);
}

/** Bins of a column: one per value code and one for missing values. */
export function binsOf(cuts: Float32Array): number {
  return cuts.length + 2;
}

/** Codes of a column and where its bins begin. */
export interface HistogramColumn {
  readonly codes: Uint8Array;
  readonly offset: number;
}

/**
 * Rows `index[begin..end)` with their derivatives, (gradient, hessian) in turn: the first pair belongs to
 * `index[begin]`.
 */
export interface GradientRows {
  readonly index: Uint32Array;
  readonly ordered: Float64Array;
}

/** Adds rows to the bins of the columns; what the bins held before stays in the sums. */
export function addRowsToHistogram(
  histogram: Float64Array,
  columns: readonly HistogramColumn[],
  rows: GradientRows,
  begin: number,
  end: number,
): void {
  const fours = columns.length - (columns.length % 4);
  for (let f = 0; f < fours; f += 4) {
    addFour(histogram, columns[f]!, columns[f + 1]!, columns[f + 2]!, columns[f + 3]!, rows, begin, end);
  }
  for (let f = fours; f < columns.length; f++) addOne(histogram, columns[f]!, rows, begin, end);
}

// Four columns per pass read the index and the gradients once and keep four independent chains of additions going:
// about half the time of one column per pass.
function addFour(
  histogram: Float64Array,
  { codes: codesA, offset: offsetA }: HistogramColumn,
  { codes: codesB, offset: offsetB }: HistogramColumn,
  { codes: codesC, offset: offsetC }: HistogramColumn,
  { codes: codesD, offset: offsetD }: HistogramColumn,
  { index, ordered }: GradientRows,
  begin: number,
  end: number,
): void {
  for (let i = begin, j = 0; i < end; i++, j += 2) {
    const row = index[i]!;
    const g = ordered[j]!;
    const h = ordered[j + 1]!;
    const a = (offsetA + codesA[row]!) * 3;
    histogram[a]! += g;
    histogram[a + 1]! += h;
    histogram[a + 2]! += 1;
    const b = (offsetB + codesB[row]!) * 3;
    histogram[b]! += g;
    histogram[b + 1]! += h;
    histogram[b + 2]! += 1;
    const c = (offsetC + codesC[row]!) * 3;
    histogram[c]! += g;
    histogram[c + 1]! += h;
    histogram[c + 2]! += 1;
    const d = (offsetD + codesD[row]!) * 3;
    histogram[d]! += g;
    histogram[d + 1]! += h;
    histogram[d + 2]! += 1;
  }
}

function addOne(
  histogram: Float64Array,
  { codes, offset }: HistogramColumn,
  { index, ordered }: GradientRows,
  begin: number,
  end: number,
): void {
  for (let i = begin, j = 0; i < end; i++, j += 2) {
    const k = (offset + codes[index[i]!]!) * 3;
    histogram[k]! += ordered[j]!;
    histogram[k + 1]! += ordered[j + 1]!;
    histogram[k + 2]! += 1;
  }
}

/** Copies the derivatives of the rows `index[begin..end)` together, so that each column's pass reads them in order. */
export function gatherGradients(derivatives: Float64Array, rows: GradientRows, begin: number, end: number): void {
  const { index, ordered } = rows;
  for (let i = begin, j = 0; i < end; i++, j += 2) {
    const from = index[i]! * 2;
    ordered[j] = derivatives[from]!;
    ordered[j + 1] = derivatives[from + 1]!;
  }
}

/** Turns the histogram of a node into that of one child by taking away the other child's. */
export function subtractHistogram(parent: Float64Array, child: Float64Array): void {
  for (let k = 0; k < parent.length; k++) parent[k]! -= child[k]!;
}
