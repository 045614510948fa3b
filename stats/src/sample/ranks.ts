/**
 * Row numbers in ascending order of their values (NaN last).
 *
 * @param values shape [n]
 * @returns shape [n], row numbers
 * @example
 * ascendingOrder([30, 10, 20]); // Uint32Array [1, 2, 0]
 */
export function ascendingOrder(values: ArrayLike<number>): Uint32Array {
  const order = new Uint32Array(values.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  return order.sort((a, b) => compare(values[a]!, values[b]!));
}

function compare(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return 0;
  return (Number.isNaN(a) ? 1 : 0) - (Number.isNaN(b) ? 1 : 0);
}

/**
 * Ranks from 1, equal values sharing the mean of their ranks.
 *
 * @param values shape [n], without NaN
 * @returns shape [n], ranks
 * @example
 * midRanks([5, 1, 5]); // Float64Array [2.5, 1, 2.5]
 */
export function midRanks(values: ArrayLike<number>): Float64Array {
  const order = ascendingOrder(values);
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let i = start; i < end; i++) ranks[order[i]!] = (start + end + 1) / 2;
    start = end;
  }
  return ranks;
}

/**
 * The finite values of a sample in ascending order.
 *
 * @param values shape [n]; NaN and ±∞ are dropped
 * @returns sorted copy, shape [number of finite values]
 * @example
 * sortedFinite([3, Number.NaN, 1]); // Float64Array [1, 3]
 */
export function sortedFinite(values: ArrayLike<number>): Float64Array {
  const kept = new Float64Array(values.length);
  let n = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isFinite(value)) kept[n++] = value;
  }
  return kept.subarray(0, n).sort();
}

/**
 * Quantile of a sorted sample by linear interpolation (Hyndman and Fan's type 7, numpy's default).
 *
 * @param sorted shape [n], ascending
 * @param p probability in [0, 1]
 * @returns quantile in the unit of the values; NaN for an empty sample
 * @throws RangeError when p is outside [0, 1]
 * @example
 * quantileOfSorted([1, 2, 3, 4], 0.5); // 2.5
 */
export function quantileOfSorted(sorted: ArrayLike<number>, p: number): number {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`quantile: p must be in [0, 1], got ${p}`);
  const n = sorted.length;
  if (n === 0) return Number.NaN;
  const position = p * (n - 1);
  const below = Math.min(Math.floor(position), n - 1);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, n - 1)]!;
  const share = position - below;
  const step = high - low;
  // Interpolating from the nearer end keeps the result within [low, high], as numpy does.
  return share < 0.5 ? low + step * share : high - step * (1 - share);
}
