/** Where each feature's bins lie inside a histogram of (gradient, hessian, row count) triples. */
export interface HistogramLayout {
  /** First bin of each feature, and after the last feature the number of all bins. */
  readonly offsets: Int32Array;
}

/** Lays out one bin per code and one for missing values, feature after feature. */
export function layoutHistogram(cuts: readonly Float32Array[]): HistogramLayout {
  const offsets = new Int32Array(cuts.length + 1);
  for (const [f, own] of cuts.entries()) offsets[f + 1] = offsets[f]! + own.length + 2;
  return { offsets };
}

/**
 * Adds the rows `index[begin..end)` to one feature's bins. `gradient` and `hessian` are in the order of `index`, their
 * first entry belonging to `index[begin]`.
 */
export function addRowsToHistogram(
  histogram: Float64Array,
  offset: number,
  codes: Uint8Array,
  index: Uint32Array,
  begin: number,
  end: number,
  gradient: Float64Array,
  hessian: Float64Array,
): void {
  for (let i = begin, j = 0; i < end; i++, j++) {
    const k = (offset + codes[index[i]!]!) * 3;
    histogram[k]! += gradient[j]!;
    histogram[k + 1]! += hessian[j]!;
    histogram[k + 2]! += 1;
  }
}

/** Turns the histogram of a node into that of one child by taking away the other child's. */
export function subtractHistogram(parent: Float64Array, child: Float64Array): void {
  for (let k = 0; k < parent.length; k++) parent[k]! -= child[k]!;
}
