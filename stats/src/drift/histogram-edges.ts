import { mean, variance } from '../sample/sum.ts';

/** Evenly spaced edges; the last is exactly `to`. */
function linearEdges(from: number, to: number, bins: number): Float64Array {
  const edges = new Float64Array(bins + 1);
  const step = (to - from) / bins;
  for (let i = 0; i < bins; i++) edges[i] = from + i * step;
  edges[bins] = to;
  return edges;
}

function edgesOfWidth(sorted: ArrayLike<number>, width: number): Float64Array {
  const first = sorted[0]!;
  const last = sorted[sorted.length - 1]!;
  if (first === last) return linearEdges(first - 0.5, last + 0.5, 1);
  return linearEdges(first, last, width > 0 ? Math.ceil((last - first) / width) : 1);
}

function checkSample(sorted: ArrayLike<number>): void {
  if (sorted.length === 0) throw new RangeError('histogram edges: no finite values');
}

/**
 * Histogram edges by Sturges' rule, range / (log₂ n + 1) (J. Amer. Statist. Assoc. 21, 1926), as numpy forms them.
 *
 * @param sorted shape [n], ascending finite values
 * @returns shape [bins + 1]; a constant sample gets one bin of width 1
 * @throws RangeError without values
 * @example
 * sturgesEdges([0, 1, 2, 3]); // Float64Array [0, 1, 2, 3]
 */
export function sturgesEdges(sorted: ArrayLike<number>): Float64Array {
  checkSample(sorted);
  const range = sorted[sorted.length - 1]! - sorted[0]!;
  return edgesOfWidth(sorted, range / (Math.log2(sorted.length) + 1));
}

/**
 * Histogram edges by Doane's rule, which adds bins for skewness (Amer. Statist. 30, 1976), as numpy forms them.
 *
 * @param sorted shape [n], ascending finite values
 * @returns shape [bins + 1]; a constant sample gets one bin of width 1
 * @throws RangeError without values
 * @example
 * doaneEdges([0, 1, 2, 3]).length;
 */
export function doaneEdges(sorted: ArrayLike<number>): Float64Array {
  checkSample(sorted);
  const n = sorted.length;
  const range = sorted[n - 1]! - sorted[0]!;
  const deviation = Math.sqrt(variance(sorted, 0));
  if (n <= 2 || !(deviation > 0)) return edgesOfWidth(sorted, 0);
  const centre = mean(sorted);
  let cubes = 0;
  for (let i = 0; i < n; i++) cubes += ((sorted[i]! - centre) / deviation) ** 3;
  const spread = Math.sqrt((6 * (n - 2)) / ((n + 1) * (n + 3)));
  return edgesOfWidth(sorted, range / (1 + Math.log2(n) + Math.log2(1 + Math.abs(cubes / n) / spread)));
}

/**
 * Counts of a sorted sample between edges; the last bin includes its upper edge, values outside are not counted.
 *
 * @param sorted shape [n], ascending
 * @param edges shape [bins + 1], ascending
 * @returns shape [bins]
 * @example
 * histogramOfSorted([0, 1, 2], [0, 1, 2]); // Float64Array [1, 2]
 */
export function histogramOfSorted(sorted: ArrayLike<number>, edges: ArrayLike<number>): Float64Array {
  const bins = edges.length - 1;
  const counts = new Float64Array(bins);
  let i = 0;
  while (i < sorted.length && sorted[i]! < edges[0]!) i++;
  for (let b = 0; b < bins; b++) {
    const start = i;
    const upper = edges[b + 1]!;
    while (i < sorted.length && (sorted[i]! < upper || (b === bins - 1 && sorted[i] === upper))) i++;
    counts[b] = i - start;
  }
  return counts;
}
