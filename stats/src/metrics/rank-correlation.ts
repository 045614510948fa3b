import { midRanks } from '../sample/ranks.ts';

/**
 * Rank correlation (Spearman 1904): Pearson's correlation of the ranks, equal values sharing the mean of their ranks.
 *
 * @param a shape [n], without NaN
 * @param b shape [n], without NaN
 * @returns from −1 to 1; NaN when one of them has one value only
 * @throws RangeError when the lengths differ
 * @example
 * rankCorrelation([1, 2, 3, 4, 5], [5, 6, 7, 8, 7]); // 0.8207826816681233
 */
export function rankCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`rankCorrelation: ${a.length} and ${b.length} values`);
  const [x, y] = [midRanks(a), midRanks(b)];
  const mean = (a.length + 1) / 2;
  let [both, own, other] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [x[i]! - mean, y[i]! - mean];
    both += dx * dy;
    own += dx * dx;
    other += dy * dy;
  }
  return own === 0 || other === 0 ? Number.NaN : both / Math.sqrt(own * other);
}
